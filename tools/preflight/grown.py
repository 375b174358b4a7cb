"""Check of what RDS changes by itself: minor versions and storage, which the file must not fall behind."""

from collections.abc import Iterator
from typing import Any

from tools.preflight.finding import Check, Context, Finding, fix, ok, standing

_INSTANCE = "AWS::RDS::DBInstance"


def databases(context: Context) -> Iterator[Finding]:
    """Compares the version and the storage of each deployed database with the file: RDS takes neither back.

    RDS upgrades minor versions in the maintenance window (`AutoMinorVersionUpgrade`) and grows storage up to `max_storage_gib`. A
    changed value of the file that lies below is refused, and the update of `data` is rolled back.
    """
    check, data = "deployed databases", context.settings.data
    instances = {id_: found for id_, (type_, found) in standing(context, "data").items() if type_ == _INSTANCE}
    behind = []
    for key, spec in (("catalogue", data.catalogue), ("identity", data.identity)):
        for name in (found for id_, found in instances.items() if id_.startswith(key.capitalize())):
            (instance,) = context.home("rds").describe_db_instances(DBInstanceIdentifier=name)["DBInstances"]
            at = f"aws rds describe-db-instances --region {context.settings.region} --db-instance-identifier {name}"
            behind += [
                fix(f"{check} {key}", told, f"{at}; then {advice}")
                for told, advice in _behind(instance, spec.version, spec.storage_gib, key)
            ]
    yield from behind or [ok(check, "RDS has neither upgraded nor grown past the file" if instances else "there is no stack data yet")]


def _behind(instance: Any, version: str, storage: int, key: str) -> Iterator[tuple[str, str]]:
    has, grown = instance["EngineVersion"], instance["AllocatedStorage"]
    if _numbers(has) > _numbers(version):
        yield f"RDS runs MySQL {has}, the file says {version}", f"write data.{key}.version: {has}"
    if grown > storage:
        yield f"RDS has grown to {grown} GiB, the file says {storage}", f"write data.{key}.storage_gib: {grown}"


def _numbers(version: str) -> list[int]:
    return [int(number) for number in version.split(".") if number.isdecimal()]


CHECKS = (Check(name="deployed databases", ask=databases),)

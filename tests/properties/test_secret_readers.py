"""docs/secrets.md matches templates, values and manifests: readers of each secret, and the way of a
new value.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache, cached_property

import pytest

from tests.charts.references import uses
from tests.charts.upstream import manifests_of
from tests.properties.secret_table import SERVICE, Row, lines, rows, way_to, ways
from tests.properties.secret_ways import (
    ANNOTATION,
    DAY,
    WAYS,
    handlers_that_keep_what_they_read,
    seconds,
)
from tools.checkout import ROOT
from tools.model.assembly import Assembly, Resource
from tools.model.cluster import RenderedCluster
from tools.model.holders import holders, roles_of
from tools.model.statements import statements_of
from tools.model.values import Json

SECRET = "AWS::SecretsManager::Secret"
INSTANCE = "AWS::RDS::DBInstance"
SCHEDULE = "AWS::SecretsManager::RotationSchedule"
MIGRATIONS = "task of the migrations"
"""Reader that is there once the owner of the catalogue has an image."""
OPERATOR = "pods external-secrets/external-secrets"
BY_HAND = "by hand"
RDS_DAYS = 7
"""Days between RDS's rotations of a master password (Amazon RDS user guide, password management
with Secrets Manager)."""

Give = Callable[[str], RenderedCluster]


@cache
def secrets(platform: Assembly) -> tuple[Resource, ...]:
    """Secrets of templates, and master secrets created by RDS."""
    return (
        *platform.some(SECRET),
        *(instance for instance in platform.some(INSTANCE) if instance["ManageMasterUserPassword"]),
    )


@cache
def row_of(platform: Assembly, secret: Resource) -> Row:
    """Row of a secret, with the service's name for the placeholder."""
    services = frozenset(name.replace("-", "") for name in platform.settings.services)
    found = [row for line in rows() if (row := line.of(secret.name, services))]
    assert len(found) == 1, f"{secret.name}: docs/secrets.md has {len(found)} lines for it"
    row = found[0]
    if secret.name in {
        f"data/CacheUsers{name.replace('-', '')}secret" for name in platform.settings.data.cache.own
    }:
        # Their client has moved; the user stays (stacks/caches.py).
        return replace(row, readers=frozenset({"data/CacheRotationFunction"}), releases=frozenset())
    return (
        row if platform.settings.migrated_by else replace(row, readers=row.readers - {MIGRATIONS})
    )


def arn_path(secret: Resource) -> str:
    return "MasterUserSecret.KmsKeyId" if secret.type == INSTANCE else "KmsKeyId"


def replaced(secret: Resource) -> str:
    """Rotation of a secret, in the words of the table."""
    if secret.type == INSTANCE:
        return f"by RDS, every {RDS_DAYS} days"
    for schedule in secret.platform.users_of(secret, SCHEDULE):
        return f"every {schedule['RotationRules.AutomaticallyAfterDays']} days"
    return BY_HAND if {"RotationOwner", "RotateBefore"} <= secret.tags.keys() else "never"


@cache
def readers(platform: Assembly) -> dict[Resource, set[str]]:
    """Principals that may read each secret, by IAM."""
    known = holders(platform)
    found: dict[Resource, set[str]] = {secret: set() for secret in secrets(platform)}
    by_hand = set(platform.settings.named_secrets.values())
    for statement in statements_of(platform):
        if statement.kind != "identity" or not statement.allows or statement.of_restored_databases:
            continue
        if statement.may("secretsmanager:GetSecretValue"):
            who = {known[role] for role in roles_of(statement)}
            for resource in statement.resources:
                if platform.text(statement.resource.stack, resource) in by_hand:
                    continue
                target = platform.target(statement.resource.stack, resource)
                assert target in found, (
                    f"{statement} reads {platform.text(statement.resource.stack, resource)}, which "
                    "is no secret here"
                )
                found[target] |= {"External Secrets" if name == OPERATOR else name for name in who}
    return found


@dataclass(frozen=True, eq=False)
class Cluster:
    """Readers of secrets in the cluster.

    Args:
        deployed: what is deployed to it.
    """

    deployed: RenderedCluster

    @cached_property
    def copies(self) -> dict[str, list[tuple[str, str]]]:
        """Namespace and name of the Kubernetes Secrets created from a secret, by the end of its
        ARN.
        """
        found: dict[str, list[tuple[str, str]]] = {}
        for _, external in self.deployed.of_kind("ExternalSecret"):
            metadata = external["metadata"]
            for entry in external["spec"]["data"]:
                found.setdefault(entry["remoteRef"]["key"].rpartition(":")[2], []).append(
                    (metadata["namespace"], metadata["name"])
                )
        return found

    @cached_property
    def users(self) -> dict[tuple[str, str], set[str]]:
        """Releases that name a Kubernetes Secret."""
        found: dict[tuple[str, str], set[str]] = {}
        for use in uses(self.deployed):
            if use.kind == "Secret":
                found.setdefault((use.namespace, use.name), set()).add(use.release)
        return found

    def releases(self, secret: Resource) -> set[str]:
        """Releases with pods that read a secret."""
        return self.releases_of(f"{secret.stack}.{secret.id}")

    def releases_of(self, end: str) -> set[str]:
        """Releases with pods that read the secret with this end of its ARN."""
        made = self.copies.get(end, [])
        return {release for copy in made for release in self.users.get(copy, set())}


def findings(platform: Assembly, cluster: Cluster) -> Iterator[str]:
    """Differences between the first table and the templates."""
    aliases = {
        alias.target("TargetKeyId"): alias["AliasName"].rpartition("/")[2]
        for alias in platform.some("AWS::KMS::Alias")
    }
    real = {name.replace("-", ""): name for name in platform.settings.services}
    for secret in secrets(platform):
        row = row_of(platform, secret)
        wanted = {
            f"tasks of {real.get(name[9:], name[9:])}" if name.startswith("tasks of ") else name
            for name in row.readers
        }
        if MIGRATIONS in wanted:
            wanted = wanted - {MIGRATIONS} | {
                f"tasks of {platform.settings.migrated_by}-migrations"
            }
        key = secret.target(arn_path(secret))
        for what, said, is_so in (
            ("its key", row.key, aliases.get(key)),
            ("who replaces it", row.replaced, replaced(secret)),
            ("its readers", wanted, readers(platform)[secret]),
            ("the releases that read it", set(row.releases), cluster.releases(secret)),
        ):
            if said != is_so:
                yield f"{secret.name}: docs/secrets.md says of {what} {said}, and it is {is_so}"


ENVIRONMENTS = ["dev", "staging", "prod"]
OF_OWN_CACHES = {"data/OwnCachesplaybackUsersplaybacksecret", "data/OwnCacheskongUserskongsecret"}
FROZEN_OPTIONS = ROOT / "tests" / "stacks" / "optional_stateful_resources.json"


def test_secret_table_matches_templates(platform: Assembly, deployed: Give) -> None:
    assert list(findings(platform, Cluster(deployed(platform.name)))) == []


def test_secret_table_lists_existing_secrets(platforms: Callable[[str], Assembly]) -> None:
    there = {secret.name for name in ENVIRONMENTS for secret in secrets(platforms(name))}
    there |= OF_OWN_CACHES
    there |= {
        name[:-8]
        for of_option in json.loads(FROZEN_OPTIONS.read_text()).values()
        for name in of_option
    }
    patterns = [row.secret for row in rows()]
    idle = [
        p
        for p in patterns
        if not any(
            re.fullmatch(re.escape(p).replace(re.escape(SERVICE), r"\w+"), name) for name in there
        )
    ]
    assert idle == []


def test_secret_readers_and_ways_correspond() -> None:
    reading = {
        re.sub(r"^tasks of .*", f"tasks of {SERVICE}", name)
        for row in rows()
        for name in {*row.readers, *row.releases}
    }
    reading |= {
        name
        for line in lines().values()
        for name in {*line.readers, *(way_to(release, line) for release in line.releases)}
    }
    assert {*map(as_shared, reading)} == set(ways())
    assert {way.way for way in ways().values()} == {*WAYS, BY_HAND}


def as_shared(reader: str) -> str:
    """Name of the function of the shared cache for that of a single client, which does the same."""
    return re.sub(r"^data/OwnCaches.*RotationFunction$", "data/CacheRotationFunction", reader)


def reached(platform: Assembly, deployed: RenderedCluster) -> Iterator[str]:
    """Readers that a new value does not reach, reaches later than documented, or after the old
    value expires.
    """
    for secret in secrets(platform):
        row = row_of(platform, secret)
        for reader in sorted({*row.readers, *row.releases}):
            listed = ways()[
                f"tasks of {SERVICE}" if reader.startswith("tasks of ") else as_shared(reader)
            ]
            if listed.way == BY_HAND:
                if row.replaced != BY_HAND:
                    yield (
                        f"{reader} reads {secret.name}, which a schedule replaces, and follows by "
                        "hand only"
                    )
                continue
            took = WAYS[listed.way](platform, deployed, reader)
            valid = int((re.findall(r"every (\d+) days", row.replaced) or [366])[0]) * DAY
            if took is None:
                yield (
                    f"{reader} reads {secret.name}, and a new value does not reach it by "
                    f"{listed.way}"
                )
            elif not took <= seconds(listed.within) or took >= valid:
                yield (
                    f"{reader} has a new value of {secret.name} after {took} s; "
                    f"{listed.within} are promised, and it is valid {valid} s"
                )


def test_rotation_reaches_readers_in_time(platform: Assembly, deployed: Give) -> None:
    assert list(reached(platform, deployed(platform.name))) == []


def test_functions_do_not_cache_secrets() -> None:
    assert handlers_that_keep_what_they_read() == ()


@pytest.mark.parametrize("name", ["kong", "keycloak", "monitoring"])
def test_rendered_workloads_have_reload_annotation(
    platform: Assembly, deployed: Give, name: str
) -> None:
    """Skipped without the third-party charts."""
    cluster = Cluster(deployed(platform.name))
    release = cluster.deployed.releases[name]
    made = {
        copied
        for copies in cluster.copies.values()
        for namespace, copied in copies
        if namespace == release.namespace
    }
    workloads = [
        m
        for m in manifests_of(release)
        if m["kind"] in ("Deployment", "StatefulSet", "DaemonSet", "CronJob")
    ]
    reading = [
        m
        for m in workloads
        if any(f'"name": "{copied}", "key"' in json.dumps(_sorted(m)) for copied in made)
    ]
    assert reading
    assert [
        m["metadata"]["name"]
        for m in reading
        if (m["metadata"].get("annotations") or {}).get(ANNOTATION) != "true"
    ] == []


def _sorted(manifest: Json) -> Json:
    """With the name of a Secret before its key, as a text can be searched."""
    found: Json = json.loads(
        json.dumps(manifest), object_hook=lambda entry: dict(sorted(entry.items(), reverse=True))
    )
    return found

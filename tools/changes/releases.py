"""Effect of an update on Helm releases: immutable fields, and data of brokers."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from tools.changes.change import Change, Effect, Found
from tools.model.templates import RELEASE, Templates, of_type
from tools.model.values import at, numbers

Values = dict[str, Any]

_VOLUME = (
    "Follow docs/runbooks/volume.md first: "
    "grow the claims, and delete the StatefulSet with --cascade=orphan."
)
_STAYS = (
    "Deploy its users without it first, and delete it manually "
    "(docs/runbooks/topics-and-queues.md)."
)
_CONSOLE = "Remove it in the console of Keycloak as well (docs/identity.md)."
_FIRST = (
    "Deploy the tasks without it first: "
    "`npx cdk deploy -c env=<env> --exclusively <env>/ecs-services`."
)
_ALIAS = "Give the new provider its own alias, and remove the old one when no listener uses it."
_DRAIN = (
    "First decommission them one by one, and wait until each is drained "
    "(docs/runbooks/redpanda.md, Fewer brokers)."
)
_ALONE = (
    "Deploy it alone, at a time of low load, and without rollback, which would delete the new "
    "brokers with their replicas (docs/changes.md, Changes that cannot go back)."
)
_TIERED = (
    "Keep it, or shorten the retention of topics until no event is in S3 only "
    "(docs/adr/0010-tiered-storage.md)."
)
_ALL_AT_ONCE = (
    "Take a snapshot of the identity database, delete the StatefulSet, and deploy without rollback "
    "(docs/upgrades.md, Another minor version of Keycloak)."
)
_CLAIMS = (
    "Follow docs/runbooks/volume.md first: "
    "volumes keep their size, and Prometheus fills them up to the new one."
)
_CLASS = (
    "Replace the StorageClass and change its volumes after the deployment "
    "(docs/changes.md, From destroy to retain)."
)
_NEVER = "A volume never shrinks. Keep the size."
_NEWER_DATA = (
    "An older version does not read the data of a newer one. Keep the version, or restore the data."
)


def changes(before: Templates, now: Templates) -> Iterator[Change]:
    """Yield changes of values that require more than a rolling update.

    Args:
        before: deployed templates.
        now: templates of the coming deployment.
    """
    old, new = releases(before), releases(now)
    for name in old.keys() & new.keys():
        stack, was = old[name]
        _, is_ = new[name]
        found = [*RULES[name](was["Values"], is_["Values"])] if name in RULES else []
        found += _versions(was, is_)
        for effect, detail, advice in found:
            yield Change(effect, stack, name, detail, advice, holds_data=name in RULES)


def releases(templates: Templates) -> dict[str, tuple[str, Values]]:
    """Return stack and properties of each release by name, with parsed values."""
    return {
        properties["Release"]: (
            stack,
            {**properties, "Values": json.loads(_text(properties.get("Values", "{}")))},
        )
        for stack, _, properties in of_type(templates, RELEASE)
    }


def _text(value: Any) -> str:
    """Return a text of a template with names in place of references."""
    match value:
        case str():
            return value
        case {"Fn::Join": [str(separator), list(parts)]}:
            return separator.join(_text(part) for part in parts)
        case _:
            return re.sub(r"[^\w.:-]", "_", json.dumps(value))


def _gibibytes(values: Values, path: str) -> int:
    return int(str(at(values, path) or "0").removesuffix("Gi"))


def _versions(was: Values, is_: Values) -> Iterator[Found]:
    old, new = was.get("Version"), is_.get("Version")
    if old and new and numbers(new) < numbers(old):
        detail = f"chart {old} → {new}"
        advice = "The running version can't be downgraded. Keep the version."
        yield Effect.REFUSED, detail, advice


def _image(
    was: Values, is_: Values, path: str, *, follows: Callable[[list[int], list[int]], bool]
) -> Iterator[Found]:
    """Find an older release line of an image with data, and one that does not follow the old one.

    Patch versions go both ways.
    """
    old, new = (str(at(values, path) or "").rpartition(":")[2] for values in (was, is_))
    before, after = numbers(old)[:2], numbers(new)[:2]
    if not before or not after or before == after:
        return
    if after < before:
        yield Effect.REFUSED, f"image {old} → {new}", _NEWER_DATA
    elif not follows(before, after):
        advice = "Upgrade one release at a time (docs/upgrades.md, A new version of a chart)."
        yield Effect.REFUSED, f"image {old} → {new} skips a release", advice


def _next_feature_release(old: list[int], new: list[int]) -> bool:
    """Return whether a feature release of Redpanda, year and number, is the next one.

    The years 2022 to 2025 have three each (its releases, read 2026-11).
    """
    year, place = old
    return new == [year, place + 1] or (place >= 3 and new == [year + 1, 1])


def _next_minor(old: list[int], new: list[int]) -> bool:
    """Return whether a version is the next minor or major one (RabbitMQ, rolling upgrade)."""
    return new[0] > old[0] or new[1] == old[1] + 1


def _ground(was: Values, is_: Values) -> Iterator[Found]:
    """Find a policy of volumes that the chart cannot change: Kubernetes does not allow it."""
    path = "storageClass.reclaimPolicy"
    if (at(was, path), at(is_, path)) == ("Delete", "Retain"):
        detail = "the StorageClass and its volumes keep the policy Delete: claims delete volumes"
        yield Effect.INTERRUPTION, detail, _CLASS


def _redpanda(was: Values, is_: Values) -> Iterator[Found]:
    old, new = (int(at(values, "statefulset.replicas") or 0) for values in (was, is_))
    if new < old:
        detail = (
            f"{old} brokers → {new}: removed brokers hold replicas, and partitions lose their "
            "majority"
        )
        yield Effect.REFUSED, detail, _DRAIN
    if new > old:
        detail = f"{old} brokers → {new}: partitions move, which loads disks and network"
        yield Effect.INTERRUPTION, detail, _ALONE
    size = "storage.persistentVolume.size"
    yield from _volume(was, is_, size, grows=(Effect.REFUSED, _VOLUME))
    tiered = "storage.tiered.config.cloud_storage_enabled"
    if at(was, tiered) and not at(is_, tiered):
        detail = (
            "tiered storage is removed: older events are in Amazon S3 only, "
            "and re-enabling it creates another bucket"
        )
        yield Effect.REFUSED, detail, _TIERED
    yield from _image(was, is_, "image.tag", follows=_next_feature_release)


def _rabbitmq(was: Values, is_: Values) -> Iterator[Found]:
    yield from _volume(was, is_, "storage.size", grows=(Effect.NONE, ""))
    yield from _image(was, is_, "image", follows=_next_minor)


def _volume(
    was: Values,
    is_: Values,
    path: str,
    *,
    grows: tuple[Effect, str],
    shrinks: Effect = Effect.REFUSED,
) -> Iterator[Found]:
    old, new = _gibibytes(was, path), _gibibytes(is_, path)
    if new > old:
        yield grows[0], f"volumes of {old} GiB → {new}", grows[1]
    if new < old:
        yield shrinks, f"volumes of {old} GiB → {new}", _NEVER


def _monitoring(was: Values, is_: Values) -> Iterator[Found]:
    path = (
        "prometheus.prometheusSpec.storageSpec.volumeClaimTemplate.spec.resources.requests.storage"
    )
    yield from _volume(
        was,
        is_,
        path,
        grows=(Effect.INTERRUPTION, _CLAIMS),
        shrinks=Effect.LOSS,
    )


def _topics(was: Values, is_: Values) -> Iterator[Found]:
    old, new = was["topics"], is_["topics"]
    for name in old.keys() & new.keys():
        one, other = old[name], new[name]
        if other["partitions"] < one["partitions"]:
            detail = f"{name}: {one['partitions']} partitions → {other['partitions']}"
            advice = "The number of partitions can only grow. Create another topic."
            yield Effect.REFUSED, detail, advice
        if other["partitions"] > one["partitions"] and "compact" in other["cleanupPolicy"]:
            detail = (
                f"{name}: {one['partitions']} partitions → {other['partitions']}: "
                "a key may move, and its older value is kept in the old partition"
            )
            advice = (
                "Let the producers write every key again afterwards: "
                "consumers may read the older value last."
            )
            yield Effect.INTERRUPTION, detail, advice
        for key, is_refused in (
            ("replication", other["replication"] < one["replication"]),
            ("cleanupPolicy", other["cleanupPolicy"] != one["cleanupPolicy"]),
        ):
            if is_refused:
                detail = f"{name}: {key} {one[key]} → {other[key]}"
                advice = "The job refuses it. Create another topic and migrate to it."
                yield Effect.REFUSED, detail, advice
        if other["retentionHours"] < one["retentionHours"]:
            detail = (
                f"{name}: events older than {other['retentionHours']} hours are deleted "
                f"({one['retentionHours']} until now)"
            )
            yield Effect.LOSS, detail, "Verify that no consumer needs them."
    for name in old.keys() - new.keys():
        detail = f"{name}: its permissions are deleted, and the topic is retained"
        yield Effect.INTERRUPTION, detail, _STAYS
    yield from _rights_on_topics(was, is_)


def _rights_on_topics(was: Values, is_: Values) -> Iterator[Found]:
    for user in was["users"].keys() & is_["users"].keys():
        one, other = was["users"][user], is_["users"][user]
        for right in ("produces", "consumes"):
            for topic in (set(one[right]) - set(other[right])) & is_["topics"].keys():
                detail = f"{user} no longer {right} {topic}, before its tasks are updated"
                yield Effect.INTERRUPTION, detail, _FIRST


def _queues(was: Values, is_: Values) -> Iterator[Found]:
    for name in was["queues"].keys() - is_["queues"].keys():
        detail = f"{name}: its permissions are deleted, and the queue is retained with its messages"
        yield Effect.INTERRUPTION, detail, _STAYS
    for user in was["users"].keys() & is_["users"].keys():
        for key, verb in (("read", "takes from"), ("publishes", "publishes to")):
            one, other = (str(values["users"][user].get(key) or "(?!)") for values in (was, is_))
            for queue in was["queues"].keys() & is_["queues"].keys():
                if re.search(one, queue) and not re.search(other, queue):
                    detail = f"{user} no longer {verb} {queue}, before its tasks are updated"
                    yield Effect.INTERRUPTION, detail, _FIRST


def _keycloak(was: Values, is_: Values) -> Iterator[Found]:
    yield from _image(was, is_, "image.tag", follows=lambda _old, _new: True)
    old, new = (str(at(values, "image.tag") or "") for values in (was, is_))
    if numbers(new)[:2] > numbers(old)[:2]:
        detail = (
            f"Keycloak {old} → {new}: only patch versions may run side by side. "
            "Logins are unavailable for minutes"
        )
        yield Effect.INTERRUPTION, detail, _ALL_AT_ONCE


def _realm(was: Values, is_: Values) -> Iterator[Found]:
    """Find objects that Keycloak retains after their removal from the import.

    The setting is `IMPORT_MANAGED_*: no-delete`.
    """
    old, new = was["realms"], is_["realms"]
    for name in old.keys() & new.keys():
        one, other = (
            {found["alias"]: found for found in realm[name].get("identityProviders", [])}
            for realm in (old, new)
        )
        for alias in one.keys() - other.keys():
            detail = f"identity provider {alias} stays in Keycloak, with its login button"
            yield Effect.INTERRUPTION, detail, _CONSOLE
        for alias in one.keys() & other.keys():
            if _issuer(one[alias]) != _issuer(other[alias]):
                detail = (
                    f"identity provider {alias} is replaced: its listeners have other ids "
                    "at the new provider, or those of other users"
                )
                yield Effect.INTERRUPTION, detail, _ALIAS
        if old[name].get("smtpServer") and not new[name].get("smtpServer"):
            detail = "the mail server stays in Keycloak, and its network access is removed first"
            yield Effect.INTERRUPTION, detail, _CONSOLE


def _issuer(provider: Values) -> tuple[Any, Any]:
    return provider.get("providerId"), provider.get("config", {}).get("issuer")


RULES: dict[str, Callable[[Values, Values], Iterator[Found]]] = {
    "ground": _ground,
    "redpanda": _redpanda,
    "rabbitmq": _rabbitmq,
    "monitoring": _monitoring,
    "redpanda-access": _topics,
    "rabbitmq-topology": _queues,
    "keycloak": _keycloak,
    "realm": _realm,
}
"""Rules by release name."""

"""Effect of an update on Helm releases: immutable fields of Kubernetes, and what brokers refuse or lose."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from tools.changes.assembly import Templates
from tools.changes.change import Change, Effect
from tools.changes.replacement import RELEASE

Values = dict[str, Any]
Found = tuple[Effect, str, str]

_VOLUME = "Follow docs/runbooks/volume.md first: grow the claims, and delete the StatefulSet with --cascade=orphan."
_STAYS = "Deploy its users without it first, and delete it by hand (docs/runbooks/topics-and-queues.md)."
_CONSOLE = "Remove it in the console of Keycloak as well (docs/identity.md)."
_NEVER = "A volume never shrinks. Keep the size."


def changes(before: Templates, now: Templates) -> Iterator[Change]:
    """Yields the changes of values that Helm, Kubernetes or a broker answers in another way than by a rolling update.

    Args:
        before: templates that are deployed.
        now: templates of the coming deployment.
    """
    old, new = releases(before), releases(now)
    for name in old.keys() & new.keys():
        stack, was = old[name]
        _, is_ = new[name]
        found = [*RULES[name](was["Values"], is_["Values"])] if name in RULES else []
        found += _versions(was, is_)
        for effect, told, advice in found:
            yield Change(effect=effect, stack=stack, subject=name, told=told, advice=advice, holds_data=name in RULES)


def releases(templates: Templates) -> dict[str, tuple[str, Values]]:
    """Returns stack and properties of each release by its name, with its values as data."""
    found = (
        (stack, resource["Properties"])
        for stack, template in templates.items()
        for resource in template["Resources"].values()
        if resource["Type"] == RELEASE
    )
    return {
        properties["Release"]: (stack, {**properties, "Values": json.loads(_text(properties["Values"]))}) for stack, properties in found
    }


def _text(value: Any) -> str:
    """A text of a template, with a name in place of each reference."""
    match value:
        case str():
            return value
        case {"Fn::Join": [str(separator), list(parts)]}:
            return separator.join(_text(part) for part in parts)
        case _:
            return re.sub(r"[^\w.:-]", "_", json.dumps(value))


def _at(values: Values, path: str) -> Any:
    found: Any = values
    for key in path.split("."):
        found = found.get(key) if isinstance(found, dict) else None
    return found


def _gibibytes(values: Values, path: str) -> int:
    return int(str(_at(values, path) or "0").removesuffix("Gi"))


def _versions(was: Values, is_: Values) -> Iterator[Found]:
    old, new = was.get("Version"), is_.get("Version")
    if old and new and _numbers(new) < _numbers(old):
        yield Effect.REFUSED, f"chart {old} → {new}", "What runs was upgraded and may not go back. Keep the version."


def _numbers(version: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", version)]


def _redpanda(was: Values, is_: Values) -> Iterator[Found]:
    old, new = (int(_at(values, "statefulset.replicas") or 0) for values in (was, is_))
    if new < old:
        yield (
            Effect.REFUSED,
            f"{old} brokers → {new}: those that go take replicas with them, and partitions lose their majority",
            "Decommission them one by one first, and wait until each is drained (docs/runbooks/redpanda.md, Fewer brokers).",
        )
    if new > old:
        yield Effect.INTERRUPTION, f"{old} brokers → {new}: partitions move, which loads disks and network", "Do it in a quiet hour."
    size = "storage.persistentVolume.size"
    yield from _volume(was, is_, size, grows=(Effect.REFUSED, _VOLUME))
    tiered = "storage.tiered.config.cloud_storage_enabled"
    if _at(was, tiered) and not _at(is_, tiered):
        yield (
            Effect.REFUSED,
            "tiered storage is removed: older events are in Amazon S3 only, and given back it gets another bucket",
            "Keep it, or shorten the retention of topics until nothing is in S3 alone (docs/adr/0010-tiered-storage.md).",
        )


def _volume(was: Values, is_: Values, path: str, *, grows: tuple[Effect, str], shrinks: Effect = Effect.REFUSED) -> Iterator[Found]:
    old, new = _gibibytes(was, path), _gibibytes(is_, path)
    if new > old:
        yield grows[0], f"volumes of {old} GiB → {new}", grows[1]
    if new < old:
        yield shrinks, f"volumes of {old} GiB → {new}", _NEVER


def _rabbitmq(was: Values, is_: Values) -> Iterator[Found]:
    yield from _volume(was, is_, "storage.size", grows=(Effect.NONE, ""))


def _monitoring(was: Values, is_: Values) -> Iterator[Found]:
    path = "prometheus.prometheusSpec.storageSpec.volumeClaimTemplate.spec.resources.requests.storage"
    yield from _volume(was, is_, path, grows=(Effect.NONE, "Grow the claims by hand (docs/runbooks/volume.md)."), shrinks=Effect.LOSS)


def _topics(was: Values, is_: Values) -> Iterator[Found]:
    old, new = was["topics"], is_["topics"]
    for name in old.keys() & new.keys():
        one, other = old[name], new[name]
        if other["partitions"] < one["partitions"]:
            yield (
                Effect.REFUSED,
                f"{name}: {one['partitions']} partitions → {other['partitions']}",
                "Partitions only grow. Make another topic.",
            )
        for key in ("replication", "cleanupPolicy"):
            if one[key] != other[key]:
                yield Effect.REFUSED, f"{name}: {key} {one[key]} → {other[key]}", "The job refuses it. Make another topic, and move to it."
        if other["retentionHours"] < one["retentionHours"]:
            told = f"{name}: events older than {other['retentionHours']} hours are deleted ({one['retentionHours']} until now)"
            yield Effect.LOSS, told, "Make sure that nobody reads them any more."
    for name in old.keys() - new.keys():
        yield Effect.INTERRUPTION, f"{name}: rights on it go, and the topic stays", _STAYS


def _queues(was: Values, is_: Values) -> Iterator[Found]:
    for name in was["queues"].keys() - is_["queues"].keys():
        yield Effect.INTERRUPTION, f"{name}: rights on it go, and the queue stays with its tasks", _STAYS


def _realm(was: Values, is_: Values) -> Iterator[Found]:
    """Finds what Keycloak keeps although the import no longer names it (`IMPORT_MANAGED_*: no-delete`)."""
    old, new = was["realms"], is_["realms"]
    for name in old.keys() & new.keys():
        aliases = [{provider["alias"] for provider in realm[name].get("identityProviders", [])} for realm in (old, new)]
        for alias in aliases[0] - aliases[1]:
            yield Effect.INTERRUPTION, f"identity provider {alias} stays in Keycloak, with its button", _CONSOLE
        if old[name].get("smtpServer") and not new[name].get("smtpServer"):
            yield Effect.INTERRUPTION, "the mail server stays in Keycloak, and its way out of the network is closed first", _CONSOLE


RULES: dict[str, Callable[[Values, Values], Iterator[Found]]] = {
    "redpanda": _redpanda,
    "rabbitmq": _rabbitmq,
    "monitoring": _monitoring,
    "redpanda-access": _topics,
    "rabbitmq-topology": _queues,
    "realm": _realm,
}
"""Rules by the name of a release."""

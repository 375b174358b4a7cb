"""JSON Schema of environment files, and the effects of changing a setting (docs/changes.md)."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spotmusic_cdk import output
from spotmusic_cdk.command_line import run_command
from spotmusic_cdk.settings.environment import Settings

NONE = "no interruption"
_REFUSED, _LOSS, _REPLACEMENT, _INTERRUPTION = (
    "refused",
    "loses data",
    "replacement",
    "interruption",
)

_FEWER = {"fewer": _INTERRUPTION, "more": NONE}
_SHORTER = {"shorter": _LOSS, "longer": NONE}

EFFECTS: Mapping[str, Mapping[str, str]] = {
    "Settings.name": {"any": _REFUSED},
    "Settings.production": {"off": _REFUSED},
    "Settings.account": {"any": _REFUSED},
    "Settings.region": {"any": _REFUSED},
    "Settings.zones": {"any": _REFUSED},
    "Settings.services": {"removed": _REFUSED, "added": NONE},
    "Settings.domain": {"removed": _REFUSED, "added": _REFUSED},
    "DomainSettings.name": {"any": _REFUSED},
    "DomainSettings.hosted_zone_id": {"any": _REPLACEMENT},
    "NetworkSettings.cidr": {"any": _REFUSED},
    "NetworkSettings.nat_gateways": {"fewer": _REFUSED, "more": NONE},
    "NetworkSettings.interface_endpoints": {"any": _INTERRUPTION},
    "NetworkSettings.flow_log_retention_days": _SHORTER,
    "RegistrySettings.docker_hub_credentials": {"any": _REFUSED},
    "RegistrySettings.github_credentials": {"any": _REFUSED},
    "RegistrySettings.keep_images": {"fewer": _LOSS, "more": NONE},
    "RegistrySettings.untagged_days": _SHORTER,
    "DatabaseSettings.version": {
        "older": _REFUSED,
        "newer, while replicas exist": _REFUSED,
        "newer": _INTERRUPTION,
    },
    "DatabaseSettings.instance_class": {"any": _INTERRUPTION},
    "DatabaseSettings.master_rotation": {
        "rds, while replicas exist": _REFUSED,
        "rds": _REFUSED,
        "platform": NONE,
    },
    "DatabaseSettings.read_replicas": _FEWER,
    "DatabaseSettings.storage_gib": {"smaller": _REFUSED, "larger": NONE},
    "CacheSettings.engine": {"valkey": _REPLACEMENT, "redis again": _REFUSED},
    "CacheSettings.version": {"older": _REFUSED, "newer": _INTERRUPTION},
    "CacheSettings.node_type": {"smaller": _REFUSED, "larger": _INTERRUPTION},
    "CacheSettings.replicas": {"any": _REPLACEMENT},
    "CacheSettings.own": {"fewer": _REFUSED, "more": NONE},
    "CacheSettings.snapshot_retention_days": _SHORTER,
    "BucketSettings.audio_noncurrent_days": _SHORTER,
    "BucketSettings.upload_days": _SHORTER,
    "BucketSettings.log_days": _SHORTER,
    "BackupSettings.retention_days": _SHORTER,
    "BackupSettings.vault_lock_days": {"any": _REFUSED},
    "DataSettings.removal_policy": {"destroy": _LOSS, "retain again": _INTERRUPTION},
    "KubernetesSettings.version": {
        "older": _REFUSED,
        "next": _INTERRUPTION,
        "more than the next": _REFUSED,
    },
    "RedpandaSettings.brokers": {"fewer": _REFUSED, "more": _INTERRUPTION},
    "RedpandaSettings.storage_gib": {"any": _REFUSED},
    "RedpandaSettings.topics": {"removed": _INTERRUPTION, "added": NONE},
    "RedpandaSettings.tiered_storage": {"removed": _REFUSED, "added": NONE},
    "TopicSettings.partitions": {
        "fewer": _REFUSED,
        "more, of a compacted topic": _INTERRUPTION,
        "more": NONE,
    },
    "TopicSettings.replication": {"fewer": _REFUSED, "more": NONE},
    "TopicSettings.cleanup_policy": {"any": _REFUSED},
    "TopicSettings.retention_hours": _SHORTER,
    "TopicSettings.producers": _FEWER,
    "TopicSettings.consumers": _FEWER,
    "QueueSettings.consumers": _FEWER,
    "QueueSettings.publishers": _FEWER,
    "RabbitMQSettings.storage_gib": {"smaller": _REFUSED, "larger": NONE},
    "RabbitMQSettings.queues": {"removed": _INTERRUPTION, "added": NONE},
    "IdentitySettings.email": {"removed": _INTERRUPTION, "added": NONE},
    "IdentitySettings.providers": {"removed": _INTERRUPTION, "added": NONE},
    "IdentityProviderSettings.kind": {"any": _INTERRUPTION},
    "IdentityProviderSettings.issuer": {"any": _INTERRUPTION},
    "MonitoringSettings.prometheus_storage_gib": {"smaller": _LOSS, "larger": _INTERRUPTION},
    "ServiceSettings.port": {"another, behind a route or callers": _REFUSED, "null": NONE},
    "ServiceSettings.route": {
        "another": _INTERRUPTION,
        "removed": _INTERRUPTION,
        "that of another service": _REFUSED,
        "added": NONE,
    },
    "ServiceSettings.health_path": {"any": _INTERRUPTION},
    "ServiceSettings.talks_to": {
        "fewer": _REFUSED,
        "a lesser right on a database": _INTERRUPTION,
        "more": NONE,
    },
    "ServiceSettings.retired": {"on": _INTERRUPTION},
    "ServiceSettings.deployment": {"rolling": _REFUSED, "blue_green": NONE},
    "ScalingSettings.messages_per_task": {
        "the last one removed": _REFUSED,
        "removed": _INTERRUPTION,
        "added": NONE,
    },
    "EdgeSettings.signing_keys": {"signer removed, or new": _REFUSED, "others": NONE},
    "EdgeSettings.origin_prefix_list": {"any": _REFUSED},
    "OperatorsSettings.network": {"off": _REFUSED, "on": NONE},
    "SlackSettings.workspace": {"any": _REPLACEMENT},
    "ObservabilitySettings.alarm_emails": {"all replaced": _INTERRUPTION, "others": NONE},
    "ObservabilitySettings.access_log_days": _SHORTER,
    "ObservabilitySettings.security_log_days": _SHORTER,
}
"""Effect by kind of change, by model and key. Changes of other keys cause no interruption: pods and
tasks are replaced one by one."""


def effects(model: str, key: str) -> Mapping[str, str]:
    """Return the effect of each kind of change of a setting.

    Args:
        model: name of the model, such as `RedpandaSettings`.
        key: key within it.
    """
    return EFFECTS.get(f"{model}.{key}", {"any": NONE})


def sentence(model: str, key: str) -> str:
    """Return the sentence of a description about later changes, empty without an interruption."""
    found = EFFECTS.get(f"{model}.{key}", {})
    effects = ", ".join(
        effect if kind == "any" else f"{kind}: {effect}" for kind, effect in found.items()
    )
    return f"Changed later: {effects} (docs/changes.md)." if effects else ""


PATH = Path("environments", "schema.json")


def text() -> str:
    """Return the text of `environments/schema.json`."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Settings.model_json_schema(),
    }
    for model, definition in {"Settings": schema, **schema["$defs"]}.items():
        for key, value in definition.get("properties", {}).items():
            _add_effect(model, key, value)
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _add_effect(model: str, key: str, value: dict[str, Any]) -> None:
    """Add the effect of a change to a leaf, or to a section with entries that can be added and
    removed.
    """
    if "$ref" in value:
        return
    value["x-change"] = dict(effects(model, key))
    if said := sentence(model, key):
        value["description"] = f"{value.get('description', '')} {said}".strip()


def write(path: Path = PATH) -> None:
    """Write the schema, and print whether it changed."""
    output.report(path, text())


if __name__ == "__main__":
    run_command(write)

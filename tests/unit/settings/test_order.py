"""Order of lists and mappings in an environment file."""

import json
import random
from pathlib import Path
from typing import Any

import yaml

from spotmusic_cdk.settings import Settings, parse
from tests.unit.settings.test_errors import PROD, PROVIDER, changed

ORDERED = {"zones", "signing_keys"}
"""Lists with a significant order: subnets are created by zone, and the first key signs."""
EVERYBODY = ["trends", "recommendations", "notifications"]
LISTS: dict[str, Any] = {
    "tags": {"Team": "music", "Ledger": "4711"},
    "network.interface_endpoints": "all",
    "kubernetes.administrators": [
        f"arn:aws:iam::111122223333:role/{name}" for name in ("break-glass", "administrators")
    ],
    "kubernetes.viewers": [f"arn:aws:iam::111122223333:role/team-{letter}" for letter in "cab"],
    "kubernetes.redpanda.topics": {
        name: {"producers": ["playback"], "consumers": EVERYBODY}
        for name in ("events.z", "events.a")
    },
    "kubernetes.rabbitmq.queues": {
        "zebra": {"consumers": ["notifications"]},
        "lyrics": {"consumers": ["web-api", "notifications"]},
    },
    "identity.providers": {name: {"kind": name, **PROVIDER} for name in ("google", "github")},
    "edge.allowed_countries": ["PT", "BR"],
    "edge.signing_keys": ["second", "first"],
    "observability.alarm_emails": ["b@spotmusic.example", "a@spotmusic.example"],
    "observability.alarm_endpoints": ["https://b.example/1", "https://a.example/1"],
    "observability.pager_endpoints": ["https://b.example/1", "https://a.example/1"],
}


def shuffled(value: Any, by: random.Random, key: str = "") -> Any:
    if isinstance(value, dict):
        return {
            name: shuffled(value[name], by, name) for name in by.sample(list(value), len(value))
        }
    return by.sample(value, len(value)) if isinstance(value, list) and key not in ORDERED else value


def parsed(text: str) -> Settings:
    return parse(text, source=Path("environments/prod.yaml"))


def test_settings_ignore_order() -> None:
    """Templates depend on settings only, so equal settings create equal templates."""
    text = changed(PROD, LISTS)
    expected, document = parsed(text).model_dump_json(), yaml.safe_load(text)
    for seed in range(5):
        other = shuffled(document, random.Random(seed))  # noqa: S311 - no secret
        assert parsed(json.dumps(other)).model_dump_json() == expected


def test_first_signing_key_signs() -> None:
    assert parsed(changed(PROD, LISTS)).edge.signing_keys == ("second", "first")

"""What options add to the tables of flows and grants: those that the settings offer and no environment that ships turns on."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from spotmusic_cdk import flows
from spotmusic_cdk.settings import Settings
from tools.documents import grants

ANY_ACCOUNT = "111122223333"
_MADE_BY_HAND = "arn:aws:secretsmanager:{}:{}:secret:example-AbCdEf"
_OPTIONS: Mapping[str, Any] = {
    "identity.email": {"sender": "no-reply@spotmusic.example", "secret": _MADE_BY_HAND},
    "identity.providers": {"provider": {"kind": "google", "label": "Example", "client_id": "example", "secret": _MADE_BY_HAND}},
    "kubernetes.redpanda.tiered_storage": {"license_secret": _MADE_BY_HAND},
    "services.notifications.secrets": {"FCM_KEY": _MADE_BY_HAND},
    "services.notifications.talks_to": ["tasks", "events", "mail"],
    "services.recommendations.image": f"444455556666.dkr.ecr.sa-east-1.amazonaws.com/team/recommendations@sha256:{'0' * 64}",
    "services.trends.image_tag": "1.0.0",
}
"""An example of each by its key."""


@dataclass(frozen=True, kw_only=True, order=True)
class Added:
    """A connection or a right that an option brings.

    Args:
        option: its key in an environment file.
        who: who opens the connection, or has the right.
        may: what it is.
        what: with whom, or to what.
    """

    option: str
    who: str
    may: str
    what: str


def added(settings: Settings) -> list[Added]:
    """Returns what each option adds to an environment that does without."""
    return sorted({one for option, example in _OPTIONS.items() for one in _of(option, example, settings)})


def _of(option: str, example: Any, settings: Settings) -> Iterator[Added]:
    turned_on = _with(settings, option, example)
    before = set(flows.table(settings))
    for flow in flows.table(turned_on):
        if flow not in before:
            first, last = flow.ports
            ports = f"connect on {first}" if first == last else f"connect on {first} to {last}"
            yield Added(option=option, who=flow.source, may=ports, what=flow.target)
    for grant in grants.table(turned_on) - grants.table(settings):
        yield Added(option=option, who=grant.who, may=grant.does, what=grant.what.replace(".provider.", ".{provider}."))


def _with(settings: Settings, option: str, example: Any) -> Settings:
    document = settings.model_dump(mode="json")
    document["mail"] = {"sender": "music@spotmusic.example"}  # which brings nothing without the word
    *parents, last = option.split(".")
    section = document
    for parent in parents:
        section = section[parent]
    section[last] = example
    return Settings.model_validate_json(
        json.dumps(document).replace(_MADE_BY_HAND, _MADE_BY_HAND.format(settings.region, settings.account or ANY_ACCOUNT))
    )


def section(settings: Settings) -> list[str]:
    """Returns the part of docs/flows.md that tells of them."""
    return [
        "## What options add",
        "",
        "What the settings offer and none of the three environments turns on; a service with an image of its own or of another account",
        "stands for any.",
        "`make fuzz` holds production with every option to the same tables.",
        "",
        "| option | who | may | what |",
        "|---|---|---|---|",
        *(f"| `{one.option}` | {one.who} | {one.may} | {one.what} |" for one in added(settings)),
        "",
    ]

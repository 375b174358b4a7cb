"""Verdict on an environment file: valid settings or one clear error; all else is a defect."""

import re
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from spotmusic_cdk import flows, versions
from spotmusic_cdk.settings import Settings, SettingsError, SettingsWarning, load
from spotmusic_cdk.settings.service_quotas import MOST_RULES, rules_of, shared_rules
from spotmusic_constructs.messaging.topology import TaskQueue
from spotmusic_constructs.network.flows import OUTSIDE, Flow
from spotmusic_constructs.network.security_groups import require_room
from spotmusic_constructs.streaming.redpanda_access import Topic

Verdict = Literal["accepted", "refused"]
PROBLEM = re.compile(r"environments/\w+\.yaml: (?P<what>.+)\.\n  (?P<advice>[A-Z].+[.?])")
LONGEST_MESSAGE = 20_000


def verdict(text: str, *, environment: str, folder: Path) -> Verdict:
    """Load a text as an environment.

    Raises:
        AssertionError: if the error is unclear, or valid settings cannot be built.
    """
    (folder / f"{environment}.yaml").write_text(text, encoding="utf-8", errors="surrogatepass")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", SettingsWarning)
        try:
            settings = load(environment, folder=folder, today=versions.RELEASED)
        except SettingsError as error:
            require_clear(str(error))
            return "refused"
    require_buildable(settings)
    return "accepted"


def require_clear(message: str) -> None:
    """Assert that each error has file, location, problem and remedy in readable characters."""
    assert len(message) < LONGEST_MESSAGE, f"{len(message)} characters are too long"
    assert message.replace("\n", "").isprintable(), repr(message)
    lines = message.split("\n")
    pairs = ["\n".join(lines[number : number + 2]) for number in range(0, len(lines), 2)]
    unclear = [pair for pair in pairs if not PROBLEM.fullmatch(pair)]
    assert unclear == [], message
    assert len(set(pairs)) == len(pairs), f"repeated error: {message}"


def require_buildable(settings: Settings) -> None:
    """Assert the checks of constructs on valid settings, without their synthesis.

    It takes a thousandth of the time.
    """
    table = flows.table(settings)
    require_room(table, flows.security_group_of, flows.shares_egress)
    rules = sum(map(rules_of, settings.services.values())) + shared_rules(
        settings.services.values()
    )
    assert rules == resources_of_services(table) + len(settings.services) <= MOST_RULES
    for name, topic in settings.topics.items():
        Topic(name=name, **topic.model_dump())
    for name, queue in settings.queues.items():
        TaskQueue(name=name, **queue.model_dump())
    assert settings.issuer.isascii()
    assert len(f"services.{settings.private_domain}") <= 64


def resources_of_services(table: Iterable[Flow]) -> int:
    """Count rules of services in the network stack, one per security group of a service.

    `SecurityGroups` creates them.
    """
    edges = {
        (flows.security_group_of(flow.source), flows.security_group_of(flow.target), flow.ports)
        for flow in table
    }
    ours = {edge for edge in edges if any(party.startswith("service-") for party in edge[:2])}
    shared = {edge for edge in ours if flows.shares_egress(*edge[:2])}
    ends = [party for source, target, _ in ours - shared for party in (source, target)] + [
        target for _, target, _ in shared
    ]
    return sum(party not in OUTSIDE for party in ends) + len(
        {(source, ports) for source, _, ports in shared}
    )

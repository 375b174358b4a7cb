"""Replicas of topics after the loss of brokers, without a synthesis."""

from types import SimpleNamespace
from typing import Any

import pytest

from tools.gameday import effects


@pytest.mark.parametrize(
    ("brokers", "lost", "zones", "left"),
    [(3, 1, 3, 2), (5, 2, 3, 2), (5, 1, 3, 2), (3, 2, 2, 1)],
    ids=["zone of three brokers", "zone of five brokers", "one broker", "larger of two zones"],
)
def test_racks_keep_replicas_of_topics(brokers: int, lost: int, zones: int, left: int) -> None:
    scenario: Any = SimpleNamespace(
        zones=zones,
        workloads={"redpanda": SimpleNamespace(replicas=brokers)},
        cluster=SimpleNamespace(of_kind=lambda _: iter([("ground", {"parameters": {}})])),
        values=lambda _: {"topics": {"events.listening": {"replication": 3}}},
        load=SimpleNamespace(events=SimpleNamespace(written_mib_per_second=1.0)),
    )
    disks, topic = effects.of_events(scenario, lost)
    assert disks.suffices
    assert (topic.left, topic.needed) == (left, 2)

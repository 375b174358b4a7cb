"""Connections of services to the catalogue and its read replicas, without a synthesis."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest

from tools.gameday import effects


@dataclass
class Reader:
    """Service with ten tasks of five connections."""

    only_reads: bool
    most: int = 10
    connections: int = 5

    def lost_with_zone(self, tasks: int) -> int:
        return tasks // 2


class Primary(dict[str, Any]):
    tags: ClassVar = {"Component": "catalogue"}


@dataclass
class Two:
    """Scenario with a service that writes and a service that reads."""

    readers: list[str]
    zones: int = 3
    services: list[Reader] = field(
        default_factory=lambda: [Reader(only_reads=False), Reader(only_reads=True)]
    )
    databases: dict[str, Primary] = field(
        default_factory=lambda: {"catalogue": Primary(DBInstanceClass="db.r8g.large")}
    )


@pytest.mark.parametrize(
    ("readers", "stale_zone", "needed"),
    [(0, False, [100]), (2, False, [50, 50]), (2, True, [75, 75]), (1, True, [150])],
    ids=["none", "two", "one of two lost", "the only one lost"],
)
def test_readers_connect_to_remaining_replicas(
    readers: int, stale_zone: bool, needed: list[int]
) -> None:
    scenario: Any = Two(readers=["replica"] * readers)
    found = list(effects.of_catalogue(scenario, stale_zone=stale_zone))
    assert [capacity.needed for capacity in found] == needed
    assert all(capacity.suffices for capacity in found)

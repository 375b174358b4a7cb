"""Arithmetic of the game day on small examples, with and without each rule."""

from dataclasses import replace
from typing import Any

import pytest

from tools.gameday import effects, figures
from tools.gameday.scenario import RemainingCapacity
from tools.gameday.workloads import HOST, ZONE, Workload


def spread(topology: str, **changes: Any) -> dict[str, Any]:
    rule = {"topologyKey": topology, "whenUnsatisfiable": "DoNotSchedule", "maxSkew": 1, "nodeTaintsPolicy": "Honor", **changes}
    return {"minDomains": 3, **rule} if topology == ZONE else rule


def workload(name: str, replicas: int, *rules: dict[str, Any], apart: bool = False) -> Workload:
    term = {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": HOST}]}
    pod = {"topologySpreadConstraints": list(rules), **({"affinity": {"podAntiAffinity": term}} if apart else {})}
    return Workload(name=name, replicas=replicas, pod=pod)


@pytest.mark.parametrize(
    ("rules", "lost"),
    [
        ((spread(ZONE),), 2),
        # Zones without a ready node do not count.
        ((spread(ZONE, minDomains=2),), 3),
        ((spread(ZONE, minDomains=1),), 5),
        ((), 5),
        ((spread(ZONE, whenUnsatisfiable="ScheduleAnyway"),), 5),
        ((spread(ZONE, maxSkew=2),), 5),
        # Replacements would wait for the lost zone, which still counts.
        ((spread(ZONE, nodeTaintsPolicy="Ignore"),), 5),
        ((spread(HOST),), 5),
    ],
)
def test_lost_zone_respects_spread_rules(rules: tuple[dict[str, Any], ...], lost: int) -> None:
    assert workload("kong", 5, *rules).lost_with_zone(3) == lost


def test_pods_spread_over_zones_that_others_keep() -> None:
    kong = replace(workload("kong", 5, spread(ZONE, minDomains=2)), kept=3)
    assert kong.lost_with_zone(3) == 2
    assert replace(workload("kong", 5), kept=3).lost_with_zone(3) == 5


@pytest.mark.parametrize(
    ("rules", "apart", "lost"),
    [
        ((spread(ZONE),), True, 1),
        ((spread(ZONE), spread(HOST)), False, 2),
        ((spread(ZONE),), False, 2),
        ((spread(HOST),), False, 6),
        ((), False, 6),
    ],
)
def test_lost_node_respects_anti_affinity(rules: tuple[dict[str, Any], ...], apart: bool, lost: int) -> None:
    assert workload("kong", 6, *rules, apart=apart).lost_with_node(3) == lost


@pytest.mark.parametrize(
    ("name", "replicas", "suffices"), [("redpanda", 3, True), ("rabbitmq", 2, False), ("kong", 2, True), ("kong", 1, False)]
)
def test_brokers_need_a_majority_and_others_one(name: str, replicas: int, suffices: bool) -> None:
    (left,) = effects.of_workload(workload(name, replicas, spread(ZONE)), 1)
    assert left.suffices is suffices


def test_a_shortfall_names_component_number_and_fix() -> None:
    left = RemainingCapacity(component="kong", what="requests/s", left=500, needed=525, fix="Raise max_replicas.")
    assert str(left) == "kong: 500 requests/s left, 525 needed, 25 short. Raise max_replicas."


def test_connections_follow_the_memory_of_the_class() -> None:
    assert figures.connections_of("db.r8g.xlarge") == 2 * figures.connections_of("r8g.large") + 1
    assert figures.connections_of("t4g.medium") == 306


def test_cpu_is_written_in_two_ways() -> None:
    assert [figures.cores(quantity) for quantity in ("500m", "4")] == [0.5, 4]

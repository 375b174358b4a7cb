"""Simulated cells: objectives with planned settings, directions of change, and one message for each
mistake."""

from functools import cache
from pathlib import Path

import pytest

from spotmusic_cdk.settings import Settings
from tests.conftest import sample_of
from tools.capacity.changes import Changes, changed, rewritten
from tools.capacity.plan import PlanError, plan_for
from tools.checkout import ROOT
from tools.gameday.figures import FAILOVER_SECONDS
from tools.simulation import __main__ as command
from tools.simulation.agreement import TOLERANCE, agreements
from tools.simulation.cell import Cell
from tools.simulation.scenarios import Outcome, Scenario, day, scenarios, simulate, simulate_all
from tools.simulation.stations import CacheWarmth, Consumers, Pool

SIZES = (100_000, 1_000_000, 5_000_000)


@cache
def planned(listeners: int) -> Settings:
    return plan_for(sample_of("prod"), listeners).settings


@cache
def outcomes(listeners: int) -> dict[str, Outcome]:
    settings = planned(listeners)
    return {outcome.scenario.name: outcome for outcome in simulate_all(settings, listeners)}


def scenario(name: str) -> Scenario:
    (found,) = (scenario for scenario in scenarios(sample_of("prod")) if scenario.name == name)
    return found


@pytest.mark.parametrize("listeners", SIZES)
def test_planned_cell_holds_its_objectives(listeners: int) -> None:
    assert {
        name: outcome.broken for name, outcome in outcomes(listeners).items() if outcome.broken
    } == {}


@pytest.mark.parametrize("listeners", SIZES)
def test_formulas_agree_with_simulation(listeners: int) -> None:
    found = list(agreements(planned(listeners), listeners, list(outcomes(listeners).values())))
    assert len(found) >= 8
    assert {
        row.what: (row.formula, row.simulated) for row in found if abs(row.difference) > TOLERANCE
    } == {}


def test_cell_is_deterministic_by_seed() -> None:
    first = outcomes(1_000_000)["release"].bad_minutes
    same, other = (
        simulate(planned(1_000_000), 1_000_000, scenario("release"), seed=seed).bad_minutes
        for seed in (1, 2)
    )
    assert first == same != other


@pytest.mark.parametrize(
    ("name", "objective", "change"),
    [
        ("release", "web-api-availability", {("services", "web-api", "scaling", "max"): 20}),
        (
            "consumers stopped",
            "event-lag",
            {("kubernetes", "redpanda", "topics", "events.listening", "partitions"): 3},
        ),
        (
            "cold cache at peak",
            "web-api-latency",
            {("data", "catalogue", "instance_class"): "t4g.medium"},
        ),
        ("day", "login", {("kubernetes", "keycloak", "replicas"): 2}),
    ],
)
def test_smaller_settings_cost_more_minutes(name: str, objective: str, change: Changes) -> None:
    smaller = changed(planned(5_000_000), change)
    assert (
        simulate(smaller, 5_000_000, scenario(name)).bad_minutes[objective]
        > outcomes(5_000_000)[name].bad_minutes[objective]
    )


def test_unplanned_cell_breaks_its_objectives() -> None:
    assert simulate(sample_of("prod"), 20_000_000, scenario("day")).broken


def test_lost_zone_costs_most_without_spare_tasks() -> None:
    few: Changes = {
        ("services", name, "scaling", "max"): tasks
        for name, tasks in outcomes(1_000_000)["day"].moments[0].tasks.items()
    }
    tight = changed(planned(1_000_000), few)
    lost = simulate(tight, 1_000_000, scenario("zone lost at peak"))
    assert (
        lost.bad_minutes["web-api-latency"]
        > outcomes(1_000_000)["zone lost at peak"].bad_minutes["web-api-latency"]
    )


def test_lost_zone_interrupts_logins_until_failover() -> None:
    """An experiment of a zone fails over both databases (stacks/observability/experiments.py)."""
    logins = outcomes(1_000_000)["zone lost at peak"].bad_minutes["login"]
    assert logins == pytest.approx(FAILOVER_SECONDS["database"] / 60, abs=0.1)


def test_day_has_busiest_hour_share() -> None:
    shape = day(sample_of("prod"))
    levels = [shape(second) for second in range(0, 86_400, 60)]
    assert max(levels) == pytest.approx(1)
    assert sum(levels) / len(levels) == pytest.approx(1 / 2.4, abs=0.01)


def test_cell_follows_day_profile() -> None:
    tasks = [moment.tasks["web-api"] for moment in outcomes(1_000_000)["day"].moments]
    assert min(tasks) < max(tasks) / 3


def test_topic_without_events_is_no_mistake() -> None:
    settings = changed(
        planned(1_000_000), {("kubernetes", "redpanda", "topics", "events.sparse", "partitions"): 3}
    )
    found = [
        outcomes(1_000_000)["day"],
        simulate(settings, 1_000_000, scenario("consumers stopped")),
    ]
    assert [
        row.what
        for row in agreements(settings, 1_000_000, found)
        if abs(row.difference) > TOLERANCE
    ] == []


def test_consumers_without_spare_break_objective() -> None:
    settings = changed(
        planned(5_000_000),
        {("kubernetes", "redpanda", "topics", "events.listening", "partitions"): 3},
    )
    stuck = simulate(settings, 5_000_000, scenario("consumers stopped"))
    assert stuck.broken == ["event-lag"]
    assert [
        row.what
        for row in agreements(settings, 5_000_000, [outcomes(5_000_000)["day"], stuck])
        if row.what.startswith("consumers")
    ] == []


def test_cell_without_routed_load_runs() -> None:
    idle: Changes = {
        ("services", name, "load", "per_listener_hour"): 0
        for name, service in planned(1_000_000).services.items()
        if service.route
    }
    assert simulate(changed(planned(1_000_000), idle), 1_000_000, scenario("release")).broken == []


def test_lost_zone_takes_its_replicas() -> None:
    reading: Changes = {
        ("data", "catalogue", "read_replicas"): 3,
        ("data", "catalogue", "master_rotation"): "platform",
    }
    cell = Cell(
        changed(planned(1_000_000), reading), 1_000_000, shape=lambda _: 1.0, seed=1, step=5
    )
    before = cell.database.servers
    cell.lose_zone()
    assert before * 0.7 < cell.database.servers < before * 0.8


def test_pool_queues_excess_requests() -> None:
    pool = Pool(servers=2, per_server=10)
    assert pool.step(300, 10).failed == 0
    assert pool.backlog == 100
    assert pool.step(0, 5).queue_seconds == 0
    assert pool.busy == 1


def test_pool_fails_requests_beyond_patience() -> None:
    pool = Pool(servers=2, per_server=10, patience_seconds=1)
    answers = pool.step(300, 10)
    assert answers.failed == pytest.approx(80 / 300)
    assert answers.late(0.5) == pytest.approx(1)


def test_stopped_consumers_lag_and_catch_up() -> None:
    topic = Consumers(arriving=100, per_second=200)
    topic.stopped = True
    topic.step(6000, 60)
    assert topic.lag_seconds == 60
    topic.stopped = False
    topic.step(6000, 60)
    assert topic.lag_seconds == 0


def test_cold_cache_fills_with_reads() -> None:
    cache = CacheWarmth(objects=1000)
    assert cache.missing == 0
    cache.empty()
    missing = [cache.missing]
    for _ in range(3):
        cache.fill(500)
        missing.append(cache.missing)
    assert missing[0] == pytest.approx(1)
    assert missing == sorted(missing, reverse=True)
    assert missing[-1] < 0.35


@pytest.mark.parametrize("argument", ["0", "-5", "many", "1000000000001"])
def test_simulation_refuses_absurd_listeners(argument: str) -> None:
    with pytest.raises(PlanError, match=f"^LISTENERS={argument}"):
        command.main(["--env", "prod", f"--listeners={argument}"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {("services", "web-api", "load"): {"per_listener_hour": 42, "per_task": 28}},
            "Set capacity.listeners",
        ),
        ({("capacity", "listeners"): 1000}, "no service has load"),
    ],
)
def test_simulation_asks_for_load(changes: Changes, message: str, tmp_path: Path) -> None:
    text = (ROOT / "tests" / "environments" / "dev.yaml").read_text()
    (tmp_path / "dev.yaml").write_text(rewritten(text, changes))
    with pytest.raises(PlanError, match=message):
        command.main(["--env", "dev", "--environments", str(tmp_path)])


def test_simulation_prints_scenarios_and_agreement(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def simulated(settings: Settings, listeners: int, *, seed: int) -> list[Outcome]:
        assert (settings, seed) == (planned(listeners), 1)
        return [*outcomes(listeners).values()]

    monkeypatch.setattr(command, "simulate_all", simulated)
    options = ["--env=prod", "--listeners=100000", f"--environments={ROOT / 'tests/environments'}"]
    assert command.main(options) == 0
    shown = capsys.readouterr().out
    assert "zone lost at peak" in shown
    assert shown.rstrip().endswith("agree within 15%.")

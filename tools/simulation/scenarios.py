"""Scenarios of a cell, with their limits of the error budgets."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from math import cos, pi

import simpy

from spotmusic_cdk.settings import Settings
from spotmusic_constructs.observability.grafana_dashboards.objectives import OBJECTIVES
from tools.gameday.figures import FAILOVER_SECONDS
from tools.simulation.cell import Cell, Moment
from tools.simulation.scaling import START_SECONDS

WARM_SECONDS, FAULT_AT, END = 300, 600, 4200
"""Seconds until a simulation counts, until the fault, and until the end."""
DETECTED_SECONDS = 30
"""Three health checks of ten seconds (constructs/spotmusic_constructs/services/ingress.py)."""
STOPPED_SECONDS, CATCH_UP_SECONDS = 600, 3 * 3600
"""Time without consumers, and time from its start within which they must catch up at peak load."""
RELEASE_FACTOR, RELEASE_SECONDS = 8, 120
COLD_SECONDS, COLD_SHARE = 60, 0.7
"""Time in which new tasks respond slowly, and their share of speed. Assumed until measured."""
BUDGET_DAYS = 30
FAULT_MINUTES = 2.0
"""Maximum bad minutes of a fault or a deployment (docs/slo.md, faults)."""
BUDGET_SHARE = 0.25
"""Maximum share of a 30-day budget for other scenarios; four of them may occur per month."""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """Course of a simulation.

    Args:
        name: name of the scenario.
        shape: load at a second, relative to the busiest minute.
        happen: process that changes the cell; None if only the load changes.
        begins: second from which the time of recovery counts.
        seconds: simulated time.
        step: seconds between two states.
        fault: whether it is a fault or a deployment, with a limit of two minutes; other scenarios
            have a share of the budgets.
    """

    name: str
    shape: Callable[[float], float]
    happen: Callable[[Cell], Generator[simpy.Event]] | None = None
    begins: int = FAULT_AT
    seconds: int = END
    step: int = 5
    fault: bool = False


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Result of a scenario.

    Args:
        scenario: the scenario.
        bad_minutes: minutes without service by objective; a minute with half of the requests bad
            is half a minute.
        p99_seconds: slowest p99 of a step.
        lag_seconds: largest lag of a consumer.
        recovered_minutes: minutes from the fault to the last step with a missed objective; None
            without such a step.
        moments: state after each step.
    """

    scenario: Scenario
    bad_minutes: dict[str, float]
    p99_seconds: float
    lag_seconds: float
    recovered_minutes: float | None
    moments: list[Moment]

    def allowed(self, objective: str) -> float:
        """Return the maximum of bad minutes of the scenario for a service level objective."""
        if self.scenario.fault:
            return FAULT_MINUTES
        return (1 - OBJECTIVES[objective][1]) * BUDGET_DAYS * 24 * 60 * BUDGET_SHARE

    @property
    def broken(self) -> list[str]:
        """Missed objectives: too many bad minutes, or still missed at the end."""
        return [
            name
            for name, minutes in self.bad_minutes.items()
            if minutes > self.allowed(name) + 0.01 or _misses(self.moments[-1], name)
        ]


def scenarios(settings: Settings) -> list[Scenario]:
    """Return all scenarios of an environment."""
    return [
        Scenario(
            name="day",
            shape=day(settings),
            begins=WARM_SECONDS,
            seconds=24 * 3600 + WARM_SECONDS,
            step=60,
        ),
        Scenario(name="release", shape=_release),
        Scenario(name="zone lost at peak", shape=_peak, happen=_zone, fault=True),
        Scenario(name="deployment at peak", shape=_peak, happen=_deployment, fault=True),
        Scenario(
            name="consumers stopped",
            shape=_peak,
            happen=_stopped,
            seconds=FAULT_AT + CATCH_UP_SECONDS,
        ),
        Scenario(name="cold cache at peak", shape=_peak, happen=_cold),
    ]


def simulate(settings: Settings, listeners: int, scenario: Scenario, *, seed: int = 1) -> Outcome:
    """Return the result of a scenario with planned settings."""
    cell = Cell(settings, listeners, shape=scenario.shape, seed=seed, step=scenario.step)
    if scenario.happen:
        cell.world.process(scenario.happen(cell))
    moments = [moment for moment in cell.run(scenario.seconds) if moment.second > WARM_SECONDS]
    missed = [
        moment.second for moment in moments if any(_misses(moment, name) for name in moment.bad)
    ]
    return Outcome(
        scenario=scenario,
        bad_minutes={
            name: sum(moment.bad[name] for moment in moments) * scenario.step / 60
            for name in OBJECTIVES
        },
        p99_seconds=max(moment.p99_seconds for moment in moments),
        lag_seconds=max(moment.lag_seconds for moment in moments),
        recovered_minutes=(missed[-1] - scenario.begins) / 60 if missed else None,
        moments=moments,
    )


def simulate_all(settings: Settings, listeners: int, *, seed: int = 1) -> list[Outcome]:
    """Return the results of all scenarios with planned settings."""
    return [simulate(settings, listeners, scenario, seed=seed) for scenario in scenarios(settings)]


def _misses(moment: Moment, objective: str) -> bool:
    return moment.bad[objective] > 1 - OBJECTIVES[objective][1]


def day(settings: Settings) -> Callable[[float], float]:
    """Return the load of the busiest day, with a mean equal to the busiest hour's share."""
    mean = 100 / 24 / settings.capacity.audience.busiest_hour_percent
    night = max(0.0, (mean - 3 / 8) / (1 - 3 / 8))

    def shape(second: float) -> float:
        evening = (1 + cos(2 * pi * (second / 86_400 - 20 / 24))) / 2
        return night + (1 - night) * evening**2

    return shape


def _peak(second: float) -> float:
    return 1.0


def _release(second: float) -> float:
    risen = min(1.0, max(0.0, (second - FAULT_AT) / RELEASE_SECONDS))
    return (1 + (RELEASE_FACTOR - 1) * risen) / RELEASE_FACTOR


def _zone(cell: Cell) -> Generator[simpy.Event]:
    yield cell.world.timeout(FAULT_AT)
    cell.lose_zone()
    yield cell.world.timeout(DETECTED_SECONDS)
    cell.find_targets()
    yield cell.world.timeout(FAILOVER_SECONDS["database"] - DETECTED_SECONDS)
    cell.find_primaries()


def _deployment(cell: Cell) -> Generator[simpy.Event]:
    """Start new tasks of all services; the old ones stop when the new ones respond."""
    yield cell.world.timeout(FAULT_AT)
    for service in cell.services:
        service.tasks.deploying = True
    yield cell.world.timeout(START_SECONDS)
    speeds = [(service.pool, service.pool.per_server) for service in cell.services]
    for pool, speed in speeds:
        pool.per_server = speed * COLD_SHARE
    yield cell.world.timeout(COLD_SECONDS)
    for pool, speed in speeds:
        pool.per_server = speed
    for service in cell.services:
        service.tasks.deploying = False


def _stopped(cell: Cell) -> Generator[simpy.Event]:
    yield cell.world.timeout(FAULT_AT)
    for topic in cell.topics.values():
        topic.stopped = True
    yield cell.world.timeout(STOPPED_SECONDS)
    for topic in cell.topics.values():
        topic.stopped = False


def _cold(cell: Cell) -> Generator[simpy.Event]:
    yield cell.world.timeout(FAULT_AT)
    cell.cache.empty()

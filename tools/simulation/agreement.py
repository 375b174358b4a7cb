"""Comparison of the plan's formulas with the simulation."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import floor, inf

from spotmusic_cdk.settings import Settings
from tools.capacity.constraints import lost
from tools.load import Load, load_of
from tools.load.queueing import mean_wait
from tools.simulation.cell import LAG_SECONDS
from tools.simulation.requests import mean_response
from tools.simulation.scenarios import CATCH_UP_SECONDS, STOPPED_SECONDS, Outcome

TOLERANCE = 0.15


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Result of both methods.

    Args:
        what: name and unit.
        formula: result of the plan.
        simulated: result of the simulation.
    """

    what: str
    formula: float
    simulated: float

    @property
    def difference(self) -> float:
        """Difference of the simulation relative to the formula."""
        return self.simulated / self.formula - 1


def agreements(
    settings: Settings, listeners: int, outcomes: Sequence[Outcome], *, seed: int = 1
) -> Iterator[Agreement]:
    """Yield the results of both methods.

    Args:
        settings: planned settings.
        listeners: monthly listeners.
        outcomes: results of all scenarios.
        seed: seed of requests.
    """
    load = load_of(settings, listeners)
    by_name = {outcome.scenario.name: outcome for outcome in outcomes}
    day = by_name["day"].moments
    for name, service in load.services.items():
        if service.busy_tasks:
            tasks = max(moment.tasks[name] for moment in day)
            yield Agreement(
                what=f"{name}: tasks in the busiest minute", formula=service.tasks, simulated=tasks
            )
    for name, service in load.services.items():
        left = service.tasks - lost(service.tasks, len(settings.zones))
        if settings.services[name].route and service.busy_tasks < left:
            response = (
                mean_wait(left, service.busy_tasks, service.service_seconds)
                + service.service_seconds
            )
            found = mean_response(
                servers=left,
                load=service.busy_tasks,
                service_seconds=service.service_seconds,
                seed=seed,
            )
            yield Agreement(
                what=f"{name}: ms of an answer without a zone",
                formula=response * 1000,
                simulated=found * 1000,
            )
    recovered = by_name["consumers stopped"].recovered_minutes
    caught_up = _caught_up(settings, load)
    if recovered and caught_up < CATCH_UP_SECONDS:
        yield Agreement(
            what="consumers: minutes until no event is late",
            formula=caught_up / 60,
            simulated=recovered,
        )


def _caught_up(settings: Settings, load: Load) -> float:
    """Seconds from a stop of all consumers until no topic is late.

    Infinite if a topic has no spare partitions.
    """
    per_partition = settings.capacity.events.partition_per_second
    topics = {name: topic for name, topic in load.events.topics.items() if topic.events_per_second}
    spare = min(
        (
            settings.topics[name].partitions * per_partition / topic.events_per_second - 1
            for name, topic in topics.items()
        ),
        default=inf,
    )
    return floor(STOPPED_SECONDS + (STOPPED_SECONDS - LAG_SECONDS) / spare) if spare > 0 else inf

"""Service level objectives of the Web API, measured at the gateway's load balancer."""

from functools import partial

from constructs import Construct

from spotmusic_constructs.observability.alarm import Recipients
from spotmusic_constructs.observability.load_balancer_alarms import error_rate
from spotmusic_constructs.observability.service_level_objective import (
    ServiceLevelObjective,
    slow_share,
)

AVAILABILITY_PERCENT = 99.9
"""Percentage of requests without a server error. It allows 43 minutes of errors a month."""
LATENCY_PERCENT = 99.0
LATENCY_SECONDS = 0.5
"""Response time of the objective. A player that waits longer does not seem responsive."""
RUNBOOK = "web-api-slo"


def web_api_objectives(
    scope: Construct, *, recipients: Recipients, load_balancer: str
) -> list[ServiceLevelObjective]:
    """Create the objectives of availability and latency.

    Args:
        scope: stack of their alarms.
        recipients: topics.
        load_balancer: full name of the gateway's load balancer.
    """
    availability = ServiceLevelObjective(
        scope,
        "Availability",
        recipients=recipients,
        broken="The Web API fails: its requests end in server errors",
        objective_percent=AVAILABILITY_PERCENT,
        bad_percent=partial(error_rate, load_balancer),
        runbook=RUNBOOK,
    )
    latency = ServiceLevelObjective(
        scope,
        "Latency",
        recipients=recipients,
        broken=f"The Web API is slow: its answers take longer than {LATENCY_SECONDS:g} s",
        objective_percent=LATENCY_PERCENT,
        bad_percent=partial(slow_share, load_balancer, LATENCY_SECONDS),
        runbook=RUNBOOK,
    )
    return [availability, latency]

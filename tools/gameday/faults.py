"""Faults of a game day, and their effects on an environment.

Each fault is also an experiment of AWS FIS (stacks/observability/experiments.py).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from spotmusic_cdk.settings import Settings
from tools.gameday import effects, ways
from tools.gameday.scenario import RemainingCapacity, Scenario
from tools.gameday.services import Service
from tools.gameday.workloads import Lost, Workload


@dataclass(frozen=True)
class Fault:
    """Fault of a game day.

    Args:
        name: lost component; the document groups faults by it.
        experiment: experiments with the fault.
        runbook: runbook of the fault.
        effects: remaining capacity.
    """

    name: str
    experiment: tuple[str, ...]
    runbook: str
    effects: Callable[[Scenario], Iterator[RemainingCapacity]]


def faults_of(settings: Settings) -> dict[str, Fault]:
    """Return the faults of an environment by test id."""
    letters = {zone: zone[-1].upper() for zone in settings.zones}
    nodes = tuple(f"BrokerNode{letter}" for letter in letters.values())
    caches = tuple(f"CacheNode{letter}" for letter in letters.values())
    zones = {
        f"zone {zone}": Fault(
            "any one zone", (f"Zone{letter}",), "lost-zone", partial(_zone, zone=zone)
        )
        for zone, letter in letters.items()
    }
    gateways = {
        f"NAT gateway of {zone}": Fault(
            "a NAT gateway",
            ("NatGateway",),
            "lost-nat-gateway",
            partial(ways.without_gateway, zone=zone),
        )
        for zone in letters
    }
    parts = {
        "a node": Fault(
            "any one node", nodes, "lost-node", partial(_pods, lost=Workload.lost_with_node)
        ),
        "a broker of Redpanda": Fault(
            "a broker of Redpanda", ("Redpanda",), "lost-broker", partial(_broker, name="redpanda")
        ),
        "a node of RabbitMQ": Fault(
            "a node of RabbitMQ", ("RabbitMQ",), "lost-broker", partial(_broker, name="rabbitmq")
        ),
    }
    primaries = {
        f"primary of {name}": Fault(
            f"the primary database of {name}",
            (f"{name.capitalize()}Primary",),
            "lost-primary-database",
            partial(_database, name=name),
        )
        for name in ("catalogue", "identity")
    }
    primaries["primary of the cache"] = Fault(
        "the primary of the cache", caches, "lost-primary-cache", effects.of_cache
    )
    versions = {
        f"new version of {name}": Fault(
            "the new version of a service",
            (f"Task-{name}",),
            "failed-deployment",
            partial(_deployment, name=name),
        )
        for name in settings.services
    }
    return zones | gateways | parts | primaries | versions


def _zone(scenario: Scenario, zone: str) -> Iterator[RemainingCapacity]:
    yield from _pods(scenario, Workload.lost_with_zone)
    for service in scenario.services:
        yield from effects.of_service(service, service.lost_with_zone(service.at_peak))
    for database in scenario.databases.values():
        yield effects.of_standby(database)
    yield from effects.of_catalogue(scenario, stale_zone=True)
    yield effects.of_identity(scenario)
    yield from effects.of_cache(scenario)
    yield from ways.without_zone(scenario, zone)


def _pods(scenario: Scenario, lost: Lost) -> Iterator[RemainingCapacity]:
    gone = {
        name: lost(workload, scenario.zones, workload.replicas)
        for name, workload in scenario.workloads.items()
    }
    for name, workload in scenario.workloads.items():
        yield from effects.of_workload(workload, gone[name])
    yield effects.of_gateway(scenario, lost)
    yield effects.of_logins(scenario, gone["keycloak"])
    yield from effects.of_events(scenario, gone["redpanda"])
    yield from effects.of_queues(scenario, gone["rabbitmq"])


def _broker(scenario: Scenario, name: str) -> Iterator[RemainingCapacity]:
    yield from effects.of_workload(scenario.workloads[name], 1)
    yield from (
        effects.of_events(scenario, 1) if name == "redpanda" else effects.of_queues(scenario, 1)
    )


def _database(scenario: Scenario, name: str) -> Iterator[RemainingCapacity]:
    yield effects.of_standby(scenario.databases[name])
    if name == "catalogue":
        yield from effects.of_catalogue(scenario)
    else:
        yield effects.of_identity(scenario)


def _deployment(scenario: Scenario, name: str) -> Iterator[RemainingCapacity]:
    (service,) = (service for service in scenario.services if service.name == name)
    yield from old_version(service)
    # CloudFormation deploys all services at the same time.
    yield from effects.of_catalogue(scenario, deployments=2)


def old_version(service: Service) -> Iterator[RemainingCapacity]:
    """Remaining capacity of the old version while the new one fails, and the automatic rollback."""
    deployment = service.resource["DeploymentConfiguration"]
    kept = service.at_peak * deployment["MinimumHealthyPercent"] // 100
    yield from effects.of_service(service, service.at_peak - kept)
    breaker: Mapping[str, bool] = deployment.get("DeploymentCircuitBreaker", {})
    returns = int(breaker.get("Enable") is True and breaker.get("Rollback") is True)
    fix = "Enable the circuit breaker and its rollback."
    yield RemainingCapacity(service.name, "rollbacks", left=returns, needed=1, fix=fix)
    if service.settings.deployment == "blue_green" and service.settings.route:
        alarms = deployment.get("Alarms", {})
        watched = int(
            alarms.get("Enable") is True
            and alarms.get("Rollback") is True
            and bool(alarms.get("AlarmNames"))
        )
        fix = "Add an alarm on failed requests that shifts the route back."
        yield RemainingCapacity(
            service.name, "alarms that shift the route back", left=watched, needed=1, fix=fix
        )
        bakes = deployment.get("BakeTimeInMinutes") or 0
        fix = "Keep the old version for five minutes or more."
        yield RemainingCapacity(
            service.name, "minutes that the old version waits", left=bakes, needed=5, fix=fix
        )

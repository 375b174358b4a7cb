"""The faults of a game day, and what each leaves of an environment. Each is an experiment of AWS FIS
too (stacks/observability/experiments.py)."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from spotmusic_cdk.settings import Settings
from tests.gameday import consequences as left
from tests.gameday import ways
from tests.gameday.left import Left
from tests.gameday.services import Service
from tests.gameday.world import World


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Something that is lost.

    Args:
        name: what is lost, as the document calls it; faults of one name stand in one section.
        experiment: experiments by which it is practised.
        runbook: runbook of it.
        consequences: what it leaves.
    """

    name: str
    experiment: tuple[str, ...]
    runbook: str
    consequences: Callable[[World], Iterator[Left]]


def faults_of(settings: Settings) -> dict[str, Fault]:
    """Every fault of an environment by the name of its test."""
    found: dict[str, Fault] = {}
    for zone in settings.zones:
        letter = zone[-1].upper()
        found[f"zone {zone}"] = Fault(
            name="any one zone",
            experiment=(f"Zone{letter}",),
            runbook="lost-zone",
            consequences=partial(_zone, zone=zone),
        )
        found[f"NAT gateway of {zone}"] = Fault(
            name="a NAT gateway",
            experiment=("NatGateway",),
            runbook="lost-nat-gateway",
            consequences=partial(ways.without_gateway, zone=zone),
        )
    found["a node"] = Fault(name="any one node", experiment=_of_each_zone("BrokerNode", settings), runbook="lost-node", consequences=_node)
    found["a broker of Redpanda"] = Fault(
        name="a broker of Redpanda", experiment=("Redpanda",), runbook="lost-broker", consequences=partial(_broker, name="redpanda")
    )
    found["a node of RabbitMQ"] = Fault(
        name="a node of RabbitMQ", experiment=("RabbitMQ",), runbook="lost-broker", consequences=partial(_broker, name="rabbitmq")
    )
    for name in ("catalogue", "identity"):
        found[f"primary of {name}"] = Fault(
            name=f"the primary database of {name}",
            experiment=(f"{name.capitalize()}Primary",),
            runbook="lost-primary-database",
            consequences=partial(_database, name=name),
        )
    found["primary of the cache"] = Fault(
        name="the primary of the cache",
        experiment=_of_each_zone("CacheNode", settings),
        runbook="lost-primary-cache",
        consequences=_cache,
    )
    for name in settings.services:
        found[f"new version of {name}"] = Fault(
            name="the new version of a service",
            experiment=(f"Task-{name}",),
            runbook="failed-deployment",
            consequences=partial(_deployment, name=name),
        )
    return found


def _of_each_zone(name: str, settings: Settings) -> tuple[str, ...]:
    return tuple(f"{name}{zone[-1].upper()}" for zone in settings.zones)


def _zone(world: World, zone: str) -> Iterator[Left]:
    for workload in world.workloads.values():
        yield from left.of_workload(workload, workload.lost_with_zone(world.zones))
    yield left.of_gateway(world)
    yield left.of_logins(world, world.workloads["keycloak"].lost_with_zone(world.zones))
    yield from left.of_events(world, world.workloads["redpanda"].lost_with_zone(world.zones))
    yield from left.of_queues(world, world.workloads["rabbitmq"].lost_with_zone(world.zones))
    for service in world.services:
        yield from left.of_service(service, service.lost_with_zone(service.at_peak))
    for database in world.databases.values():
        yield left.of_standby(database)
    yield left.of_catalogue(world, stale_zone=True)
    yield left.of_identity(world)
    yield left.of_cache(world)
    yield from ways.without_zone(world, zone)


def _node(world: World) -> Iterator[Left]:
    for workload in world.workloads.values():
        yield from left.of_workload(workload, workload.lost_with_node(world.zones))
    yield left.of_gateway(world, by_node=True)
    yield left.of_logins(world, world.workloads["keycloak"].lost_with_node(world.zones))
    yield from left.of_events(world, world.workloads["redpanda"].lost_with_node(world.zones))
    yield from left.of_queues(world, world.workloads["rabbitmq"].lost_with_node(world.zones))


def _broker(world: World, name: str) -> Iterator[Left]:
    yield from left.of_workload(world.workloads[name], 1)
    yield from left.of_events(world, 1) if name == "redpanda" else left.of_queues(world, 1)


def _database(world: World, name: str) -> Iterator[Left]:
    yield left.of_standby(world.databases[name])
    yield left.of_catalogue(world) if name == "catalogue" else left.of_identity(world)


def _cache(world: World) -> Iterator[Left]:
    yield left.of_cache(world)


def _deployment(world: World, name: str) -> Iterator[Left]:
    (service,) = (service for service in world.services if service.name == name)
    yield from old_version(service)
    # CloudFormation deploys all services at once.
    yield left.of_catalogue(world, deployments=2)


def old_version(service: Service) -> Iterator[Left]:
    """What the old version still carries while the new one fails, and that it gets everything back."""
    said = service.resource["DeploymentConfiguration"]
    kept = service.at_peak * said["MinimumHealthyPercent"] // 100
    yield from left.of_service(service, service.at_peak - kept)
    breaker: Mapping[str, bool] = said.get("DeploymentCircuitBreaker", {})
    returns = int(breaker.get("Enable") is True and breaker.get("Rollback") is True)
    fix = "Turn the circuit breaker and its rollback on."
    yield Left(component=service.name, what="ways back", left=returns, needed=1, fix=fix)
    if service.settings.deployment == "blue_green" and service.settings.route:
        alarms = said.get("Alarms", {})
        watched = int(alarms.get("Enable") is True and alarms.get("Rollback") is True and bool(alarms.get("AlarmNames")))
        fix = "Let an alarm on failed requests take the route back."
        yield Left(component=service.name, what="alarms that take the route back", left=watched, needed=1, fix=fix)
        bakes = said.get("BakeTimeInMinutes") or 0
        fix = "Keep the old version for five minutes and more."
        yield Left(component=service.name, what="minutes that the old version waits", left=bakes, needed=5, fix=fix)

"""Remaining capacity of each component after the loss of some of its parts."""

from collections.abc import Iterator
from math import ceil
from typing import Any

import yaml

from tools.gameday import figures
from tools.gameday.scenario import RemainingCapacity, Scenario
from tools.gameday.services import Service
from tools.gameday.workloads import Lost, Workload
from tools.model.assembly import Resource
from tools.model.values import cores

QUORUMS = ("redpanda", "rabbitmq")
MAY_PAUSE = {
    "kube-state-metrics": (
        "Cluster metrics are missing until it runs elsewhere, and their alerts fire as absent."
    ),
    "monitoring-operator": "Prometheus continues; only changes of its configuration are delayed.",
}
"""Workloads that may be unavailable until Kubernetes restarts them elsewhere, and the effect."""


def of_workload(workload: Workload, lost: int) -> Iterator[RemainingCapacity]:
    """Remaining pods after a loss: a majority of quorum components, otherwise at least one."""
    if workload.name in MAY_PAUSE:
        return
    needed = workload.replicas // 2 + 1 if workload.name in QUORUMS else 1
    fix = (
        "Raise its replicas, and spread them over zones (DoNotSchedule, nodeTaintsPolicy Honor) "
        "and nodes."
    )
    what = "quorum members" if workload.name in QUORUMS else "pods"
    yield RemainingCapacity(
        workload.name, what, left=workload.replicas - lost, needed=needed, fix=fix
    )


def of_gateway(scenario: Scenario, lost: Lost) -> RemainingCapacity:
    """Remaining capacity of Kong: the pods of the busiest minute without the lost ones."""
    kong, load = scenario.workloads["kong"], scenario.load.gateway
    scaling: Any = scenario.values("kong")["autoscaling"]
    per_pod = cores(kong.cores) * scenario.settings.capacity.requests.gateway_per_core
    held = per_pod * scaling["metrics"][0]["resource"]["target"]["averageUtilization"] / 100
    pods = min(
        max(scaling["minReplicas"], ceil(load.requests_per_second / held)), scaling["maxReplicas"]
    )
    fix = "Raise kubernetes.kong.max_replicas, or lower the average of its scaling."
    needed = round(load.requests_per_second, 1)
    return RemainingCapacity(
        "kong",
        "requests/s",
        left=(pods - lost(kong, scenario.zones, pods)) * per_pod,
        needed=needed,
        fix=fix,
    )


def of_logins(scenario: Scenario, lost: int) -> RemainingCapacity:
    keycloak = scenario.workloads["keycloak"]
    left = (keycloak.replicas - lost) * cores(keycloak.cores)
    fix = "Raise kubernetes.keycloak.replicas."
    needed = round(scenario.load.identity.cores, 2)
    return RemainingCapacity(
        "keycloak", "cores for logins and tokens", left=left, needed=needed, fix=fix
    )


def of_events(scenario: Scenario, lost: int) -> Iterator[RemainingCapacity]:
    """Remaining write throughput of the brokers, with replicas, and majority of every topic.

    Brokers have a zone, and spread the replicas of a partition over zones.
    """
    left = scenario.workloads["redpanda"].replicas - lost
    parameters: Any = next(
        manifest["parameters"] for _, manifest in scenario.cluster.of_kind("StorageClass")
    )
    volume = float(parameters.get("throughput", figures.GP3_MIB_PER_SECOND))
    topics: Any = scenario.values("redpanda-access")["topics"]
    copies = max(topic["replication"] for topic in topics.values())
    needed = round(scenario.load.events.written_mib_per_second * min(copies, left), 1)
    fix = "Give volumes more throughput (charts/ground, StorageClass), or add brokers."
    yield RemainingCapacity(
        "redpanda", "MiB/s to disk", left=round(left * volume), needed=needed, fix=fix
    )
    for name, topic in topics.items():
        replicas = topic["replication"]
        gone = min(lost, ceil(replicas / scenario.zones))
        fix = f"Set kubernetes.redpanda.topics.{name}.replication to 3."
        yield RemainingCapacity(
            f"topic {name}",
            "quorum members",
            left=replicas - gone,
            needed=replicas // 2 + 1,
            fix=fix,
        )


def of_queues(scenario: Scenario, lost: int) -> Iterator[RemainingCapacity]:
    """Majority of every queue; quorum queues have a replica on each node, others only one."""
    nodes = scenario.workloads["rabbitmq"].replicas
    for _, queue in scenario.cluster.of_kind("Queue"):
        quorum = queue["spec"].get("type") == "quorum"
        replicas = nodes if quorum else 1
        name = f"queue {queue['spec'].get('name', queue['metadata']['name'])}"
        fix = "Make it a quorum queue."
        yield RemainingCapacity(
            name, "quorum members", left=replicas - lost, needed=replicas // 2 + 1, fix=fix
        )


def of_service(service: Service, lost: int) -> Iterator[RemainingCapacity]:
    """Remaining capacity of the tasks at full CPU, before scaling replaces lost tasks."""
    if service.settings.load is None:
        fix = f"Declare services.{service.name}.load."
        yield RemainingCapacity(service.name, "declared loads", left=0, needed=1, fix=fix)
        return
    fix = (
        f"Lower services.{service.name}.scaling.cpu_percent or requests_per_target, "
        "so that more tasks share the load."
    )
    left = (service.at_peak - lost) * service.cpu
    yield RemainingCapacity(service.name, "cpu units", left=left, needed=service.peak_cpu, fix=fix)
    fix = f"Raise services.{service.name}.scaling.max to the tasks of the busiest minute."
    yield RemainingCapacity(
        service.name, "maximum tasks", left=service.most, needed=service.load.tasks, fix=fix
    )


def of_catalogue(
    scenario: Scenario, *, stale_zone: bool = False, deployments: int = 1
) -> Iterator[RemainingCapacity]:
    """Compare the connections of the services with the limits of the instance and of its replicas.

    Services that only read connect to the replicas, and to the instance if none is left.

    Args:
        scenario: the environment.
        stale_zone: whether the database still holds open connections of a lost zone's tasks.
        deployments: versions that run at the same time.
    """
    fix = "Lower services.<name>.database_connections, or use a larger instance_class."
    readers = len(scenario.readers) - (
        ceil(len(scenario.readers) / scenario.zones) if stale_zone else 0
    )
    needed = {"primary": 0.0, "replicas": 0.0}
    for service in scenario.services:
        tasks = service.most * deployments + (
            service.lost_with_zone(service.most) if stale_zone else 0
        )
        place = "replicas" if readers and service.only_reads else "primary"
        needed[place] += tasks * (
            float("inf") if service.connections is None else service.connections
        )
    primary = scenario.databases["catalogue"]
    yield _connections(primary, needed["primary"], fix)
    if readers:
        admitted = readers * figures.connections_of(str(primary["DBInstanceClass"]))
        fix = "Raise data.catalogue.read_replicas, or lower services.<name>.database_connections."
        yield RemainingCapacity(
            "catalogue replicas", "connections", left=admitted, needed=needed["replicas"], fix=fix
        )


def of_identity(scenario: Scenario) -> RemainingCapacity:
    """Return the connections of Keycloak and Grafana."""
    grafana: Any = scenario.values("monitoring")["grafana"]
    keycloak: Any = yaml.safe_load(str(scenario.values("keycloak")["extraEnv"]))
    environment = {variable["name"]: variable.get("value") for variable in keycloak}
    pools = {
        "keycloak": float(environment.get("KC_DB_POOL_MAX_SIZE") or 100),
        # Grafana's default is unlimited.
        "grafana": float(grafana["grafana.ini"]["database"].get("max_open_conn") or "inf"),
    }
    needed = sum(scenario.workloads[name].replicas * pool for name, pool in pools.items())
    return _connections(
        scenario.databases["identity"],
        needed,
        "Limit the pools of Keycloak (KC_DB_POOL_MAX_SIZE) and Grafana (max_open_conn).",
    )


def _connections(database: Resource, needed: float, fix: str) -> RemainingCapacity:
    admitted = figures.connections_of(str(database["DBInstanceClass"]))
    return RemainingCapacity(
        f"{database.tags['Component']} database",
        "connections",
        left=admitted,
        needed=needed,
        fix=fix,
    )


def of_standby(database: Resource) -> RemainingCapacity:
    subnets = database.target("DBSubnetGroupName")
    zones = (
        {subnet["AvailabilityZone"] for subnet in subnets.targets("SubnetIds")}
        if subnets
        else set()
    )
    standby = int(database["MultiAZ"] is True and len(zones) > 1)
    name = f"{database.tags['Component']} database"
    return RemainingCapacity(name, "standbys", left=standby, needed=1, fix="Set multi_az.")


def of_cache(scenario: Scenario) -> Iterator[RemainingCapacity]:
    """Remaining cache nodes after the loss of the primary's zone; 0 without automatic failover."""
    cache = scenario.cache
    takes_over = cache["AutomaticFailoverEnabled"] is True and cache["MultiAZEnabled"] is True
    nodes = (cache["ReplicasPerNodeGroup"] or 0) + 1
    left = (nodes - ceil(nodes / scenario.zones)) * takes_over
    fix = "Set data.cache.replicas to 1 or more, with failover."
    yield RemainingCapacity("cache", "nodes", left=left, needed=1, fix=fix)

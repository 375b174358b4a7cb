"""Sizes, numbers and limits in the templates equal the environment file: they decide cost and
capacity.
"""

from spotmusic_cdk import versions
from tests.properties.promise import Verdicts, rule
from tests.properties.scaling import (
    TRACKING,
    counts_messages,
    counts_requests,
    on_cpu,
    policies,
    scaled,
)
from tests.properties.services import services_of
from tests.properties.test_ecs import FARGATE_STOPS_AFTER
from tools.model.assembly import Assembly
from tools.model.values import at

UNUSED_MIB = 256
"""Maximum memory of a task outside its container, for the Service Connect proxy under load."""


@rule
def test_task_sizes_match_settings(platform: Assembly) -> Verdicts:
    for service in services_of(platform):
        asked, definition = service.settings, service.definition
        size = (definition["Cpu"], definition["Memory"])
        yield (
            definition,
            size == (str(asked.cpu), str(asked.memory)),
            f"The file asks for {asked.cpu} cpu units and {asked.memory} MiB.",
        )
        left = asked.memory - int(service.container.get("Memory") or 0)
        yield (
            definition,
            left <= UNUSED_MIB,
            f"{left} MiB are paid for and unused. Raise the limits.",
        )
        for target in scaled(service):
            yield (
                target,
                target["MinCapacity"] == asked.scaling.min,
                f"The file asks for {asked.scaling.min} tasks at least.",
            )
        for policy in policies(service):
            held = policy[f"{TRACKING}.TargetValue"]
            if on_cpu(policy):
                wanted: int | None = asked.scaling.cpu_percent
            elif counts_requests(service, policy):
                wanted = asked.requests_per_target
            else:
                wanted = (
                    asked.scaling.messages_per_task if counts_messages(service, policy) else None
                )
            yield policy, held == wanted, f"It holds {held}, and the file asks for {wanted}."


@rule
def test_tasks_register_port_and_name(platform: Assembly) -> Verdicts:
    (namespace,) = platform.some("AWS::ServiceDiscovery::PrivateDnsNamespace")
    yield (
        namespace,
        namespace.text("Name") == f"svc.{platform.settings.private_domain}",
        "Prometheus looks for tasks in svc of the zone.",
    )
    for service in services_of(platform):
        asked = service.settings
        resource, container, port = service.resource, service.container, asked.port
        cluster = resource.target("Cluster")
        yield (
            resource,
            cluster is not None and cluster.type == "AWS::ECS::Cluster",
            "Run it in our cluster: the default one is another.",
        )
        holds = container.get("Essential") is not False
        yield (
            resource,
            holds,
            "Make the container essential: the task ends with it, and ECS starts another.",
        )
        mapped = {
            mapping["ContainerPort"]: mapping.get("Name")
            for mapping in container.get("PortMappings", [])
        }
        yield (
            service.definition,
            set(mapped) == ({port} if port else set()),
            f"It listens on {port}, and nowhere else.",
        )
        offered = {
            at(endpoint, "PortName")
            for endpoint in resource["ServiceConnectConfiguration.Services"] or []
        }
        yield (
            resource,
            offered == set(mapped.values()),
            "Offer by Service Connect the port that the container names.",
        )
        joined = resource.text("ServiceConnectConfiguration.Namespace") in (
            namespace.text("Name"),
            f"${{{namespace.stack}/{namespace.id}.Arn}}",
        )
        yield resource, joined, "Set the namespace, in which it finds other services."
        found = {
            registry["Name"]
            for index in range(len(resource["ServiceRegistries"] or []))
            if (registry := resource.target(f"ServiceRegistries.{index}.RegistryArn"))
        }
        yield (
            resource,
            found == ({service.name} if port else set()),
            "Register its tasks in DNS: Prometheus finds them there.",
        )
        for number, balancer in enumerate(resource["LoadBalancers"] or []):
            same = (balancer.get("ContainerName"), balancer.get("ContainerPort")) == (
                container["Name"],
                port,
            )
            yield (
                f"{resource.name} load balancer {number}",
                same,
                f"Register port {port} of its container.",
            )
        if str(service.text(container["Image"])).endswith(
            versions.BOOTSTRAP_IMAGE.partition("/")[2]
        ):
            command = " ".join([*container.get("EntryPoint", []), *container.get("Command", [])])
            yield (
                service.definition,
                f"location = {asked.health_path} " in command,
                "Serve the health path in the placeholder.",
            )
        if service.target_groups:
            start, grace = (
                at(container, "HealthCheck.StartPeriod") or 0,
                resource["HealthCheckGracePeriodSeconds"] or 0,
            )
            holds = start <= grace <= 2 * FARGATE_STOPS_AFTER
            yield (
                resource,
                holds,
                (
                    f"It may take {start} s to start, but is killed after {grace} s. "
                    "Raise the grace period."
                ),
            )


@rule
def test_load_balancers_reserve_configured_capacity(platform: Assembly) -> Verdicts:
    asked = platform.settings.network.load_balancer_units
    for balancer in platform.some("AWS::ElasticLoadBalancingV2::LoadBalancer"):
        wanted = asked if balancer["Type"] == "application" else None
        yield (
            balancer,
            balancer["MinimumLoadBalancerCapacity.CapacityUnits"] == wanted,
            f"The file asks for {wanted} capacity units.",
        )


@rule
def test_engines_are_as_large_as_asked(platform: Assembly) -> Verdicts:
    data = platform.settings.data
    for name, asked in (("Catalogue", data.catalogue), ("Identity", data.identity)):
        (database,) = (
            database
            for database in platform.some("AWS::RDS::DBInstance")
            if database.name == f"data/{name}Instance"
        )
        yield (
            database,
            database["DBInstanceClass"] == f"db.{asked.instance_class}",
            f"The file asks for {asked.instance_class}.",
        )
        room = (int(database["AllocatedStorage"] or 0), database["MaxAllocatedStorage"])
        holds = room == (asked.storage_gib, asked.max_storage_gib)
        yield (
            database,
            holds,
            f"The file asks for {asked.storage_gib} to {asked.max_storage_gib} GiB.",
        )
        # RDS keeps a week, whole months, or two years (Amazon RDS user guide, Database Insights).
        # The advanced mode requires 465 days.
        looked_into = database["PerformanceInsightsRetentionPeriod"] or 7
        offered = {7, 465, 731, *range(31, 731, 31)}
        fits = looked_into in offered and (looked_into >= 465) == (
            database["DatabaseInsightsMode"] == "advanced"
        )
        yield (
            database,
            fits,
            f"Database Insights does not keep {looked_into} days, or not in its mode.",
        )


@rule
def test_caches_are_as_large_as_asked(platform: Assembly) -> Verdicts:
    asked = platform.settings.data.cache
    caches = platform.some("AWS::ElastiCache::ReplicationGroup")
    yield (
        "caches",
        len(caches) == 1 + len(asked.own),
        f"The file asks for one that clients share, and {len(asked.own)} of single clients.",
    )
    for cache in caches:
        yield (
            cache,
            cache["CacheNodeType"] == asked.node_type,
            f"The file asks for {asked.node_type}.",
        )
        yield (
            cache,
            cache["ReplicasPerNodeGroup"] == asked.replicas,
            f"The file asks for {asked.replicas} replicas.",
        )
        yield (
            cache,
            cache["SnapshotRetentionLimit"] == asked.snapshot_retention_days,
            "The file asks for other days of snapshots.",
        )

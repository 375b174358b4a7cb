"""CloudWatch alarms of the gateway, the brokers, the cluster, the NAT gateways and the services."""

from constructs import Construct

from spotmusic_constructs.observability.alarm import MetricSource, Recipients
from spotmusic_constructs.observability.kubernetes_alarms import KubernetesAlarms
from spotmusic_constructs.observability.load_balancer_alarms import (
    ApplicationLoadBalancerAlarms,
    NetworkLoadBalancerAlarms,
)
from spotmusic_constructs.observability.nat_alarms import NatGatewayAlarms
from spotmusic_constructs.observability.queue_alarms import QueueAlarms, QueueWatch
from spotmusic_constructs.observability.restart_alarms import RestartAlarms
from spotmusic_constructs.observability.service_alarms import ServiceAlarms
from spotmusic_constructs.services.queue_depth import waiting_messages
from spotmusic_constructs.services.weekly_restart import WeeklyRestart
from stacks.observability import target_groups
from stacks.observability.components import Components


def entry_alarms(scope: Construct, components: Components, recipients: Recipients) -> None:
    """Create the alarms of the gateway, the brokers, the cluster and the NAT gateways."""
    settings, eks = components.settings, components.eks_platform
    kong = target_groups.kong(
        components.network.gateway.target_group, replicas=settings.kubernetes.kong.min_replicas
    )
    brokers = target_groups.brokers(eks.brokers, counted=bool(watched_queues(components)))
    ApplicationLoadBalancerAlarms(
        scope,
        "GatewayAlarms",
        recipients=recipients,
        name="gateway",
        load_balancer_full_name=components.gateway,
        target_groups={"Kong": kong},
    )
    NetworkLoadBalancerAlarms(
        scope,
        "BrokerAlarms",
        recipients=recipients,
        name="brokers",
        load_balancer_full_name=components.brokers,
        target_groups=brokers,
    )
    KubernetesAlarms(
        scope, "KubernetesAlarms", recipients=recipients, cluster_name=components.kubernetes_cluster
    )
    NatGatewayAlarms(
        scope, "NatAlarms", recipients=recipients, nat_gateway_ids=components.nat_gateways
    )


def service_alarms(scope: Construct, components: Components, recipients: Recipients) -> None:
    """Create the alarms of services, their load balancer and queues, and the weekly restart.

    The restart is in this stack because forty services fill the stack `ecs-services`.
    """
    ApplicationLoadBalancerAlarms(
        scope,
        "ServicesAlarms",
        recipients=recipients,
        name="services",
        load_balancer_full_name=components.services_load_balancer,
        # A blue/green deployment replaces the target group. The alarm on running tasks covers lost
        # targets.
        target_groups={},
    )
    services, cluster_name = components.services, components.services_cluster
    for name, service_name in services.items():
        ServiceAlarms(
            scope,
            f"Service-{name}",
            recipients=recipients,
            name=name,
            cluster_name=cluster_name,
            service_name=service_name,
        )
    QueueAlarms(scope, "QueueAlarms", recipients=recipients, queues=watched_queues(components))
    if services:
        group = WeeklyRestart(
            scope, "WeeklyRestart", cluster=components.ecs_services.cluster, service_names=services
        ).group
        RestartAlarms(scope, "RestartAlarms", recipients=recipients, group_name=group.ref)


def watched_queues(components: Components) -> dict[str, QueueWatch]:
    """Return the queues by which services scale.

    The limit is the number of messages for the maximum number of tasks of the service.
    """
    queues = {}
    for name, service in components.settings.services.items():
        if service.scaling.messages_per_task:
            limit = service.scaling.messages_per_task * service.scaling.max
            queue = waiting_messages(components.settings.name, name)
            metric = MetricSource(
                namespace=queue.namespace,
                name=queue.metric_name,
                dimensions=queue.dimensions,
                statistic="Maximum",
            )
            queues[name] = QueueWatch(
                metric=metric, messages={"warning": limit, "critical": 10 * limit}
            )
    return queues

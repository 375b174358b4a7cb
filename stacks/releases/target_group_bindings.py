"""Release of the target group bindings."""

from collections.abc import Sequence

from constructs import IDependable

from spotmusic_constructs.gateway.kong_values import PROXY_PORT
from spotmusic_constructs.kubernetes.bindings import Binding, Bindings, broker_bindings
from spotmusic_constructs.kubernetes.helm_release import LocalChart
from spotmusic_constructs.messaging.rabbitmq import AMQPS_PORT, MANAGEMENT_PORT
from spotmusic_constructs.streaming import redpanda_values as redpanda
from stacks.releases.release_context import CHARTS, ReleaseContext


def bind(context: ReleaseContext, *, after: Sequence[IDependable]) -> Bindings:
    """Register pods with the load balancers, after their Services."""
    brokers = context.brokers
    bindings = [
        Binding(
            # The target group of a binding is immutable. The binding `kong` of version 0.1.0 had
            # another.
            name="gateway",
            namespace="kong",
            service="kong-proxy",
            port=PROXY_PORT,
            target_group_arn=context.network.gateway.target_group.target_group_arn,
        ),
        *broker_bindings(
            namespace="redpanda",
            statefulset="redpanda",
            port=redpanda.EXTERNAL_PORT,
            labels=redpanda.LABELS,
            bootstrap=brokers.kafka_bootstrap.target_group_arn,
            brokers=[group.target_group_arn for group in brokers.kafka_brokers],
        ),
        Binding(
            name="redpanda-schema-registry",
            namespace="redpanda",
            service="redpanda-schema-registry",
            port=redpanda.SCHEMA_REGISTRY_EXTERNAL_PORT,
            target_group_arn=brokers.schema_registry.target_group_arn,
            selector=redpanda.LABELS,
        ),
        Binding(
            name="rabbitmq-amqp",
            namespace="rabbitmq",
            service="rabbitmq",
            port=AMQPS_PORT,
            target_group_arn=brokers.amqp.target_group_arn,
        ),
    ]
    if brokers.management:
        bindings.append(
            Binding(
                name="rabbitmq-management",
                namespace="rabbitmq",
                service="rabbitmq",
                port=MANAGEMENT_PORT,
                target_group_arn=brokers.management.target_group_arn,
            )
        )
    return Bindings(
        context.stack,
        "Bindings",
        cluster=context.cluster,
        chart=LocalChart(path=CHARTS / "bindings"),
        bindings=bindings,
        after=after,
    )

"""What joins pods to the load balancers of the platform."""

from collections.abc import Sequence

from constructs import IConstruct

from spotmusic_cdk import flows
from spotmusic_constructs.kubernetes.bindings import Binding, Bindings, broker_bindings
from spotmusic_constructs.kubernetes.helm_release import LocalChart
from spotmusic_constructs.streaming.redpanda import LABELS as REDPANDA_LABELS
from stacks.releases.site import CHARTS, Site


def bind(site: Site, *, after: Sequence[IConstruct]) -> Bindings:
    """Joins pods to the load balancers, once their Services are there."""
    brokers = site.brokers
    bindings = [
        Binding(
            name="kong",
            namespace="kong",
            service="kong-proxy",
            port=flows.KONG_PROXY,
            target_group_arn=site.gateway.target_group.target_group_arn,
        ),
        *broker_bindings(
            namespace="redpanda",
            statefulset="redpanda",
            port=flows.KAFKA_EXTERNAL_LISTENER,
            labels=REDPANDA_LABELS,
            bootstrap=brokers.kafka_bootstrap.target_group_arn,
            brokers=[group.target_group_arn for group in brokers.kafka_brokers],
        ),
        Binding(
            name="redpanda-schema-registry",
            namespace="redpanda",
            service="redpanda-schema-registry",
            port=flows.SCHEMA_REGISTRY_EXTERNAL_LISTENER,
            target_group_arn=brokers.schema_registry.target_group_arn,
            selector=REDPANDA_LABELS,
        ),
        Binding(
            name="rabbitmq-amqp",
            namespace="rabbitmq",
            service="rabbitmq",
            port=flows.AMQPS,
            target_group_arn=brokers.amqp.target_group_arn,
        ),
    ]
    if brokers.management:
        bindings.append(
            Binding(
                name="rabbitmq-management",
                namespace="rabbitmq",
                service="rabbitmq",
                port=flows.RABBITMQ_MANAGEMENT,
                target_group_arn=brokers.management.target_group_arn,
            )
        )
    return Bindings(
        site.stack, "Bindings", cluster=site.cluster, chart=LocalChart(path=CHARTS / "bindings"), bindings=bindings, after=after
    )

"""Target groups of the gateway and the brokers, with the texts and runbooks of their alarms."""

from aws_cdk import aws_elasticloadbalancingv2 as elbv2

from spotmusic_constructs.observability.load_balancer_alarms import WatchedTargets
from spotmusic_constructs.streaming.broker_load_balancer import BrokerLoadBalancer


def kong(group: elbv2.ApplicationTargetGroup, *, replicas: int) -> WatchedTargets:
    """Return the pods of the gateway. One of them may be missing."""
    least = replicas - 1
    return WatchedTargets(
        group=group.target_group_full_name,
        lost=(
            f"Kong: fewer than {least} of its pods answer. "
            "When none does, the whole API and all logins are down."
        ),
        failing="Kong: a pod fails its health checks; the others answer.",
        runbook="kong#no-pod-answers",
        minimum_healthy=least,
    )


def brokers(load_balancer: BrokerLoadBalancer, *, counted: bool) -> dict[str, WatchedTargets]:
    """Return the target groups of both brokers by a CamelCase name.

    Args:
        load_balancer: load balancer of the brokers.
        counted: True if services scale by the depth of a queue, which requires the management API
            of RabbitMQ.
    """
    others = " The others continue." if len(load_balancer.kafka_brokers) > 1 else ""
    redpanda = {
        "Kafka": WatchedTargets(
            group=load_balancer.kafka_bootstrap.target_group_full_name,
            lost="Redpanda: no broker answers. Services can neither send nor read events.",
            failing="Redpanda: a broker does not answer on the bootstrap listener; the others do.",
            runbook="redpanda",
        ),
        **{
            f"Broker{ordinal}": WatchedTargets(
                group=group.target_group_full_name,
                lost=f"Redpanda: broker redpanda-{ordinal} does not answer.{others}",
                failing=f"Redpanda: broker redpanda-{ordinal} fails its health checks.{others}",
                runbook="lost-broker",
                severity="warning",
            )
            for ordinal, group in enumerate(load_balancer.kafka_brokers)
        },
        "SchemaRegistry": WatchedTargets(
            group=load_balancer.schema_registry.target_group_full_name,
            lost=(
                "Redpanda: the schema registry does not answer. "
                "Services that start cannot read schemas."
            ),
            failing=(
                "Redpanda: the schema registry of a broker fails its health checks; "
                "the others answer."
            ),
            runbook="redpanda",
        ),
    }
    rabbitmq = {
        "Amqp": WatchedTargets(
            group=load_balancer.amqp.target_group_full_name,
            lost="RabbitMQ: no node answers. Tasks wait with the services that send them.",
            failing="RabbitMQ: a node fails its health checks; the others answer.",
            runbook="rabbitmq",
        )
    }
    if load_balancer.management and counted:
        rabbitmq["Management"] = WatchedTargets(
            group=load_balancer.management.target_group_full_name,
            lost=(
                "RabbitMQ: its management API does not answer. "
                "Queues are not counted, and services do not scale by them."
            ),
            failing=(
                "RabbitMQ: the management API of a node fails its health checks; the others answer."
            ),
            runbook="rabbitmq",
        )
    return redpanda | rabbitmq

"""Experiments of AWS FIS that delete pods of the brokers."""

from aws_cdk import aws_iam as iam

from spotmusic_cdk import versions
from spotmusic_cdk.namespaces import EXPERIMENTER
from spotmusic_constructs.messaging.rabbitmq import LABELS as RABBITMQ_LABELS
from spotmusic_constructs.resilience.fault_actions import Brokers
from spotmusic_constructs.resilience.fault_injection import FaultInjection
from spotmusic_constructs.streaming.redpanda import LABELS as REDPANDA_LABELS
from stacks.observability.components import Components


def broker_experiments(injection: FaultInjection, components: Components, role: iam.IRole) -> None:
    """Create the experiments on a broker of each kind, and on a node with one of each."""

    def brokers(namespace: str, name: str, labels: dict[str, str]) -> Brokers:
        return Brokers(
            cluster=components.kubernetes_cluster,
            namespace=namespace,
            label=f"{name}={labels[name]}",
            service_account=EXPERIMENTER,
            image=components.registry.images.image(versions.FIS_POD_IMAGE),
        )

    # Jobs of the same release have the other two labels of Redpanda's brokers.
    redpanda = brokers("redpanda", "app.kubernetes.io/component", REDPANDA_LABELS)
    rabbitmq = brokers("rabbitmq", "app.kubernetes.io/name", RABBITMQ_LABELS)
    injection.add(
        "Redpanda",
        description="Delete a Redpanda broker",
        actions={"broker": redpanda.deleted()},
        role=role,
    )
    injection.add(
        "RabbitMQ",
        description="Delete a RabbitMQ node",
        actions={"node": rabbitmq.deleted()},
        role=role,
    )
    for zone in components.settings.zones:
        injection.add(
            f"BrokerNode{zone[-1].upper()}",
            description=f"Delete a broker of each kind in {zone} without a grace period",
            actions={
                "events": redpanda.deleted(grace_seconds=0, zone=zone),
                "tasks": rabbitmq.deleted(grace_seconds=0, zone=zone),
            },
            role=role,
        )

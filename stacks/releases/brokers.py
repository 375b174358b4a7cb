"""Releases of Redpanda and RabbitMQ, with topics, queues and users."""

from spotmusic_cdk import versions
from spotmusic_constructs.kubernetes.helm_release import LocalChart
from spotmusic_constructs.messaging.rabbitmq import RabbitMQ
from spotmusic_constructs.messaging.rabbitmq_operators import RabbitMQOperators
from spotmusic_constructs.messaging.task_topology import TaskTopology
from spotmusic_constructs.messaging.topology import TaskQueue, Topology
from spotmusic_constructs.streaming.redpanda import Redpanda
from spotmusic_constructs.streaming.redpanda_access import RedpandaAccess, Topic
from spotmusic_constructs.streaming.tiered_storage import TieredStorage
from stacks.releases.release_context import CHARTS, ReleaseContext


def release_redpanda(context: ReleaseContext) -> Redpanda:
    """Release the event stream, then its topics and ACLs."""
    redpanda, secrets = context.settings.kubernetes.redpanda, context.secrets.secrets
    release = Redpanda(
        context.stack,
        "Redpanda",
        cluster=context.cluster,
        chart=versions.REDPANDA,
        images=context.registry.images,
        admin=secrets.redpanda_admin,
        users=context.redpanda_users,
        host=context.brokers.address,
        brokers=redpanda.brokers,
        zones=len(context.settings.zones),
        cpu=redpanda.cpu,
        memory_gib=redpanda.memory_gib,
        storage_gib=redpanda.storage_gib,
        minimum_replication=redpanda.minimum_replication,
        tiered_storage=_tiered_storage(context),
    )
    RedpandaAccess(
        context.stack,
        "RedpandaAccess",
        cluster=context.cluster,
        chart=LocalChart(path=CHARTS / "redpanda-access"),
        redpanda_image=context.registry.images.image(versions.REDPANDA.images["broker"]),
        event_users=context.redpanda_users,
        topics=[
            Topic(name=name, **topic.model_dump())
            for name, topic in context.settings.topics.items()
        ],
        minimum_replication=redpanda.minimum_replication,
        after=[release],
    )
    return release


def _tiered_storage(context: ReleaseContext) -> TieredStorage | None:
    """Create tiered storage if the environment has a licence."""
    if context.redpanda_license is None:
        return None
    return TieredStorage(
        context.stack,
        "TieredStorage",
        issuer_url=context.platform.issuer_url,
        license=context.redpanda_license,
        key=context.secrets.keys.kubernetes,
        access_logs=context.network.balancer_logs,
        removal_policy=context.stack.data_removal,
    )


def release_rabbitmq(context: ReleaseContext) -> tuple[RabbitMQOperators, RabbitMQ]:
    """Release the operators, RabbitMQ and its queues."""
    rabbitmq, secrets = context.settings.kubernetes.rabbitmq, context.secrets.secrets
    operators = RabbitMQOperators(
        context.stack,
        "RabbitMQOperators",
        cluster=context.cluster,
        chart=versions.RABBITMQ_OPERATORS,
        images=context.registry.images,
    )
    release = RabbitMQ(
        context.stack,
        "RabbitMQ",
        cluster=context.cluster,
        chart=LocalChart(path=CHARTS / "rabbitmq"),
        rabbitmq_image=context.registry.images.image(
            versions.RABBITMQ_OPERATORS.images["rabbitmq"]
        ),
        default_user=secrets.rabbitmq_default_user,
        users=context.rabbitmq_users,
        monitor=secrets.rabbitmq_monitor if context.brokers.management else None,
        host=context.brokers.address,
        memory_gib=rabbitmq.memory_gib,
        zones=len(context.settings.zones),
        storage_gib=rabbitmq.storage_gib,
        after=[operators],
    )
    _release_task_topology(context, release)
    return operators, release


def _release_task_topology(context: ReleaseContext, rabbitmq: RabbitMQ) -> None:
    """Release the queues of the settings, after the nodes."""
    queues = [
        TaskQueue(name=name, **queue.model_dump())
        for name, queue in context.settings.queues.items()
    ]
    TaskTopology(
        context.stack,
        "TaskTopology",
        cluster=context.cluster,
        chart=LocalChart(path=CHARTS / "rabbitmq-topology"),
        topology=Topology(
            queues=queues, users=rabbitmq.user_secrets, monitor=rabbitmq.monitor_secret
        ),
        after=[rabbitmq],
    )

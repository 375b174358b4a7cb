"""Events and tasks: Redpanda and RabbitMQ, with what they hold."""

from spotmusic_cdk import versions
from spotmusic_constructs.kubernetes.helm_release import LocalChart
from spotmusic_constructs.messaging.rabbitmq import RabbitMQ
from spotmusic_constructs.messaging.rabbitmq_operators import RabbitMQOperators
from spotmusic_constructs.messaging.task_topology import TaskTopology
from spotmusic_constructs.messaging.topology import TaskQueue, Topology
from spotmusic_constructs.streaming.redpanda import Redpanda
from spotmusic_constructs.streaming.redpanda_access import RedpandaAccess, Topic
from spotmusic_constructs.streaming.tiered_storage import TieredStorage
from stacks.releases.site import CHARTS, Site


def release_redpanda(site: Site) -> Redpanda:
    """Releases the event stream, and then its topics and who may use them."""
    redpanda, secrets = site.settings.kubernetes.redpanda, site.secrets.secrets
    release = Redpanda(
        site.stack,
        "Redpanda",
        cluster=site.cluster,
        chart=versions.REDPANDA,
        images=site.registry.images,
        admin=secrets.redpanda_admin,
        users=site.redpanda_users,
        host=site.brokers.address,
        brokers=redpanda.brokers,
        zones=len(site.settings.zones),
        cpu=redpanda.cpu,
        memory_gib=redpanda.memory_gib,
        storage_gib=redpanda.storage_gib,
        minimum_replication=redpanda.minimum_replication,
        tiered_storage=_tiered_storage(site),
    )
    RedpandaAccess(
        site.stack,
        "RedpandaAccess",
        cluster=site.cluster,
        chart=LocalChart(path=CHARTS / "redpanda-access"),
        image=site.registry.images.image(versions.REDPANDA.images["broker"]),
        users=site.redpanda_users,
        topics=[Topic(name=name, **topic.model_dump()) for name, topic in site.settings.topics.items()],
        minimum_replication=redpanda.minimum_replication,
        after=[release],
    )
    return release


def _tiered_storage(site: Site) -> TieredStorage | None:
    """Where Redpanda keeps older events, if it has a licence for that."""
    if site.redpanda_license is None:
        return None
    return TieredStorage(
        site.stack,
        "TieredStorage",
        issuer_url=site.platform.issuer_url,
        license=site.redpanda_license,
        key=site.secrets.keys.kubernetes,
        access_logs=site.data.logs.bucket,
        removal_policy=site.stack.data_removal,
    )


def release_rabbitmq(site: Site) -> tuple[RabbitMQOperators, RabbitMQ]:
    """Releases the operators, the brokers of tasks, and their queues."""
    rabbitmq, secrets = site.settings.kubernetes.rabbitmq, site.secrets.secrets
    operators = RabbitMQOperators(
        site.stack, "RabbitMQOperators", cluster=site.cluster, chart=versions.RABBITMQ_OPERATORS, images=site.registry.images
    )
    release = RabbitMQ(
        site.stack,
        "RabbitMQ",
        cluster=site.cluster,
        chart=LocalChart(path=CHARTS / "rabbitmq"),
        image=site.registry.images.image(versions.RABBITMQ_OPERATORS.images["rabbitmq"]),
        default_user=secrets.rabbitmq_default_user,
        users=site.rabbitmq_users,
        monitor=secrets.rabbitmq_monitor if site.brokers.management else None,
        host=site.brokers.address,
        memory_gib=rabbitmq.memory_gib,
        zones=len(site.settings.zones),
        storage_gib=rabbitmq.storage_gib,
        after=[operators],
    )
    _release_task_topology(site, release)
    return operators, release


def _release_task_topology(site: Site, rabbitmq: RabbitMQ) -> None:
    """The queues as the settings describe them, once the nodes answer."""
    queues = [TaskQueue(name=name, **queue.model_dump()) for name, queue in site.settings.queues.items()]
    TaskTopology(
        site.stack,
        "TaskTopology",
        cluster=site.cluster,
        chart=LocalChart(path=CHARTS / "rabbitmq-topology"),
        topology=Topology(queues=queues, users=rabbitmq.user_secrets, monitor=rabbitmq.monitor_secret),
        after=[rabbitmq],
    )

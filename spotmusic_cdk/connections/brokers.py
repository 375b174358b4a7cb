"""Connections to the brokers: events of Redpanda and tasks of RabbitMQ."""

from collections.abc import Iterator
from typing import ClassVar

from spotmusic_cdk.connections.connection import (
    READ_AGAIN,
    Client,
    Connection,
    Facts,
    Targets,
    listed,
)
from spotmusic_cdk.settings import Settings
from spotmusic_cdk.settings.brokers import TopicSettings
from spotmusic_constructs.messaging import topology
from spotmusic_constructs.messaging.rabbitmq import AMQPS_PORT
from spotmusic_constructs.network.flows import Flow
from spotmusic_constructs.services.access import Access, user_access
from spotmusic_constructs.streaming import redpanda_values as redpanda
from spotmusic_constructs.streaming.redpanda import MECHANISM
from spotmusic_constructs.streaming.redpanda_access import DEAD_LETTERS

BOOTSTRAP_SERVERS, SCHEMA_REGISTRY = "kafka/bootstrap-servers", "kafka/schema-registry"
AMQP_ENDPOINT = "amqp/endpoint"
"""Parameters with the addresses of the brokers."""

_AUTHORITY = (
    "only without a domain: name of the parameter with the brokers' authority (PEM). "
    "Read it while running, with pauses until it is there: "
    "External Secrets writes it within 15 minutes of the cluster's start, and again when it "
    "changes. Trust only this authority. Never write the parameter by hand: "
    "External Secrets does not overwrite a parameter that it did not create"
)


class Events(Connection):
    """Topics with the service as producer or consumer."""

    word = "events"
    variables: ClassVar = {
        "EVENTS_BOOTSTRAP_SERVERS": "host and port of the brokers, which speak Kafka's protocol",
        "EVENTS_SCHEMA_REGISTRY": "address of the schema registry, for the same user (HTTP Basic)",
        "EVENTS_SASL_MECHANISM": (
            f"`{MECHANISM}`; others are refused, by some clients without an error. "
            "Security protocol: `SASL_SSL`"
        ),
        "EVENTS_PRODUCES": "topics that it may write, with commas",
        "EVENTS_CONSUMES": "topics that it may read, with commas",
        "EVENTS_GROUP": (
            "consumer group of a service that reads topics; "
            "other groups must begin with it and a dot"
        ),
        "EVENTS_DEAD_LETTERS": "topic for unreadable events, of a service that reads topics",
        "EVENTS_USERNAME": "the user",
        "EVENTS_PASSWORD": "its password, of letters and digits",
        "EVENTS_USER_ARN": READ_AGAIN,
        "EVENTS_AUTHORITY_PARAMETER": _AUTHORITY,
    }
    facts = Facts(
        authority=(
            "Amazon's public roots; without a domain the parameter `EVENTS_AUTHORITY_PARAMETER`. "
            "Never continue without verification"
        ),
        names=(
            "the topics below; the group `EVENTS_GROUP`; "
            "transactions of the service's name, or that begin with it and a dot"
        ),
        rights=(
            "write and read the topics that list it, idempotently or not. "
            "Creating topics, and other groups and topics, are refused: "
            "a producer can't read its own events. Every service may write to the registry"
        ),
        limits=(
            "values are JSON by the [schemas of topics](../events/README.md), with the subjects "
            "`<topic>-value`; the key is the field that the schema names. "
            "All writers of a topic use one partitioner: "
            "librdkafka hashes keys otherwise than Java. "
            "Write an event that can't be read to `EVENTS_DEAD_LETTERS`, with its key and value, "
            "and the headers `topic`, `partition` and `offset`; "
            "log these without its content, count it in `event_age_seconds` and go on. "
            "An event without a value (tombstone) is no dead letter: "
            "delete what the service keeps of its key"
        ),
        timeouts=(
            "the brokers may start after the task, and restart: "
            "reconnect with pauses, without a limit. "
            "Write with `acks=all`, which is not the default of every client: "
            "less loses confirmed events with a broker. "
            "Commit an offset when its event is done: events are delivered at least once. "
            "A new group starts at the beginning of a compacted topic: "
            "count only the age of events that are newer than the start of the task"
        ),
    )

    def flows(self, client: Client) -> Iterator[Flow]:
        brokers = client.settings.kubernetes.redpanda.brokers
        yield Flow(
            source=client.party,
            target="broker-load-balancer",
            port=redpanda.BOOTSTRAP_PORT,
            last_port=redpanda.FIRST_ADVERTISED_PORT + brokers - 1,
            reason=(
                f"{client.name} produces or consumes events, a port per broker, "
                "and asks for their schemas"
            ),
        )

    def table(self, settings: Settings) -> list[str]:
        heads = "| topic | written by | read by | partitions | clean-up | hours |"
        rows = [_topic_row(name, topic) for name, topic in settings.topics.items()]
        return [heads, "|---|---|---|---|---|---|", *rows, ""]

    def access(self, client: Client, targets: Targets) -> Iterator[Access]:
        name, topics = client.name, client.settings.topics.items()
        produced = [topic for topic, uses in topics if name in uses.producers]
        consumed = [topic for topic, uses in topics if name in uses.consumers]
        # Rights are for this group, and for groups that begin with it and a dot.
        group = {"EVENTS_GROUP": name, "EVENTS_DEAD_LETTERS": f"{DEAD_LETTERS}.{name}"}
        yield targets.configuration(
            {
                "EVENTS_BOOTSTRAP_SERVERS": BOOTSTRAP_SERVERS,
                "EVENTS_SCHEMA_REGISTRY": SCHEMA_REGISTRY,
            }
        )
        yield targets.authority("EVENTS", client.settings)
        yield Access(
            environment={
                "EVENTS_SASL_MECHANISM": MECHANISM,
                **listed("EVENTS_PRODUCES", produced),
                **listed("EVENTS_CONSUMES", consumed),
                **(group if consumed else {}),
            }
        )
        yield user_access("EVENTS", targets.redpanda_users[name])


def _topic_row(name: str, topic: TopicSettings) -> str:
    deletes = "delete" in topic.cleanup_policy
    hours = topic.retention_hours if deletes else "the newest of each key"
    return (
        f"| `{name}` | {', '.join(topic.producers)} | {', '.join(topic.consumers)} | "
        f"{topic.partitions} | {topic.cleanup_policy} | {hours} |"
    )


class Tasks(Connection):
    """Queues with the service as publisher or consumer."""

    word = "tasks"
    variables: ClassVar = {
        "TASKS_ENDPOINT": (
            "address of RabbitMQ, `amqps://` with host and port, for AMQP 0-9-1 and 1.0"
        ),
        "TASKS_VIRTUAL_HOST": f"`{topology.VIRTUAL_HOST}`",
        "TASKS_EXCHANGE": (
            f"`{topology.TASKS}`, a topic exchange: routing keys are `<queue>` or `<queue>.<kind>`"
        ),
        "TASKS_PUBLISHES": "queues that it may publish to, with commas",
        "TASKS_QUEUES": "queues that it may consume, with commas",
        "TASKS_USERNAME": "the user",
        "TASKS_PASSWORD": "its password, of letters and digits",
        "TASKS_USER_ARN": READ_AGAIN,
        "TASKS_AUTHORITY_PARAMETER": _AUTHORITY,
    }
    facts = Facts(
        authority=(
            "Amazon's public roots; without a domain the parameter `TASKS_AUTHORITY_PARAMETER`. "
            "Never continue without verification"
        ),
        names="the queues below, in `TASKS_VIRTUAL_HOST`, by `TASKS_EXCHANGE`",
        rights=(
            "publish and consume as the table says; declare nothing. "
            "Celery, dramatiq and Spring declare queues at start, and get 403 ACCESS_REFUSED: "
            "turn this off, or declare passively what it has a right on: "
            "a consumer its queue, a publisher the exchange"
        ),
        limits=(
            "reject a task that failed permanently without requeue; "
            f"it moves to `{topology.DEAD_LETTERS}.<queue>`. "
            "Return one with an unavailable dependency (`nack` with requeue): "
            f"it is delivered again every {topology.RETRY_AFTER[0] // 1000} s, uncounted. "
            "Do not publish it again instead: the copy comes at once"
        ),
        timeouts=(
            "publish with confirms **and** `mandatory`: "
            "RabbitMQ also confirms a task without a queue, and returns it. "
            "A full queue refuses (`nack`). Acknowledge within 30 minutes (RabbitMQ, consumer "
            "timeout), which include the wait in the consumer: "
            "prefetch as many as run at once. Send heartbeats while a task runs: "
            "pika does not during a callback. After SIGTERM finish what runs and return the rest; "
            "a task of more than 60 s comes again"
        ),
    )

    def flows(self, client: Client) -> Iterator[Flow]:
        yield Flow(
            source=client.party,
            target="broker-load-balancer",
            port=AMQPS_PORT,
            reason=f"{client.name} publishes or consumes tasks",
        )

    def table(self, settings: Settings) -> list[str]:
        rows = [
            f"| `{name}` | {', '.join(queue.publishers)} | {', '.join(queue.consumers)} | "
            f"{queue.max_length} | {queue.message_ttl_hours} | {queue.dead_letter_hours} |"
            for name, queue in settings.queues.items()
        ]
        heads = (
            "| queue | publishers | consumers | maximum length "
            "| hours until dead letter | hours of dead letters |"
        )
        return [heads, "|---|---|---|---|---|---|", *rows, ""]

    def access(self, client: Client, targets: Targets) -> Iterator[Access]:
        name, queues = client.name, client.settings.queues.items()
        yield targets.configuration({"TASKS_ENDPOINT": AMQP_ENDPOINT})
        yield targets.authority("TASKS", client.settings)
        yield Access(
            environment={
                "TASKS_VIRTUAL_HOST": topology.VIRTUAL_HOST,
                "TASKS_EXCHANGE": topology.TASKS,
                **listed(
                    "TASKS_PUBLISHES", [queue for queue, uses in queues if name in uses.publishers]
                ),
                **listed(
                    "TASKS_QUEUES", [queue for queue, uses in queues if name in uses.consumers]
                ),
            }
        )
        yield user_access("TASKS", targets.rabbitmq_users[name])

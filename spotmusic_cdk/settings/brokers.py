"""Redpanda and RabbitMQ in the Kubernetes section: brokers, topics and queues."""

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from spotmusic_cdk.settings.model import Gibibytes, Model, Name, SecretArn, Unordered, UnorderedKeys
from spotmusic_cdk.settings.services import ServiceSettings

TopicName = Annotated[
    str, StringConstraints(pattern=r"^[a-z][a-z0-9]*([.-][a-z0-9]+)*$", max_length=100)
]
"""Topic name. It is also part of metrics, rights and client configuration."""
Hours = Annotated[int, Field(ge=1, le=8760)]
MEMORY_PER_CORE_GIB = 2
"""Minimum memory for each core of Redpanda (Redpanda, requirements and recommendations for
Kubernetes, 2026-11)."""
PARTITIONS_PER_CORE = 1000
"""Partition replicas for each core (Redpanda cluster property topic_partitions_per_shard)."""


class TopicSettings(Model):
    """Topic of the event stream. Partitions can be added later and never removed. No setting
    deletes a topic.
    """

    partitions: Annotated[int, Field(ge=1, le=1000)] = 12
    """Partitions. The consumers of a group share them, so they limit how many work in parallel."""
    replication: Literal[1, 3, 5] = 3
    """Brokers that store each event; production requires 3. Default: 3, or 1 with one broker. The
    number can be raised later, but not lowered."""
    cleanup_policy: Literal["delete", "compact", "compact,delete"] = "delete"
    """`delete` deletes events by age, `compact` when a newer event has the same key; both can be
    combined. It cannot be changed later, because a change deletes events."""
    retention_hours: Hours = 168
    """Hours until an event is deleted, with the policy `delete`. They bound how long personal data
    survives."""
    producers: Annotated[tuple[Name, ...], Unordered] = ()
    """Services that write to the topic. Each has `events` in its `talks_to`."""
    consumers: Annotated[tuple[Name, ...], Unordered] = ()
    """Services that read the topic, in the consumer group of their name and in groups that begin
    with it and a dot, such as `trends.replay`."""


DEFAULT_TOPICS = {
    "events.listening": TopicSettings(
        producers=("playback",), consumers=("recommendations", "trends")
    ),
    "events.playback-telemetry": TopicSettings(
        retention_hours=48, producers=("playback",), consumers=("trends",)
    ),
    # Consumers need only the newest value of each key.
    "events.trends": TopicSettings(
        partitions=3,
        cleanup_policy="compact",
        producers=("trends",),
        consumers=("recommendations", "notifications"),
    ),
    "events.recommendations": TopicSettings(
        partitions=6,
        cleanup_policy="compact",
        producers=("recommendations",),
        consumers=("notifications",),
    ),
}


class TieredStorageSettings(Model):
    """Older events in Amazon S3. This Enterprise feature of Redpanda requires a licence of Redpanda
    Data.
    """

    license_secret: SecretArn
    """ARN of a secret in Secrets Manager. Its JSON field `license` contains the licence key from
    Redpanda Data."""


class RedpandaSettings(Model):
    """Event streaming cluster."""

    brokers: Annotated[int, Field(ge=1, le=9)] = 3
    """Brokers, an odd number. Three keep a quorum when a zone is lost; production requires three.
    One broker stores each event once. Brokers can be added later; removing them loses events."""
    cpu: Annotated[int, Field(ge=1, le=32)] = 1
    """Cores per broker. Nodes have the default aio-max-nr of Linux, 65536, so a broker with many
    cores has fewer connections per core."""
    memory_gib: Annotated[int, Field(ge=2, le=512)] = 4
    """Memory per broker, in GiB; Redpanda requires at least 2 per core."""
    storage_gib: Gibibytes = 50
    """gp3 volume per broker, in GiB. To grow it, follow docs/runbooks/volume.md first; it never
    shrinks."""
    topics: Annotated[dict[TopicName, TopicSettings | None], UnorderedKeys] = Field(
        default_factory=dict, max_length=100
    )
    """Topics by name, in addition to the default topics `events.listening`,
    `events.playback-telemetry`, `events.trends` and `events.recommendations`. Keys of a default
    topic override its defaults. `null` removes a default topic and the rights on it; the brokers
    keep the topic until an operator deletes it."""
    tiered_storage: TieredStorageSettings | None = None
    """Older events in Amazon S3. It requires a Redpanda Enterprise licence."""

    @cached_property
    def effective_topics(self) -> dict[str, TopicSettings]:
        """Default topics with the changes of the file, without removed topics, and further topics
        of the file.
        """
        changed = {
            name: DEFAULT_TOPICS[name].model_copy(update=topic.model_dump(exclude_unset=True))
            if name in DEFAULT_TOPICS
            else topic
            for name, topic in self.topics.items()
            if topic
        }
        removed = {name for name, topic in self.topics.items() if topic is None}
        return {
            name: self._held(topic)
            for name, topic in (DEFAULT_TOPICS | changed).items()
            if name not in removed
        }

    def _held(self, topic: TopicSettings) -> TopicSettings:
        """Topic with one replica if there is one broker and the file sets no number."""
        alone = self.brokers == 1 and "replication" not in topic.model_fields_set
        return topic.model_copy(update={"replication": 1}) if alone else topic

    @property
    def minimum_replication(self) -> Literal[1, 3]:
        """Minimum number of replicas of a topic in the cluster."""
        return 1 if any(topic.replication == 1 for topic in self.effective_topics.values()) else 3

    @field_validator("brokers")
    @classmethod
    def _odd(cls, value: int) -> int:
        if value % 2 == 0:
            raise ValueError(
                f"{value} brokers tolerate no more failures than {value - 1}. Use an odd number."
            )
        return value

    @model_validator(mode="after")
    def _each_core_has_its_memory(self) -> Self:
        if self.memory_gib < MEMORY_PER_CORE_GIB * self.cpu:
            least = MEMORY_PER_CORE_GIB * self.cpu
            raise ValueError(
                f"memory_gib: {self.memory_gib} GiB is less than 2 for each of {self.cpu} cores. "
                f"Use {least} or more."
            )
        return self

    @field_validator("topics")
    @classmethod
    def _only_defaults_are_removed(
        cls, value: dict[str, TopicSettings | None]
    ) -> dict[str, TopicSettings | None]:
        for name, topic in value.items():
            if name.startswith("dead-letters."):
                raise ValueError(
                    f"{name}: the prefix dead-letters. is reserved for dead letters. "
                    "Use another name."
                )
            if topic is None and name not in DEFAULT_TOPICS:
                advice = f"Use one of {', '.join(DEFAULT_TOPICS)}, or remove the key."
                raise ValueError(f"{name}: only default topics can be removed with null. {advice}")
        return value

    @model_validator(mode="after")
    def _topics_fit_on_the_brokers(self) -> Self:
        topics = self.effective_topics
        for name, topic in topics.items():
            if topic.replication > self.brokers:
                raise ValueError(
                    f"topics.{name}.replication: {topic.replication} exceeds the {self.brokers} "
                    f"brokers. Use {self.brokers} or less."
                )
        replicas = sum(topic.partitions * topic.replication for topic in topics.values())
        room = self.brokers * self.cpu * PARTITIONS_PER_CORE
        if replicas > room:
            raise ValueError(
                f"topics: {replicas} partition replicas exceed {room}, a thousand for each core. "
                "Use fewer, or more cpu."
            )
        return self


class QueueSettings(Model):
    """Quorum queue of tasks on three nodes. Failed tasks are moved to its dead-letter queue."""

    consumers: Annotated[tuple[Name, ...], Unordered] = ()
    """Services that consume the queue. Default: the service with the name of the queue."""
    publishers: Annotated[tuple[Name, ...], Unordered] = ()
    """Services that may publish to it. Default: every service with `tasks` in its `talks_to`."""
    delivery_limit: Annotated[int, Field(ge=1, le=100)] = 5
    """Failed deliveries before a task becomes a dead letter. Tasks returned with requeue are not
    counted."""
    max_length: Annotated[int, Field(ge=1, le=10_000_000)] = 100_000
    """Maximum of waiting tasks. Further tasks are rejected, and the publisher is notified."""
    message_ttl_hours: Hours = 168
    """Hours until a task that is not consumed becomes a dead letter."""
    dead_letter_hours: Hours = 336
    """Hours until a dead letter is deleted. They bound how long personal data in it survives."""


class RabbitMQSettings(Model):
    """Task queue cluster, with three nodes for its quorum queues."""

    memory_gib: Annotated[int, Field(ge=1, le=128)] = 2
    """Memory per node, in GiB."""
    storage_gib: Gibibytes = 20
    """gp3 volume per node, in GiB."""
    queues: Annotated[dict[Name, QueueSettings], UnorderedKeys] = Field(
        default_factory=dict, max_length=100
    )
    """Queues by name. A service that scales on messages has a queue with its name, even if the file
    does not list it."""

    @model_validator(mode="after")
    def _publishers_may_fill_half_a_volume(self) -> Self:
        """Require room for messages: a node blocks publishers while its free disk space is smaller
        than its memory (`disk_free_limit.absolute`).
        """
        if self.storage_gib < 2 * self.memory_gib:
            least = 2 * self.memory_gib
            raise ValueError(
                f"storage_gib: {self.storage_gib} GiB is less than twice memory_gib, which "
                f"RabbitMQ keeps free. Use {least} or more."
            )
        return self


def topics_of(
    redpanda: RedpandaSettings, services: Mapping[str, ServiceSettings]
) -> dict[str, TopicSettings]:
    """Return the topics of an environment. A default topic has the services that exist and have
    `events` in `talks_to`.
    """
    clients = talking_to("events", services)

    def taking_part(name: str, topic: TopicSettings) -> TopicSettings:
        given = redpanda.topics.get(name)
        named = given.model_fields_set if given else set()
        ours = (
            {"producers": topic.producers, "consumers": topic.consumers}
            if name in DEFAULT_TOPICS
            else {}
        )
        present = {
            key: tuple(client for client in names if client in clients)
            for key, names in ours.items()
            if key not in named
        }
        return topic.model_copy(update=present)

    return {name: taking_part(name, topic) for name, topic in redpanda.effective_topics.items()}


def queues_of(
    rabbitmq: RabbitMQSettings, services: Mapping[str, ServiceSettings]
) -> dict[str, QueueSettings]:
    """Return the queues of the file and of scaling, with their publishers and consumers."""
    own = {
        name: QueueSettings()
        for name, service in services.items()
        if service.scaling.messages_per_task
    }
    all_clients = talking_to("tasks", services)
    return {
        name: queue.model_copy(
            update={
                "consumers": queue.consumers or (name,),
                "publishers": queue.publishers or all_clients,
            }
        )
        for name, queue in (own | rabbitmq.queues).items()
    }


def talking_to(resource: str, services: Mapping[str, ServiceSettings]) -> tuple[str, ...]:
    """Return the names of the services with a resource in their `talks_to`."""
    return tuple(name for name, service in services.items() if resource in service.talks_to)

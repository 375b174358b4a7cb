"""Topics of the event stream, and rights of services on them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Unpack

from constructs import Construct

from spotmusic_constructs.kubernetes.helm_release import ChartRelease, LocalChart, Placement
from spotmusic_constructs.streaming.redpanda_values import (
    BOOTSTRAP_PORT,
    BOOTSTRAP_USER,
    MECHANISM,
    RELEASE,
)

DEAD_LETTERS = "dead-letters"
DEAD_LETTER_HOURS = 336
"""Retention of dead letters of events in hours: they may contain personal data."""


@dataclass(frozen=True, kw_only=True)
class Topic:
    """Topic of the event stream.

    Args:
        name: name of the topic.
        partitions: partitions, the maximum number of parallel consumers in a group.
        replication: replicas of each event.
        cleanup_policy: `delete` deletes events by age, `compact` when a newer event has the same
            key; both can be combined.
        retention_hours: hours until an event is deleted, with the policy `delete`.
        producers: services that write.
        consumers: services that read.
    """

    name: str
    partitions: int = 12
    replication: Literal[1, 3, 5] = 3
    cleanup_policy: Literal["delete", "compact", "compact,delete"] = "delete"
    retention_hours: int = 168
    producers: Sequence[str] = ()
    consumers: Sequence[str] = ()

    def to_values(self) -> dict[str, object]:
        """Return the Helm values of the topic."""
        return {
            "partitions": self.partitions,
            "replication": self.replication,
            "cleanupPolicy": self.cleanup_policy,
            "retentionHours": self.retention_hours,
        }


class RedpandaAccess(ChartRelease):
    """Topics, dead-letter topics and ACLs. Redpanda denies every request without an ACL.

    Creates the release of the chart `charts/redpanda-access`. Its job runs after each change, and
    fails the release if a change is impossible. Partitions and replicas can be added, and retention
    can change. A topic removed from `topics` is retained; fewer partitions, fewer replicas or
    another cleanup policy are rejected. Removed rights are revoked from the users in `event_users`.

    Args:
        chart: the chart `charts/redpanda-access`.
        redpanda_image: image of the brokers in our registry, with the command `rpk`.
        event_users: services with a user. Each writes and reads only topics that list it, in
            consumer groups and transactions named after it or with the prefix `<service>.`.
        topics: topics to create.
        minimum_replication: minimum number of replicas of a topic; 3 survive the loss of a zone.
        namespace: namespace of the brokers.
        placement: cluster, and constructs that must be deployed before: the brokers.

    Raises:
        ValueError: if a topic has too few replicas, or a service without a user.

    Example:
        topic = Topic(name="events.listening", producers=["playback"])
        RedpandaAccess(self, "RedpandaAccess", cluster=cluster,
                       chart=LocalChart(path=charts / "redpanda-access"), topics=[topic],
                       redpanda_image=redpanda_image, event_users=["playback"], after=[redpanda])
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        chart: LocalChart,
        redpanda_image: str,
        event_users: Iterable[str],
        topics: Sequence[Topic],
        minimum_replication: Literal[1, 3] = 3,
        namespace: str = "redpanda",
        **placement: Unpack[Placement],
    ) -> None:
        names = tuple(event_users)
        for topic in topics:
            _check(topic, names, minimum_replication)
        super().__init__(
            scope,
            construct_id,
            chart=chart,
            release="redpanda-access",
            namespace=namespace,
            # Helm always waits for the job, a hook.
            wait=False,
            minutes=13,
            values={
                "image": redpanda_image,
                "brokers": f"{RELEASE}.{namespace}.svc.cluster.local:{BOOTSTRAP_PORT}",
                "mechanism": MECHANISM,
                "superuserSecret": BOOTSTRAP_USER,
                "tlsSecret": f"{RELEASE}-default-cert",
                "minimumReplication": minimum_replication,
                **access_values(topics, names),
            },
            **placement,
        )


def access_values(topics: Sequence[Topic], users: Sequence[str]) -> dict[str, object]:
    """Return Helm values of topics and rights, also for dead letters.

    Args:
        topics: topics that exist.
        users: services that have a user.
    """
    every = [*topics, *_dead_letters(topics, users)]
    return {
        "topics": {topic.name: topic.to_values() for topic in every},
        "users": {
            name: {
                "produces": [topic.name for topic in every if name in topic.producers],
                "consumes": [topic.name for topic in every if name in topic.consumers],
            }
            for name in users
        },
    }


def _dead_letters(topics: Sequence[Topic], users: Sequence[str]) -> Iterator[Topic]:
    """Dead-letter topics of consumers, which no service reads."""
    # The most replicas of all topics, because a later decrease is rejected.
    replication: Literal[1, 3] = 3 if any(topic.replication > 1 for topic in topics) else 1
    for name in users:
        if any(name in topic.consumers for topic in topics):
            yield Topic(
                name=f"{DEAD_LETTERS}.{name}",
                partitions=1,
                replication=replication,
                retention_hours=DEAD_LETTER_HOURS,
                producers=[name],
            )


def _check(topic: Topic, users: Sequence[str], minimum: int) -> None:
    if topic.replication < minimum:
        raise ValueError(
            f"{topic.name}: replication {topic.replication} is less than the minimum {minimum}. "
            "Raise it."
        )
    if unknown := sorted({*topic.producers, *topic.consumers} - set(users)):
        raise ValueError(
            f"{topic.name}: {', '.join(unknown)} have no user. "
            "Add them to `event_users`, or remove them from the topic."
        )

"""The topics of the event stream, and what each service may do with them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Unpack

import aws_cdk as cdk
from constructs import Construct

from spotmusic_constructs.kubernetes.helm_release import ChartRelease, LocalChart, Placement
from spotmusic_constructs.streaming.redpanda_values import BOOTSTRAP_PORT, BOOTSTRAP_USER, MECHANISM, RELEASE

DEAD_LETTERS = "dead-letters"
DEAD_LETTER_HOURS = 336
"""Hours of an event that could not be read, as of dead letters of tasks: it may hold personal data."""


@dataclass(frozen=True, kw_only=True)
class Topic:
    """One topic.

    Args:
        name: its name.
        partitions: partitions; the consumers of one group share them, so they bound how many work at once.
        replication: brokers that hold each event.
        cleanup_policy: whether events go when they are old, or when a newer one has their key, or both.
        retention_hours: hours until an event is gone, where the policy says delete.
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
        """Returns the entry of the chart's values that describes it."""
        return {
            "partitions": self.partitions,
            "replication": self.replication,
            "cleanupPolicy": self.cleanup_policy,
            "retentionHours": self.retention_hours,
        }


class RedpandaAccess(ChartRelease):
    """Topics, also for dead letters, and access rules. Without them a service's user may do nothing: Redpanda authorizes every request.

    Creates the release of the chart `charts/redpanda-access`, whose job runs when something of this changes, and fails the release
    when it cannot be done. Partitions and replicas can be added, retention can change. Nothing is deleted: a topic that is no longer
    named stays, and fewer partitions, fewer replicas or another cleanup policy are refused. Rights that are no longer named are taken
    from the users that are.

    Args:
        chart: the chart `charts/redpanda-access`.
        image: image of the brokers, by its name in our registry; it has the command `rpk`.
        users: services that have a user. Each writes and reads only the topics that name it, in consumer groups and transactions that
            have its name or begin with it and a dot.
        topics: topics that exist.
        minimum_replication: replicas that a topic has at least, 3 where the loss of a zone must be survived.
        namespace: namespace of the brokers.
        placement: cluster, and constructs that must be deployed before: the brokers.

    Raises:
        ValueError: when a topic has too few replicas, or names a service that has no user.

    Example:
        RedpandaAccess(self, "RedpandaAccess", cluster=cluster, chart=LocalChart(path=charts / "redpanda-access"), image=image,
                       users=["playback"], topics=[Topic(name="events.listening", producers=["playback"])], after=[redpanda])
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        chart: LocalChart,
        image: str,
        users: Iterable[str],
        topics: Sequence[Topic],
        minimum_replication: Literal[1, 3] = 3,
        namespace: str = "redpanda",
        **placement: Unpack[Placement],
    ) -> None:
        names = tuple(users)
        for topic in topics:
            _check(topic, names, minimum_replication)
        super().__init__(
            scope,
            construct_id,
            chart=chart,
            release="redpanda-access",
            namespace=namespace,
            # Helm waits for its hook, the job, in any case.
            wait=False,
            timeout=cdk.Duration.minutes(13),
            values={
                "image": image,
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
    """Returns the values of the chart that describe topics and rights, those of dead letters too.

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
    """Topics of who reads, for events that it cannot read: it writes there, and no service reads them."""
    # By all topics and not by those that it reads: fewer replicas later would be refused.
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
        raise ValueError(f"{topic.name}: replication {topic.replication} is less than {minimum}, without which a lost zone costs events.")
    if strangers := sorted({*topic.producers, *topic.consumers} - set(users)):
        raise ValueError(f"{topic.name}: {', '.join(strangers)} have no user. Give each a password, or leave it out.")

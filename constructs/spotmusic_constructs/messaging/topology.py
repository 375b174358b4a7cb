"""Exchanges, queues with their limits, and permissions of services on the task broker."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

VIRTUAL_HOST = "spotmusic"
TASKS = "tasks"
"""Exchange that services publish to; the first word of a routing key is the name of the queue."""
DEAD_LETTERS = "dead-letters"
"""Exchange of dead letters, and first word of the names of their queues."""
MONITOR = "queue-depth"
"""Name of the monitoring user."""
RETRY_AFTER = (5_000, 60_000)
"""Milliseconds until a returned task is delivered again: the first for each failed delivery, and at
most the second. They keep a task that always fails from occupying its consumer. Policy keys of
RabbitMQ 4.3.5, rabbit_quorum_queue.erl."""
_MILLISECONDS_PER_HOUR = 3_600_000


@dataclass(frozen=True, kw_only=True)
class TaskQueue:
    """Queue of tasks, and the queue of its dead letters.

    Args:
        name: name of the queue, and first word of its routing keys.
        consumers: services that consume from it.
        publishers: services that may publish to it.
        delivery_limit: failed deliveries after which the next failure makes a task a dead letter. A
            delivery fails when its consumer's channel or connection ends or its acknowledgement
            comes too late, or by AMQP 1.0 `modified` with delivery-failed. `nack` and `reject` with
            requeue do not count (RabbitMQ 4.3.0, release notes).
        max_length: maximum number of waiting tasks, and of dead letters; more are rejected.
        message_ttl_hours: hours until a task that was not consumed becomes a dead letter.
        dead_letter_hours: hours until a dead letter is deleted.

    Raises:
        ValueError: if it has no consumer or no publisher, or a limit is below one.
    """

    name: str
    consumers: Sequence[str]
    publishers: Sequence[str]
    delivery_limit: int = 5
    max_length: int = 100_000
    message_ttl_hours: int = 168
    dead_letter_hours: int = 336

    def __post_init__(self) -> None:
        if not self.consumers or not self.publishers:
            raise ValueError(
                f"{self.name}: the queue has no consumers or no publishers. Name both."
            )
        lifetimes = (self.message_ttl_hours, self.dead_letter_hours)
        if min(self.delivery_limit, self.max_length, *lifetimes) < 1:
            raise ValueError(f"{self.name}: a limit is below 1. Set it to 1 or more.")

    @property
    def dead_letters(self) -> str:
        """Name of the queue of its dead letters."""
        return f"{DEAD_LETTERS}.{self.name}"

    def to_values(self) -> dict[str, object]:
        """Return Helm values of both queues. Limits are policies, so they can change."""
        return {
            self.name: {
                "bindings": [{"exchange": TASKS, "routingKey": f"{self.name}.#"}],
                "policy": {
                    "delivery-limit": self.delivery_limit,
                    "delayed-retry-type": "all",
                    "delayed-retry-min": RETRY_AFTER[0],
                    "delayed-retry-max": RETRY_AFTER[1],
                    "max-length": self.max_length,
                    # RabbitMQ rejects the publication; it drops no task.
                    "overflow": "reject-publish",
                    "message-ttl": self.message_ttl_hours * _MILLISECONDS_PER_HOUR,
                    "dead-letter-exchange": DEAD_LETTERS,
                    "dead-letter-routing-key": self.name,
                    # RabbitMQ writes a dead letter before it deletes the task.
                    "dead-letter-strategy": "at-least-once",
                },
            },
            self.dead_letters: {
                "bindings": [{"exchange": DEAD_LETTERS, "routingKey": self.name}],
                "policy": {
                    # RabbitMQ 4 deletes a message after 20 returns; reading dead letters must not
                    # delete them.
                    "delivery-limit": -1,
                    "max-length": self.max_length,
                    "overflow": "reject-publish",
                    "message-ttl": self.dead_letter_hours * _MILLISECONDS_PER_HOUR,
                },
            },
        }


@dataclass(frozen=True, kw_only=True)
class Topology:
    """Content of a virtual host, for the chart's values and for a definitions file.

    Args:
        queues: queues of tasks.
        users: name of the Kubernetes Secret with `username` and `password` by service.
        monitor: name of the Secret of the monitoring user. Default: no such user.

    Raises:
        ValueError: if a queue names a service without a user.
    """

    queues: Sequence[TaskQueue]
    users: Mapping[str, str]
    monitor: str | None = None

    def __post_init__(self) -> None:
        named = {name for queue in self.queues for name in (*queue.consumers, *queue.publishers)}
        if unknown := sorted(named - self.users.keys()):
            raise ValueError(
                f"{', '.join(unknown)} use queues but have no user. "
                "Add a secret for each to `users`."
            )

    def to_values(self) -> dict[str, object]:
        """Return the values of the chart `rabbitmq-topology`."""
        users = {
            name: {"secret": secret, **self._rights(name)} for name, secret in self.users.items()
        }
        monitor = {"secret": self.monitor, "tags": ["monitoring"], "write": "", "read": ""}
        return {
            "vhost": VIRTUAL_HOST,
            "exchanges": {TASKS: {"type": "topic"}, DEAD_LETTERS: {"type": "direct"}},
            "queues": {
                name: entry for queue in self.queues for name, entry in queue.to_values().items()
            },
            "users": {**users, **({MONITOR: monitor} if self.monitor else {})},
        }

    def _rights(self, service: str) -> dict[str, str]:
        """Permissions of a service: publish to and consume from its queues."""
        targets = [queue.name for queue in self.queues if service in queue.publishers]
        sources = [queue.name for queue in self.queues if service in queue.consumers]
        rights = {
            "write": f"^{TASKS}$" if targets else "",
            "read": f"^({_either(sources)})$" if sources else "",
        }
        return rights | ({"publishes": rf"^({_either(targets)})(\.|$)"} if targets else {})


def _either(names: Sequence[str]) -> str:
    return "|".join(re.escape(name).replace(r"\-", "-") for name in names)


def policy_pattern(queue: str) -> str:
    """Return a pattern that matches one queue."""
    return f"^{_either([queue])}$"

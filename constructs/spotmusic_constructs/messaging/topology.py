"""What is in the task broker: exchanges, queues with their limits, and what each service may do with them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

VIRTUAL_HOST = "spotmusic"
TASKS = "tasks"
"""Exchange that services publish to; the first word of a routing key is the name of the queue."""
DEAD_LETTERS = "dead-letters"
"""Exchange of the tasks that nobody could do, and the first word of the queues that keep them."""
MONITOR = "queue-depth"
"""User that only counts messages."""
RETRY_AFTER = (5_000, 60_000)
"""Milliseconds until a task that came back is delivered again: the first for each failed delivery, and never more than the second.
A task that is returned without end would else keep its consumer busy. Policy keys of RabbitMQ 4.3.5, rabbit_quorum_queue.erl."""
_MILLISECONDS_PER_HOUR = 3_600_000


@dataclass(frozen=True, kw_only=True)
class TaskQueue:
    """One queue of tasks, and the queue of its dead letters.

    Args:
        name: its name, which is the first word of the routing keys that lead to it.
        consumers: services that take from it.
        publishers: services that may publish to it.
        delivery_limit: failed deliveries that a task survives; the next one makes it a dead letter. A delivery fails when its
            consumer's channel or connection ends or its acknowledgement comes too late, or by AMQP 1.0 `modified` with
            delivery-failed. `nack` and `reject` with requeue do not count (RabbitMQ 4.3.0, release notes).
        max_length: tasks that wait at the most, and dead letters that are kept at the most; more are refused.
        message_ttl_hours: hours until a task that nobody took is a dead letter.
        dead_letter_hours: hours until a dead letter is gone.

    Raises:
        ValueError: when nobody takes from it or publishes to it, or a limit is below one.
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
            raise ValueError(f"{self.name}: a queue without consumers or publishers does nothing. Name both.")
        if min(self.delivery_limit, self.max_length, self.message_ttl_hours, self.dead_letter_hours) < 1:
            raise ValueError(f"{self.name}: a limit below 1 is none. Raise it.")

    @property
    def dead_letters(self) -> str:
        """Name of the queue of its dead letters."""
        return f"{DEAD_LETTERS}.{self.name}"

    def to_values(self) -> dict[str, object]:
        """Returns the entries of the chart's values that describe both queues. A limit is policy: it can change while messages wait."""
        return {
            self.name: {
                "bindings": [{"exchange": TASKS, "routingKey": f"{self.name}.#"}],
                "policy": {
                    "delivery-limit": self.delivery_limit,
                    "delayed-retry-type": "all",
                    "delayed-retry-min": RETRY_AFTER[0],
                    "delayed-retry-max": RETRY_AFTER[1],
                    "max-length": self.max_length,
                    # A publisher hears that its task was not taken; nothing is dropped.
                    "overflow": "reject-publish",
                    "message-ttl": self.message_ttl_hours * _MILLISECONDS_PER_HOUR,
                    "dead-letter-exchange": DEAD_LETTERS,
                    "dead-letter-routing-key": self.name,
                    # A dead letter is written before it is taken from its queue.
                    "dead-letter-strategy": "at-least-once",
                },
            },
            self.dead_letters: {
                "bindings": [{"exchange": DEAD_LETTERS, "routingKey": self.name}],
                "policy": {
                    # Who looks at a letter and puts it back must not lose it at the twentieth time, RabbitMQ 4's own limit.
                    "delivery-limit": -1,
                    "max-length": self.max_length,
                    "overflow": "reject-publish",
                    "message-ttl": self.dead_letter_hours * _MILLISECONDS_PER_HOUR,
                },
            },
        }


@dataclass(frozen=True, kw_only=True)
class Topology:
    """All of a virtual host: the source of the chart's values, and of a definitions file that any RabbitMQ loads.

    Args:
        queues: queues of tasks.
        users: name of the Kubernetes Secret with `username` and `password` by service.
        monitor: name of the Secret of the user that only counts messages; none when nothing counts them.

    Raises:
        ValueError: when a queue names a service that has no user.
    """

    queues: Sequence[TaskQueue]
    users: Mapping[str, str]
    monitor: str | None = None
    virtual_host: str = field(default=VIRTUAL_HOST, init=False)

    def __post_init__(self) -> None:
        named = {name for queue in self.queues for name in (*queue.consumers, *queue.publishers)}
        if strangers := sorted(named - self.users.keys()):
            raise ValueError(f"{', '.join(strangers)} use queues and have no user. Give each a secret in `users`.")

    def to_values(self) -> dict[str, object]:
        """Returns what describes it in the values of the chart `rabbitmq-topology`."""
        return {
            "vhost": self.virtual_host,
            "exchanges": {TASKS: {"type": "topic"}, DEAD_LETTERS: {"type": "direct"}},
            "queues": {name: entry for queue in self.queues for name, entry in queue.to_values().items()},
            "users": {
                **{name: {"secret": secret, **self._rights(name)} for name, secret in self.users.items()},
                **({MONITOR: {"secret": self.monitor, "tags": ["monitoring"], "write": "", "read": ""}} if self.monitor else {}),
            },
        }

    def _rights(self, service: str) -> dict[str, str]:
        """What a service may do: nobody makes a queue, and a task can only be published to the queues that admit it."""
        targets = [queue.name for queue in self.queues if service in queue.publishers]
        sources = [queue.name for queue in self.queues if service in queue.consumers]
        rights = {"write": f"^{TASKS}$" if targets else "", "read": f"^({_either(sources)})$" if sources else ""}
        return rights | ({"publishes": rf"^({_either(targets)})(\.|$)"} if targets else {})


def _either(names: Sequence[str]) -> str:
    return "|".join(re.escape(name).replace(r"\-", "-") for name in names)


def policy_pattern(queue: str) -> str:
    """Returns the pattern of the policy that is for one queue alone."""
    return f"^{queue.replace('.', chr(92) + '.')}$"

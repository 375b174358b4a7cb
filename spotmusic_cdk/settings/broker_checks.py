"""Checks of topics and queues against the services that use them."""

from collections.abc import Iterable, Iterator

from spotmusic_cdk.settings.environment import Settings
from spotmusic_cdk.settings.model import Problem, meant

REPLICATION = 3
"""Replicas of a topic in production. The loss of a zone removes one."""
TOPICS = "kubernetes.redpanda.topics"
QUEUES = "kubernetes.rabbitmq.queues"


def problems(settings: Settings) -> Iterator[Problem]:
    """Find topics and queues without users, and users without a topic or queue."""
    # Topics and queues may not name retired services: brokers delete their user in the same
    # deployment.
    settings = settings.running
    yield from _topics(settings)
    yield from _shares(settings)
    yield from _queues(settings)
    if settings.production:
        for name, topic in settings.topics.items():
            if topic.replication < REPLICATION:
                wrong = f"{topic.replication} does not survive the loss of a zone"
                yield Problem(f"{TOPICS}.{name}.replication", wrong, f"Use {REPLICATION}.")


def _topics(settings: Settings) -> Iterator[Problem]:
    clients = settings.services_talking_to("events")
    used: set[str] = set()
    for name, topic in settings.topics.items():
        yield from _unknown_clients(
            f"{TOPICS}.{name}.producers", topic.producers, clients, "events"
        )
        yield from _unknown_clients(
            f"{TOPICS}.{name}.consumers", topic.consumers, clients, "events"
        )
        used.update(topic.producers, topic.consumers)
    yield from _unused_clients(clients, used, "events", "topic", TOPICS)


def _shares(settings: Settings) -> Iterator[Problem]:
    """Find shares of unknown topics. A plan would not count their events."""
    events = settings.capacity.events
    if "topic_percent" in events.model_fields_set:
        for name in sorted(events.topic_percent.keys() - settings.topics.keys()):
            wrong = f"there is no topic {name}"
            yield Problem("capacity.events.topic_percent", wrong, meant(name, settings.topics))


def _queues(settings: Settings) -> Iterator[Problem]:
    clients = settings.services_talking_to("tasks")
    used: set[str] = set()
    for name, queue in settings.queues.items():
        named = settings.kubernetes.rabbitmq.queues.get(name)
        if not (named and named.consumers) and name not in clients:
            wrong = f"no service {name} has tasks in talks_to, so that the queue has no consumers"
            yield Problem(f"{QUEUES}.{name}", wrong, "Set its consumers.")
            continue
        yield from _unknown_clients(f"{QUEUES}.{name}.consumers", queue.consumers, clients, "tasks")
        yield from _unknown_clients(
            f"{QUEUES}.{name}.publishers", queue.publishers, clients, "tasks"
        )
        used.update(queue.consumers, queue.publishers)
        service = settings.services.get(name)
        if service and service.scaling.messages_per_task and name not in queue.consumers:
            wrong = f"{name} scales on the messages of this queue and is not a consumer"
            yield Problem(f"{QUEUES}.{name}.consumers", wrong, f"Add {name}, or scale it on cpu.")
    yield from _unused_clients(clients, used, "tasks", "queue", QUEUES)


def _unknown_clients(
    key: str, names: Iterable[str], clients: Iterable[str], resource: str
) -> Iterator[Problem]:
    for name in names:
        if name not in clients:
            wrong = f"{name} is not a service with {resource} in talks_to"
            yield Problem(key, wrong, f"Correct it, or add {resource} to services.{name}.talks_to.")


def _unused_clients(
    clients: Iterable[str], used: Iterable[str], resource: str, kind: str, key: str
) -> Iterator[Problem]:
    """Find clients without rights on topics and queues."""
    for name in clients:
        if name not in used:
            wrong = f"{name} has {resource} in talks_to, and no {kind} names it"
            yield Problem(
                f"services.{name}.talks_to",
                wrong,
                f"Name it in {key}, or remove {resource} (retired_talks_to).",
            )

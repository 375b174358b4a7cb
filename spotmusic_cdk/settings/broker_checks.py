"""Checks of topics and queues against the services that use them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from spotmusic_cdk.settings.problem import Problem

if TYPE_CHECKING:
    from spotmusic_cdk.settings.environment import Settings

REPLICATION = 3
"""Replicas of a topic in production: the loss of a zone costs one."""
TOPICS = "kubernetes.redpanda.topics"
QUEUES = "kubernetes.rabbitmq.queues"


def problems(settings: Settings) -> Iterator[Problem]:
    """Finds topics and queues that nobody could use, users that could use nothing, and what production must not have."""
    # Topics and queues may not name what is retired: brokers drop its user in the same deployment.
    settings = settings.running
    yield from _topics(settings)
    yield from _queues(settings)
    if settings.production:
        for name, topic in settings.topics.items():
            if topic.replication < REPLICATION:
                wrong = f"{topic.replication} does not survive the loss of a zone, which production must"
                yield Problem(f"{TOPICS}.{name}.replication", wrong, f"Use {REPLICATION}.")


def _topics(settings: Settings) -> Iterator[Problem]:
    clients = settings.services_talking_to("events")
    busy: set[str] = set()
    for name, topic in settings.topics.items():
        yield from _strangers(f"{TOPICS}.{name}.producers", topic.producers, clients, "events")
        yield from _strangers(f"{TOPICS}.{name}.consumers", topic.consumers, clients, "events")
        busy.update(topic.producers, topic.consumers)
    yield from _idle(clients, busy, "events", "topic", TOPICS)


def _queues(settings: Settings) -> Iterator[Problem]:
    clients = settings.services_talking_to("tasks")
    busy: set[str] = set()
    for name, queue in settings.queues.items():
        named = settings.kubernetes.rabbitmq.queues.get(name)
        if not (named and named.consumers) and name not in clients:
            wrong = f"no service of this name talks to tasks, so that nobody takes from {name}"
            yield Problem(f"{QUEUES}.{name}", wrong, "Name its consumers.")
            continue
        yield from _strangers(f"{QUEUES}.{name}.consumers", queue.consumers, clients, "tasks")
        yield from _strangers(f"{QUEUES}.{name}.publishers", queue.publishers, clients, "tasks")
        busy.update(queue.consumers, queue.publishers)
        service = settings.services.get(name)
        if service and service.scaling.messages_per_task and name not in queue.consumers:
            wrong = f"{name} scales on the messages of this queue and does not take from it"
            yield Problem(f"{QUEUES}.{name}.consumers", wrong, f"Add {name}, or scale it on cpu.")
    yield from _idle(clients, busy, "tasks", "queue", QUEUES)


def _strangers(key: str, names: Iterable[str], clients: Iterable[str], resource: str) -> Iterator[Problem]:
    for name in names:
        if name not in clients:
            wrong = f"{name} is no service that talks to {resource}"
            yield Problem(key, wrong, f"Correct it, or add {resource} to services.{name}.talks_to.")


def _idle(clients: Iterable[str], busy: Iterable[str], resource: str, kind: str, key: str) -> Iterator[Problem]:
    """A user with a password and no right at all helps nobody."""
    for name in clients:
        if name not in busy:
            wrong = f"{name} talks to {resource}, and no {kind} names it"
            yield Problem(f"services.{name}.talks_to", wrong, f"Name it in {key}, or remove {resource} (retired_talks_to).")

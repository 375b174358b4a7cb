"""Messages of requests. A response follows after the broker has stored the message."""

import json
import logging
import os
import threading
import time
import uuid
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Protocol

import pika
from brokers import WRITTEN_MS, connection_of_tasks, settings_of_events
from confluent_kafka import KafkaError, KafkaException, Producer
from given import UnavailableError, User
from pika.exceptions import AMQPError, ProbableAuthenticationError
from process import Reply, nothing

WAIT_SECONDS = 8
"""Seconds in which a refused login is tried twice. Callers wait for 15 seconds."""
POLL_SECONDS = 0.1
log = logging.getLogger(__name__)


class Sender(Protocol):
    """Connection for one kind of message."""

    def send(self, id_: str, listener: str) -> None:
        """Send a message, or raise UnavailableError."""


class Writer:
    """Producer of events that all requests share until it fails."""

    def __init__(self, user: User) -> None:
        self.failed = self.refused = False
        limits = {"enable.idempotence": True, "delivery.timeout.ms": WRITTEN_MS}
        self._producer = Producer({**settings_of_events(user, self._on_error), **limits})

    def written(self, event: dict[str, object], until: float) -> bool:
        """Write an event. Return True if the brokers have stored it in time."""
        answers: list[KafkaError | None] = []
        try:
            text = json.dumps(event)
            self._producer.produce(
                "events.listening",
                text,
                key=event["listener"],
                on_delivery=lambda error, _: answers.append(error),
            )
            while not (answers or self.refused) and time.monotonic() < until:
                self._producer.poll(POLL_SECONDS)
        except (KafkaException, BufferError) as error:
            log.warning("event not written: %s", type(error).__name__)
        stored = answers == [None]
        self.failed = self.failed or not stored
        return stored

    def _on_error(self, error: KafkaError) -> None:
        self.refused = self.refused or error.code() == KafkaError._AUTHENTICATION


class Plays:
    """Plays as events of `events.listening`."""

    def __init__(self) -> None:
        self._user, self._lock = User("EVENTS"), threading.Lock()
        self._writer: Writer | None = None

    def send(self, id_: str, listener: str) -> None:
        """Write a play without a track. Repeat a refused login once, with the new password."""
        event = {
            "id": id_,
            "occurred_at": datetime.now(UTC).isoformat(),
            "listener": listener,
            "track": "none",
            "seconds": 0,
        }
        until = time.monotonic() + WAIT_SECONDS
        writer = self._shared(until)
        if writer.written(event, until) or (
            writer.refused and self._shared(until).written(event, until)
        ):
            return
        raise UnavailableError("events")

    def _shared(self, until: float) -> Writer:
        """Return the producer of all requests. After a failure, create another one with the current
        password and authority.
        """
        if not self._lock.acquire(timeout=max(0.0, until - time.monotonic())):
            raise UnavailableError("events")
        try:
            if self._writer is None or self._writer.failed:
                if self._writer and self._writer.refused:
                    self._user.read_again()
                self._writer = Writer(self._user)
            return self._writer
        except KafkaException as error:
            raise UnavailableError("events") from error
        finally:
            self._lock.release()


class Notices:
    """Notices as tasks of the queue `notifications`."""

    def __init__(self) -> None:
        self._user = User("TASKS")

    def send(self, id_: str, listener: str) -> None:
        """Publish a notice. Each notice has a separate connection, because connections of pika are
        not thread-safe.
        """
        try:
            try:
                self._published(id_)
            except ProbableAuthenticationError:
                if not self._user.read_again():
                    raise
                self._published(id_)
        except (AMQPError, OSError) as error:
            raise UnavailableError("tasks") from error

    def _published(self, id_: str) -> None:
        with connection_of_tasks(self._user) as connection:
            channel = connection.channel()
            channel.confirm_delivery()
            kept = pika.BasicProperties(delivery_mode=2)
            text = json.dumps({"id": id_, "kind": "smoke"})
            channel.basic_publish(
                os.environ["TASKS_EXCHANGE"], "notifications.smoke", text, kept, mandatory=True
            )


class Messages:
    """Requests that send: `POST $ROUTE/plays` and `POST $ROUTE/notices`, by the words of the
    service.

    `PLAYS_DONE_AT` and `NOTICES_DONE_AT` are the routes of the services that process them.
    """

    def __init__(self) -> None:
        self._senders: dict[str, tuple[Sender, str]] = {}
        if done_at := os.environ.get("PLAYS_DONE_AT"):
            self._senders["/plays"] = Plays(), done_at
        if done_at := os.environ.get("NOTICES_DONE_AT"):
            self._senders["/notices"] = Notices(), done_at

    def take(self, path: str, listener: str, body: bytes) -> Reply:
        """Send the message of a request, and return the path that answers 200 once processed."""
        pattern = path.removeprefix(os.environ["ROUTE"])
        if pattern not in self._senders:
            return nothing()
        if not listener:
            return pattern, HTTPStatus.UNAUTHORIZED, {"error": "unauthorized"}
        try:
            id_ = str(uuid.UUID(json.loads(body)["id"]))
        except (ValueError, KeyError, TypeError, AttributeError):
            return pattern, HTTPStatus.BAD_REQUEST, {"error": "bad_request"}
        sender, done_at = self._senders[pattern]
        sender.send(id_, listener)
        return pattern, HTTPStatus.ACCEPTED, {"done": f"{done_at}/done/{id_}"}

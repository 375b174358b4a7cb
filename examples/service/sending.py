"""Messages that requests send. The answer waits until the broker has stored them."""

import json
import os
import threading
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
"""Callers wait for 15 seconds, and a refused login is tried twice."""


class Sender(Protocol):
    """Way of one kind of message."""

    def send(self, id_: str, listener: str) -> None:
        """Sends it, or raises UnavailableError."""


class Plays:
    """Plays as events of `events.listening`."""

    def __init__(self) -> None:
        self._user, self._lock = User("EVENTS"), threading.Lock()
        self._writer: Producer | None = None
        self._refused = False

    def send(self, id_: str, listener: str) -> None:
        """Writes a play of no track; once more with the new password after a refused login."""
        event = {"id": id_, "occurred_at": datetime.now(UTC).isoformat(), "listener": listener, "track": "none", "seconds": 0}
        with self._lock:
            if self._written(event):
                return
            if self._refused and self._user.read_again() and self._written(event):
                return
        raise UnavailableError("events")

    def _written(self, event: dict[str, object]) -> bool:
        errors: list[KafkaError | None] = []
        try:
            if self._writer is None:
                self._refused = False
                limits = {"enable.idempotence": True, "delivery.timeout.ms": WRITTEN_MS}
                self._writer = Producer({**settings_of_events(self._user, self._on_error), **limits})
            text = json.dumps(event)
            self._writer.produce("events.listening", text, key=event["listener"], on_delivery=lambda error, _: errors.append(error))
            for _ in range(WAIT_SECONDS):
                if self._writer.flush(1) == 0 or self._refused:
                    break
        except KafkaException:
            errors.append(None)
        if errors == [None] and not self._refused:
            return True
        self._writer = None
        return False

    def _on_error(self, error: KafkaError) -> None:
        self._refused = self._refused or error.code() == KafkaError._AUTHENTICATION


class Notices:
    """Notices as tasks of the queue `notifications`."""

    def __init__(self) -> None:
        self._user = User("TASKS")

    def send(self, id_: str, listener: str) -> None:
        """Publishes a notice. Each has its own connection: one of pika belongs to a single thread."""
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
            channel.basic_publish(os.environ["TASKS_EXCHANGE"], "notifications.smoke", text, kept, mandatory=True)


class Messages:
    """Requests that send: `POST $ROUTE/plays` and `POST $ROUTE/notices`, for the words that the service has.

    `PLAYS_DONE_AT` and `NOTICES_DONE_AT` are the routes of the services that process them.
    """

    def __init__(self) -> None:
        self._senders: dict[str, tuple[Sender, str]] = {}
        if done_at := os.environ.get("PLAYS_DONE_AT"):
            self._senders["/plays"] = Plays(), done_at
        if done_at := os.environ.get("NOTICES_DONE_AT"):
            self._senders["/notices"] = Notices(), done_at

    def take(self, path: str, listener: str, body: bytes) -> Reply:
        """Sends the message of a request, and answers with the path that returns 200 when it was processed."""
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

"""Service of events, such as `trends`: it reads plays, and writes the most played tracks."""

import json
import logging
import os
import random
import threading
import time
import uuid
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from brokers import WRITTEN_MS, settings_of_events
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition
from given import UnavailableError, User
from jsonschema import Draft202012Validator
from process import drain, serve, start, stopping
from prometheus_client import Counter as Count
from prometheus_client import Histogram
from seen import Seen

AT_ONCE = 100
SESSION_MS = 10_000
LONGEST_PAUSE_SECONDS = 30.0
LEFT_SECONDS = 10.0
"""Seconds to commit and leave the group at the end. With those of a last event, they are fewer than
the 30 until ECS stops a task."""
AGE = Histogram(
    "event_age_seconds",
    "Age of each event when it is done.",
    ["topic"],
    buckets=(1, 5, 15, 30, 60, 300, 3600),
)
DONE = Count("events_total", "Events by how they ended.", ["outcome"])
log = logging.getLogger(__name__)


class RefusedError(Exception):
    """Login that the brokers refused."""


def schema_of(topic: str) -> Draft202012Validator:
    """Return the validator of the values of a topic."""
    text = (Path(os.environ["SCHEMAS"]) / f"{topic}.schema.json").read_text()
    return Draft202012Validator(json.loads(text))


class Stream:
    """Consumer and producer, created again with pauses after a permanent failure."""

    def __init__(self) -> None:
        self._user, self._refused = User("EVENTS"), False
        self._reads, self._writes = (
            os.environ["EVENTS_CONSUMES"].split(","),
            os.environ["EVENTS_PRODUCES"],
        )
        self._schemas = {topic: schema_of(topic) for topic in (*self._reads, self._writes)}
        self._dead_letters = os.environ["EVENTS_DEAD_LETTERS"]
        self._plays: Counter[str] = Counter()
        self._failed: list[KafkaError] = []
        self.seen = Seen()

    def run(self) -> None:
        """Read events until SIGTERM."""
        pause = 1.0
        while not stopping.is_set():
            begun = time.monotonic()
            try:
                self._connected()
            except RefusedError:
                if self._read_again():
                    continue
            except (KafkaException, UnavailableError) as error:
                log.warning("no broker: %s", error)
            pause = (
                1.0
                if time.monotonic() - begun > LONGEST_PAUSE_SECONDS
                else min(2 * pause, LONGEST_PAUSE_SECONDS)
            )
            stopping.wait(pause * random.uniform(0.5, 1))  # noqa: S311 - a pause

    def _read_again(self) -> bool:
        try:
            return self._user.read_again()
        except UnavailableError as error:
            log.warning("no secret: %s", error)
            return False

    def _connected(self) -> None:
        settings = settings_of_events(self._user, self._on_error)
        self._refused = False
        self._failed.clear()
        # A lost broker ends neither: both reconnect with pauses.
        writer = Producer(
            {**settings, "enable.idempotence": True, "delivery.timeout.ms": WRITTEN_MS}, logger=log
        )
        # Processed events are committed here, after the events that result from them are written.
        # An event may be delivered twice, and none is lost.
        reading = {"enable.auto.commit": False, "auto.offset.reset": "earliest"}
        # Other tasks take over from a task that ends without a message. The default of the library,
        # 45 seconds, is longer than an event may take.
        reading |= {
            "group.id": os.environ["EVENTS_GROUP"],
            "session.timeout.ms": SESSION_MS,
            "on_commit": self._committed,
        }
        reader = Consumer({**settings, **reading}, logger=log)
        try:
            reader.subscribe(self._reads)
            while not stopping.is_set():
                self._take(reader, writer)
        finally:
            # Without a broker, neither a commit nor a close of the library ends. Events without a
            # commit are delivered again.
            leaving = threading.Thread(target=reader.close, daemon=True)
            leaving.start()
            leaving.join(LEFT_SECONDS)

    def _on_error(self, error: KafkaError) -> None:
        if error.code() == KafkaError._AUTHENTICATION:
            self._refused = True

    def _take(self, reader: Consumer, writer: Producer) -> None:
        messages = reader.consume(AT_ONCE, timeout=0.5)
        if self._refused:
            raise RefusedError
        for message in messages:
            if error := message.error():
                raise KafkaException(error)
            self._done(message, writer)
        if messages:
            self._write(writer)
            reader.commit(asynchronous=True)

    def _done(self, message: Message, writer: Producer) -> None:
        topic, happened = message.topic(), message.timestamp()[1] / 1000
        try:
            if message.value() is None:
                outcome = "forgotten"
                self._forget(topic, message.key())
            else:
                outcome = "done"
                event = json.loads(message.value())
                self._schemas[topic].validate(event)
                happened = datetime.fromisoformat(event["occurred_at"]).timestamp()
                self._do(event)
        except UnavailableError:
            raise  # events without a commit are delivered again after a pause
        except Exception as error:
            outcome = "rejected"
            self._reject(message, error, writer)
        DONE.labels(outcome).inc()
        AGE.labels(topic).observe(max(0.0, time.time() - happened))

    def _reject(self, message: Message, error: Exception, writer: Producer) -> None:
        # The log has the position without the content. The event is skipped, because it would be
        # delivered again without end.
        place = {
            "topic": message.topic(),
            "partition": message.partition(),
            "offset": message.offset(),
        }
        headers = [(name, str(value)) for name, value in place.items()]
        writer.produce(
            self._dead_letters,
            message.value(),
            key=message.key(),
            headers=headers,
            on_delivery=self._delivered,
        )
        log.error("event rejected: %s", type(error).__name__, extra={"fields": place})

    def _do(self, event: dict[str, Any]) -> None:
        """Count a completed play. A real service does its work here and detects a repeated `id`."""
        self._plays[event["track"]] += bool(event.get("completed"))
        self.seen.add(event["id"])

    def _forget(self, topic: str, key: bytes) -> None:
        """Delete the data of a key, such as that of an erased listener. This service has none."""

    def _write(self, writer: Producer) -> None:
        top = [{"track": track, "plays": plays} for track, plays in self._plays.most_common(100)]
        event = {
            "id": str(uuid.uuid4()),
            "occurred_at": datetime.now(UTC).isoformat(),
            "scope": "all",
            "tracks": top,
        }
        self._schemas[self._writes].validate(event)
        writer.produce(
            self._writes, json.dumps(event), key=event["scope"], on_delivery=self._delivered
        )
        writer.flush()
        if self._failed:
            raise KafkaException(self._failed[0])

    def _committed(self, error: KafkaError | None, _: list[TopicPartition]) -> None:
        if error:
            log.warning("not committed: %s", error)

    def _delivered(self, error: KafkaError | None, _: Message) -> None:
        if error:
            self._failed.append(error)


def main() -> None:
    """Run the stream until SIGTERM."""
    start()
    stream = Stream()
    server = serve(stream.seen.answer)
    stream.run()
    drain(server)


if __name__ == "__main__":
    main()

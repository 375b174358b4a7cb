"""Topics, users and permissions of the platform's events in Kafka, and examples/service/stream.py
as a task of trends.
"""

import json
import re
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from spotmusic_cdk.settings.brokers import DEFAULT_TOPICS
from spotmusic_constructs.streaming.redpanda import MECHANISM
from spotmusic_constructs.streaming.redpanda_access import Topic, access_values
from tests.engines.kafka import ADMINISTRATOR, Kafka, kafka, library
from tests.engines.programs import wait_until
from tests.engines.stores import Engine
from tests.engines.test_service import (
    EXAMPLE,
    FIRST,
    PRECISION_SECONDS,
    SECOND,
    Aws,
    Task,
    common,
    here,
    libraries,
    playback,
    plays,
    sender,
    task,
    user,
)
from tools.checkout import ROOT
from tools.documents.contract_words import FORMS

__all__ = ["here", "libraries"]

pytestmark = pytest.mark.walk("backend developer")

SERVICES = ("playback", "trends", "recommendations", "notifications")
ACCESS = access_values(
    [Topic(name=name, **topic.model_dump()) for name, topic in DEFAULT_TOPICS.items()], SERVICES
)
LISTENING, TOP = "events.listening", "events.trends"
WITHIN = 20.0
"""Seconds for a broker's response to a client on a busy machine."""


@pytest.fixture(scope="module")
def module_broker(libraries: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    folder = tmp_path_factory.mktemp("kafka")
    with kafka(folder, ACCESS, dict.fromkeys(SERVICES, FIRST)) as found:
        yield found


@pytest.fixture
def broker(module_broker: Kafka) -> Kafka:
    """Kafka, started again if the previous test stopped it."""
    if not module_broker.running:
        module_broker.start()
    return module_broker


# Permissions


def written(
    broker: Kafka, name: str, topic: str, value: str | None = "x", *, idempotent: bool = False
) -> str:
    """Write an event as a user; return the name of the error, or an empty text."""
    refused: list[Any] = []
    writer = library().Producer(
        {**broker.client(username=name, password=FIRST), "enable.idempotence": idempotent}
    )
    writer.produce(topic, value, key="ana", on_delivery=lambda error, _: refused.append(error))
    assert writer.flush(WITHIN) == 0
    return refused[0].name() if refused[0] else ""


def read(
    broker: Kafka, username: str, topic: str, group: str, password: str = FIRST
) -> tuple[str, list[bytes]]:
    """Read a topic as a user; return the name of the error or an empty text, and all values."""
    found: list[bytes] = []
    more = {"group.id": group, "auto.offset.reset": "earliest", "enable.partition.eof": True}
    reader = library().Consumer({**broker.client(username=username, password=password), **more})
    reader.subscribe([topic])
    ends = len(reader.list_topics(topic, timeout=WITHIN).topics[topic].partitions)
    try:
        while ends and (message := reader.poll(WITHIN)):
            error = message.error()
            if error and error.code() != library().KafkaError._PARTITION_EOF:
                return error.name(), found
            ends -= bool(error)
            if not error:
                found.append(message.value())
        return "", found
    finally:
        reader.close()


def test_topics_match_settings(broker: Kafka) -> None:
    admin, client = library().admin, broker.administration()
    asked = [admin.ConfigResource(admin.ResourceType.TOPIC, name) for name in DEFAULT_TOPICS]
    configs = {
        resource.name: future.result()
        for resource, future in client.describe_configs(asked).items()
    }
    found = client.list_topics(timeout=WITHIN).topics
    for name, topic in DEFAULT_TOPICS.items():
        assert len(found[name].partitions) == topic.partitions
        assert configs[name]["cleanup.policy"].value == topic.cleanup_policy
        assert configs[name]["retention.ms"].value == str(topic.retention_hours * 3_600_000)


def test_producers_write_and_consumers_read(broker: Kafka) -> None:
    assert written(broker, "recommendations", "events.recommendations") == ""
    assert written(broker, "recommendations", "events.recommendations", idempotent=True) == ""
    assert read(broker, "notifications", "events.recommendations", "notifications") == (
        "",
        [b"x", b"x"],
    )
    assert read(broker, "notifications", "events.recommendations", "notifications.again") == (
        "",
        [b"x", b"x"],
    )


def test_topics_of_others_are_refused(broker: Kafka) -> None:
    found = written(broker, "notifications", "events.recommendations")
    assert found == "TOPIC_AUTHORIZATION_FAILED"
    actual = read(broker, "recommendations", "events.recommendations", "recommendations")[0]
    assert actual == "TOPIC_AUTHORIZATION_FAILED"


def test_groups_of_others_are_refused(broker: Kafka) -> None:
    found = read(broker, "notifications", "events.recommendations", "trends")[0]
    assert found == "GROUP_AUTHORIZATION_FAILED"


def test_services_create_no_topics(broker: Kafka) -> None:
    client = library().admin.AdminClient(broker.client(username="playback", password=FIRST))
    (made,) = client.create_topics([library().admin.NewTopic("events.own", 1, 1)]).values()
    with pytest.raises(library().KafkaException, match="TOPIC_AUTHORIZATION_FAILED"):
        made.result(WITHIN)


@pytest.mark.parametrize(
    ("name", "refused"), [("playback", False), ("playback.plays", False), ("trends", True)]
)
def test_transactions_have_the_name_of_their_service(
    broker: Kafka, name: str, *, refused: bool
) -> None:
    writer = library().Producer(
        {**broker.client(username="playback", password=FIRST), "transactional.id": name}
    )
    if refused:
        with pytest.raises(library().KafkaException, match="TRANSACTIONAL_ID_AUTHORIZATION_FAILED"):
            writer.init_transactions(WITHIN)
    else:
        writer.init_transactions(WITHIN)


def test_wrong_passwords_are_refused(broker: Kafka) -> None:
    refused: list[int] = []
    settings = {
        **broker.client(username="playback", password=SECOND),
        "error_cb": lambda error: refused.append(error.code()),
    }
    client = library().Producer(settings)
    wait_until(lambda: client.poll(1) > 0, "the client received the error")
    assert library().KafkaError._AUTHENTICATION in refused


# The example


def variables_of(
    name: str, aws: Aws, libraries: Path, broker: Kafka, **changes: str
) -> dict[str, str]:
    aws.parameters["/spotmusic/dev/internal-authority"] = (broker.folder / "tls.crt").read_text()
    return {
        **common(aws, name, libraries),
        **{f"EVENTS_{key}": value for key, value in user("EVENTS", name).items()},
        "SCHEMAS": str(ROOT / "events"),
        "EVENTS_BOOTSTRAP_SERVERS": f"localhost:{broker.port}",
        "EVENTS_SASL_MECHANISM": MECHANISM,
        "EVENTS_CONSUMES": f"{LISTENING},events.playback-telemetry",
        "EVENTS_PRODUCES": TOP,
        "EVENTS_GROUP": name,
        "EVENTS_DEAD_LETTERS": f"dead-letters.{name}",
        "EVENTS_AUTHORITY_PARAMETER": "/spotmusic/dev/internal-authority",
        **changes,
    }


@pytest.fixture
def variables(here: Aws, libraries: Path, broker: Kafka) -> dict[str, str]:
    return variables_of("trends", here, libraries, broker)


@contextmanager
def stream(variables: dict[str, str], folder: Path) -> Iterator[Task]:
    """Run the example. At the end it leaves its group, so that the next one does not wait."""
    with task(variables, "stream.py", folder) as found:
        yield found
        assert found.process.poll() == 0 or found.ends() == 0


def listened(track: str, **changes: Any) -> str:
    event = {
        "id": str(uuid.uuid4()),
        "occurred_at": datetime.now(UTC).isoformat(),
        "listener": "ana",
        "track": track,
    }
    return json.dumps({**event, "seconds": 200, "completed": True, **changes})


def done(stream: Task, outcome: str, count: int) -> None:
    """Wait for events. One is delivered twice if its commit was lost with the broker."""
    value = re.compile(rf'^events_total{{outcome="{outcome}"}} (\S+)$', re.MULTILINE)

    def enough() -> bool:
        found = value.search(stream.ask("/metrics")[1])
        return found is not None and float(found[1]) >= count

    wait_until(enough, f"{count} events {outcome}", stream.log, stream.process)


def uncommitted(broker: Kafka) -> int:
    """Events of plays that the group of trends has not committed."""
    reader = library().Consumer(
        {**broker.client(username="trends", password=FIRST), "group.id": "trends"}
    )
    try:
        places = [
            library().TopicPartition(LISTENING, number)
            for number in range(DEFAULT_TOPICS[LISTENING].partitions)
        ]
        committed = reader.committed(places, timeout=WITHIN)
        ends = [reader.get_watermark_offsets(place, timeout=WITHIN)[1] for place in places]
        return sum(end - max(place.offset, 0) for place, end in zip(committed, ends, strict=True))
    finally:
        reader.close()


def test_example_stream_needs_nothing_beyond_the_contract(variables: dict[str, str]) -> None:
    assert {name for name in variables if name.startswith("EVENTS_")} <= FORMS.keys()


def test_example_stream_writes_events_of_the_schema(
    variables: dict[str, str], broker: Kafka, tmp_path: Path
) -> None:
    with stream(variables, tmp_path) as found:
        assert written(broker, "playback", LISTENING, listened("t-1")) == ""
        done(found, "done", 1)
        wait_until(
            lambda: uncommitted(broker) == 0, "the event is committed", found.log, found.process
        )
    refused, values = read(broker, "notifications", TOP, "notifications")
    event = json.loads(values[-1])
    jsonschema.validate(event, json.loads((ROOT / "events" / f"{TOP}.schema.json").read_text()))
    assert (refused, event["tracks"]) == ("", [{"track": "t-1", "plays": 1}])


BROKEN = """
import sys
sys.path.insert(0, sys.argv[1])
import stream
from given import UnavailableError

class Broken(stream.Stream):
    away = True

    def _do(self, event):
        if event["track"] == "broken":
            raise KeyError("s3cret")
        if event["track"] == "away" and self.away:
            self.away = False
            raise UnavailableError("catalogue")
        super()._do(event)

stream.Stream = Broken
stream.main()
"""
"""Example with an event that it cannot process, and one that it can process later."""
POISON = (
    "not JSON s3cret",
    listened("t-2", seconds="s3cret"),
    listened("t-2", occurred_at="s3cret"),
    "[" * 100_000,
    listened("broken"),
)
TOMBSTONE = None


def test_example_stream_continues_after_poison(
    variables: dict[str, str], broker: Kafka, tmp_path: Path
) -> None:
    with task(
        variables, "stream.py", tmp_path, lambda _: [sys.executable, "-c", BROKEN, str(EXAMPLE)]
    ) as found:
        for value in (*POISON, TOMBSTONE, listened("t-2")):
            assert written(broker, "playback", LISTENING, value) == ""
        done(found, "rejected", len(POISON))
        done(found, "forgotten", 1)
        done(found, "done", 1)
        wait_until(
            lambda: uncommitted(broker) == 0, "poison is committed", found.log, found.process
        )
        assert written(broker, "playback", LISTENING, listened("away")) == ""
        done(found, "done", 2)
        expected = f'event_age_seconds_count{{topic="events.listening"}} {len(POISON) + 3}.0'
        assert expected in found.ask("/metrics")[1]
        lines = [
            json.loads(line) for line in found.log.read_text().splitlines() if "rejected" in line
        ]
        assert found.ends() == 0
    _, letters = read(broker, topic="dead-letters.trends", group="operator", **ADMINISTRATOR)
    assert sorted(letters) == sorted(value.encode() for value in POISON)
    actual = read(broker, "trends", "dead-letters.trends", "trends")[0]
    assert actual == "TOPIC_AUTHORIZATION_FAILED"
    assert all({"topic", "partition", "offset"} <= line.keys() for line in lines)
    assert "s3cret" not in found.log.read_text()


def test_example_stream_outlives_a_lost_broker(
    variables: dict[str, str], broker: Kafka, tmp_path: Path
) -> None:
    with stream(variables, tmp_path) as found:
        assert written(broker, "playback", LISTENING, listened("t-3")) == ""
        done(found, "done", 1)
        broker.stop()
        time.sleep(1)
        assert found.ask("/healthz")[0] == 200
        broker.start()
        assert written(broker, "playback", LISTENING, listened("t-3")) == ""
        done(found, "done", 2)


def test_example_stream_starts_without_brokers(
    variables: dict[str, str], here: Aws, broker: Kafka, tmp_path: Path
) -> None:
    authority = here.parameters.pop("/spotmusic/dev/internal-authority")
    with stream(variables, tmp_path) as found:
        wait_until(
            lambda: "no broker" in found.log.read_text(),
            "the authority is missing",
            found.log,
            found.process,
        )
        here.parameters["/spotmusic/dev/internal-authority"] = authority
        assert written(broker, "playback", LISTENING, listened("t-4")) == ""
        done(found, "done", 1)


def test_example_stream_reads_its_rotated_password(
    variables: dict[str, str], here: Aws, broker: Kafka, tmp_path: Path
) -> None:
    here.secrets["arn:EVENTS"] = json.dumps({"password": SECOND})
    replace_password(broker, SECOND)
    try:
        with stream(variables, tmp_path) as found:
            assert written(broker, "playback", LISTENING, listened("t-5")) == ""
            done(found, "done", 1)
            assert "read the secret again" in found.log.read_text()
    finally:
        replace_password(broker, FIRST)


def replace_password(broker: Kafka, password: str) -> None:
    admin, client = library().admin, broker.administration()
    info = admin.ScramCredentialInfo(admin.ScramMechanism.SCRAM_SHA_512, 4096)
    change = admin.UserScramCredentialUpsertion("trends", info, password.encode())
    for result in client.alter_user_scram_credentials([change]).values():
        result.result(WITHIN)


def test_example_stream_commits_before_it_ends(
    variables: dict[str, str], broker: Kafka, tmp_path: Path
) -> None:
    with stream(variables, tmp_path) as found:
        for _ in range(3):
            assert written(broker, "playback", LISTENING, listened("t-6")) == ""
        done(found, "done", 3)
        begun = time.monotonic()
        assert found.ends() == 0
        assert time.monotonic() - begun < 10 + PRECISION_SECONDS
    assert uncommitted(broker) == 0


def test_example_stream_without_rights_stays_healthy(
    here: Aws, libraries: Path, broker: Kafka, tmp_path: Path
) -> None:
    variables = variables_of("notifications", here, libraries, broker)
    with stream(variables, tmp_path) as found:
        wait_until(
            lambda: "Topic authorization failed" in found.log.read_text(),
            "it is refused",
            found.log,
            found.process,
        )
        assert found.ask("/healthz")[0] == 200


def test_example_writes_parallel_plays_after_a_rotation(
    here: Aws, libraries: Path, broker: Kafka, tmp_path: Path
) -> None:
    here.parameters["/spotmusic/dev/internal-authority"] = (broker.folder / "tls.crt").read_text()
    here.secrets["arn:EVENTS"] = json.dumps({"password": FIRST})
    (tmp_path / "tls.crt").touch()
    nowhere = Engine(1, process=None, folder=tmp_path)  # type: ignore[arg-type]
    variables = (
        playback(here, libraries, "", nowhere, nowhere)
        | sender(f"localhost:{broker.port}")
        | {"EVENTS_PASSWORD": SECOND}
    )
    with task(variables, "service.py", tmp_path) as found:
        assert plays(found, 10) == {202}
        assert found.log.read_text().count("read the secret again") == 1


STUCK = """
import runpy, sys, time
import confluent_kafka

class Stuck(confluent_kafka.Consumer):
    def commit(self, *, asynchronous):
        time.sleep(0 if asynchronous else 600)

    def close(self):
        super().close()
        time.sleep(600)

confluent_kafka.Consumer = Stuck
sys.path.insert(0, sys.argv[1])
runpy.run_path(sys.argv[1] + "/stream.py", run_name="__main__")
"""
"""Example with a library that waits for its broker, as librdkafka does for a coordinator that is
lost during a commit."""


def test_example_stream_ends_while_its_library_waits(
    variables: dict[str, str], broker: Kafka, tmp_path: Path
) -> None:
    with task(
        variables, "stream.py", tmp_path, lambda _: [sys.executable, "-c", STUCK, str(EXAMPLE)]
    ) as found:
        assert written(broker, "playback", LISTENING, listened("t-7")) == ""
        done(found, "done", 1)
        assert_ends_in_time(found)


def test_example_stream_ends_without_its_broker(
    variables: dict[str, str], broker: Kafka, tmp_path: Path
) -> None:
    with stream(variables, tmp_path) as found:
        assert written(broker, "playback", LISTENING, listened("t-8")) == ""
        done(found, "done", 1)
        broker.stop()
        assert_ends_in_time(found)


def assert_ends_in_time(stream: Task) -> None:
    begun = time.monotonic()
    assert stream.ends() == 0
    assert time.monotonic() - begun < 30 + PRECISION_SECONDS

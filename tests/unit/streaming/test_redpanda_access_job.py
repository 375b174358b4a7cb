"""Job of topics and access rules, run by bash against a stub of rpk with files as state."""

import json
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tools.checkout import ROOT
from tools.model.helm import render
from tools.model.values import Json

Result = subprocess.CompletedProcess[str]
BASH = shutil.which("bash")
CHART = ROOT / "charts" / "redpanda-access"
STAND_IN = Path(__file__).with_name("rpk.sh").read_text()
IMPOSSIBLE = 65
LISTENING = {"partitions": 6, "replication": 3, "cleanupPolicy": "delete", "retentionHours": 48}
DONE = {"partitions": "6", "replicas": "3", "cleanup.policy": "delete", "retention.ms": "172800000"}
VALUES: Json = {
    "image": "registry.example.com/redpanda:v26.2.1",
    "topics": {"events.listening": LISTENING},
    "users": {
        "playback": {"produces": ["events.listening"], "consumes": []},
        "trends": {"produces": [], "consumes": ["events.listening"]},
    },
}

pytestmark = pytest.mark.skipif(
    not BASH or subprocess.run([BASH, "-c", "mapfile </dev/null"], check=False).returncode != 0,
    reason="bash 4 or newer is not installed",
)


@cache
def job(values: str) -> str:
    (manifest,) = render(CHART, "redpanda-access", "redpanda", json.loads(values))
    (container,) = manifest["spec"]["template"]["spec"]["containers"]
    return str(container["args"][0])


class Stream:
    """Stub of rpk with its state, and the job that runs against it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "topics").mkdir()
        numbers = {"deaf": "0\n", "brokers": "3\n"}
        for name, content in {"calls": "", "rights": "", "refused": "", **numbers}.items():
            (folder / name).write_text(content)

    def apply(self, **changes: Any) -> Result:
        (self.folder / "calls").write_text("")
        environment = {
            "PATH": os.environ["PATH"],
            "STATE": str(self.folder),
            "PAUSE": "0",
            "TRIES": "3",
        }
        command = [str(BASH), "-c", STAND_IN + job(json.dumps(VALUES | changes))]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    def lines(self, name: str) -> list[str]:
        return (self.folder / name).read_text().splitlines()

    def topic(self, name: str) -> dict[str, str]:
        return dict(line.split(" ", 1) for line in self.lines(f"topics/{name}"))

    def has_topic(self, name: str, **changes: str) -> None:
        content = "".join(f"{key} {value}\n" for key, value in {**DONE, **changes}.items())
        (self.folder / "topics" / name).write_text(content)

    def rights_of(self, user: str) -> set[tuple[str, ...]]:
        return {
            tuple(words[2:6])
            for line in self.lines("rights")
            if (words := line.split())[0] == f"User:{user}"
        }


@pytest.fixture
def stream(tmp_path: Path) -> Stream:
    return Stream(tmp_path)


def test_access_job_creates_topics_and_rights(stream: Stream) -> None:
    done = stream.apply()
    assert done.returncode == 0, done.stderr
    assert stream.topic("events.listening") == DONE
    assert stream.rights_of("playback") == {
        ("TOPIC", "events.listening", "LITERAL", "WRITE"),
        ("TOPIC", "events.listening", "LITERAL", "DESCRIBE"),
        ("TRANSACTIONAL_ID", "playback", "LITERAL", "WRITE"),
        ("TRANSACTIONAL_ID", "playback", "LITERAL", "DESCRIBE"),
        ("TRANSACTIONAL_ID", "playback.", "PREFIXED", "WRITE"),
        ("TRANSACTIONAL_ID", "playback.", "PREFIXED", "DESCRIBE"),
        ("CLUSTER", "kafka-cluster", "LITERAL", "IDEMPOTENT_WRITE"),
    }
    assert stream.rights_of("trends") == {
        ("TOPIC", "events.listening", "LITERAL", "READ"),
        ("TOPIC", "events.listening", "LITERAL", "DESCRIBE"),
        ("GROUP", "trends", "LITERAL", "READ"),
        ("GROUP", "trends", "LITERAL", "DESCRIBE"),
        ("GROUP", "trends.", "PREFIXED", "READ"),
        ("GROUP", "trends.", "PREFIXED", "DESCRIBE"),
    }


def test_access_job_keeps_compacted_topics_on_brokers(stream: Stream) -> None:
    """A tombstone removes no event from Amazon S3 (Redpanda, Tiered Storage versions)."""
    compacted, both = LISTENING | {"cleanupPolicy": "compact"}, {"cleanupPolicy": "compact,delete"}
    done = stream.apply(topics={"events.newest": compacted, "events.both": LISTENING | both})
    assert done.returncode == 0, done.stderr
    local_only = {"redpanda.remote.read": "false", "redpanda.remote.write": "false"}
    assert stream.topic("events.newest") == DONE | {"cleanup.policy": "compact"} | local_only
    assert stream.topic("events.both") == DONE | {"cleanup.policy": "compact,delete"}


def test_access_job_is_idempotent(stream: Stream) -> None:
    stream.apply()
    rights = stream.lines("rights")
    assert stream.apply().returncode == 0
    assert (stream.topic("events.listening"), stream.lines("rights")) == (DONE, rights)
    assert not [
        call
        for call in stream.lines("calls")
        if "delete" in call or "topic create" in call or "add-partitions" in call
    ]


@pytest.mark.parametrize("has_topic", [True, False])
def test_access_job_waits_for_brokers_of_replicas(stream: Stream, has_topic: bool) -> None:
    if has_topic:
        stream.has_topic("events.listening", replicas="1")
    (stream.folder / "brokers").write_text("2\n")
    done = stream.apply()
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("fewer than 3 brokers answer") == 1
    assert stream.topic("events.listening") == DONE


def test_access_job_counts_no_brokers_without_new_replicas(stream: Stream) -> None:
    """An update of a topic does not wait for a lost broker."""
    stream.has_topic("events.listening", **{"retention.ms": "3600000"})
    assert stream.apply().returncode == 0
    assert not any("cluster info" in call for call in stream.lines("calls"))


def test_access_job_extends_topics_in_place(stream: Stream) -> None:
    stream.has_topic(
        "events.listening", partitions="2", replicas="1", **{"retention.ms": "3600000"}
    )
    done = stream.apply()
    assert done.returncode == 0, done.stderr
    assert stream.topic("events.listening") == DONE


IMPOSSIBLE_CHANGES: dict[str, tuple[dict[str, str], str]] = {
    "fewer partitions": (
        {"partitions": "12"},
        "events.listening has 12 partitions and 6 are asked for. None can be taken away",
    ),
    "fewer replicas": ({"replicas": "5"}, "events.listening has 5 replicas and 3 are asked for"),
    "another cleanup policy": (
        {"cleanup.policy": "compact"},
        (
            "events.listening has the cleanup policy compact and delete is asked for. "
            "That deletes events"
        ),
    ),
}


@pytest.mark.parametrize("case", IMPOSSIBLE_CHANGES)
def test_access_job_rejects_lossy_changes(stream: Stream, case: str) -> None:
    change, expected = IMPOSSIBLE_CHANGES[case]
    stream.has_topic("events.listening", **change)
    done = stream.apply()
    assert (done.returncode, expected in done.stderr) == (IMPOSSIBLE, True), done.stderr
    assert stream.topic("events.listening") == DONE | change


def test_access_job_retries_unreadable_topic(stream: Stream) -> None:
    """`rpk topic describe` prints the summary, and fails without the settings of a broker."""
    stream.has_topic("events.listening", partitions="2")
    (stream.folder / "refused").write_text("settings events.listening\n")
    failed = stream.apply()
    assert failed.returncode == 1, failed.stderr
    assert "could not be described" in failed.stderr
    assert "deletes events" not in failed.stderr
    assert stream.topic("events.listening") == DONE | {"partitions": "2"}
    (stream.folder / "refused").write_text("")
    assert stream.apply().returncode == 0
    assert stream.topic("events.listening") == DONE


def test_access_job_keeps_removed_topic(stream: Stream) -> None:
    stream.has_topic("events.old")
    assert stream.apply().returncode == 0
    assert stream.topic("events.old") == DONE


def test_access_job_revokes_removed_rights(stream: Stream) -> None:
    stream.apply()
    with (stream.folder / "rights").open("a") as rights:
        rights.write("User:alice * TOPIC events.listening LITERAL READ ALLOW\n")
    done = stream.apply(
        users={
            "playback": {"produces": [], "consumes": ["events.listening"]},
            "trends": {"produces": [], "consumes": []},
        }
    )
    assert done.returncode == 0, done.stderr
    assert {operation for *_, operation in stream.rights_of("playback")} == {"READ", "DESCRIBE"}
    assert stream.rights_of("trends") == set()
    # The job ignores users that are not services of the environment.
    assert stream.rights_of("alice")


@pytest.mark.parametrize("refused", ["events.listening", "trends."])
def test_access_job_detects_errors_in_tables(stream: Stream, refused: str) -> None:
    stream.has_topic("events.listening")
    (stream.folder / "refused").write_text(f"{refused}\n")
    done = stream.apply()
    assert done.returncode == 1
    assert "refused by Redpanda" in done.stderr


def test_access_job_fails_on_unlisted_rights(stream: Stream) -> None:
    (stream.folder / "refused").write_text("lists are refused\n")
    done = stream.apply()
    assert (done.returncode, stream.lines("rights")) == (1, [])
    assert "unable to list" in done.stderr


def test_access_job_waits_for_brokers(stream: Stream) -> None:
    (stream.folder / "deaf").write_text("2\n")
    assert stream.apply().returncode == 0
    (stream.folder / "deaf").write_text("9\n")
    done = stream.apply()
    assert done.returncode == 1
    assert "unable to dial" in done.stderr

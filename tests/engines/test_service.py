"""examples/service as tasks of playback and notifications, with the platform's variables and real
engines.
"""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pymysql
import pytest

from spotmusic_constructs.data.cache_users import access_string
from spotmusic_constructs.streaming.redpanda import MECHANISM
from tests.engines.ports import quiet_ports
from tests.engines.programs import Process, program, running, wait_until
from tests.engines.stores import ADMINISTRATOR, MASTER, Engine, mysql, redis
from tests.engines.test_cache import encoded
from tests.engines.test_rabbitmq import PASSWORD, Broker
from tests.serving import serving
from tools.checkout import ROOT
from tools.documents.contract_words import FORMS

pytestmark = pytest.mark.walk("backend developer")

EXAMPLE = ROOT / "examples" / "service"
LIBRARIES = ROOT / ".tools" / "example"
FIRST, SECOND = (
    "first-password",
    "second-password",
)  # of short-lived servers on loopback
STATEMENTS = (
    "CREATE DATABASE playback;\n"
    "CREATE TABLE playback.tracks (id BIGINT PRIMARY KEY, title VARCHAR(100), object_key "
    "VARCHAR(100));\n"
    "INSERT INTO playback.tracks VALUES (1, 'one', 'audio/1.flac'), (2, 'two', 'audio/2.flac'), "
    "(3, 'three', 'audio/3.flac'), (4, 'four', 'audio/4.flac');\n"
    f"CREATE USER playback@'%' IDENTIFIED BY '{FIRST}' REQUIRE SSL;\n"
    "GRANT SELECT ON playback.* TO playback@'%';\n"
)
ADDED_BY_AWS = {
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
}
ADDED_HERE = {"PATH", "PYTHONPATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "SSL_CERT_FILE"}
"""Certificate authorities of the image and of the system."""
PRECISION_SECONDS = 3.0
"""Additional seconds for a busy machine."""


@dataclass
class Aws:
    """Stub of the Secrets Manager and Parameter Store calls of a task."""

    port: int
    secrets: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)


@contextmanager
def aws() -> Iterator[Aws]:
    (port,) = quiet_ports(1)
    found = Aws(port)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.headers["X-Amz-Target"].endswith("GetSecretValue"):
                value = found.secrets.get(asked["SecretId"])
                answer: dict[str, Any] = {"SecretString": value}
            else:
                value = found.parameters.get(asked["Name"])
                answer = {"Parameter": {"Name": asked["Name"], "Value": value}}
            body = json.dumps(
                answer if value is not None else {"__type": "ParameterNotFound"}
            ).encode()
            self.send_response(200 if value is not None else 400)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    with serving(server):
        yield found


@pytest.fixture(scope="module")
def libraries() -> Path:
    """Libraries of the example."""
    if not LIBRARIES.exists():
        pytest.skip("the libraries of examples/service are not installed. Run `make engine-tools`")
    return LIBRARIES


@pytest.fixture(scope="module")
def cache(libraries: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with redis(
        tmp_path_factory.mktemp("redis"),
        f"{ADMINISTRATOR}user playback >{FIRST} {access_string('playback')}\n",
    ) as found:
        yield found


@pytest.fixture(scope="module")
def catalogue(libraries: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with mysql(tmp_path_factory.mktemp("mysql"), MASTER + STATEMENTS) as found:
        yield found


@pytest.fixture(scope="module")
def signing_key() -> str:
    made = subprocess.run(
        [str(program("openssl")), "genrsa", "-traditional", "2048"],
        check=True,
        capture_output=True,
        text=True,
    )
    return made.stdout


@dataclass
class Task:
    """Running task with its HTTP endpoint."""

    process: Process
    port: int
    log: Path

    def ask(
        self,
        path: str,
        *,
        listener: str | None = "ana",
        seconds: float = 30,
        body: bytes | None = None,
    ) -> tuple[int, Any]:
        headers = {"X-Request-ID": "r-1", **({"X-Listener": listener} if listener else {})}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", body, headers)
        try:
            with urllib.request.urlopen(request, timeout=seconds) as answer:  # noqa: S310
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def track(self, number: int) -> tuple[int, Any]:
        status, text = self.ask(f"/v1/playback/tracks/{number}")
        return status, json.loads(text)

    def ends(self) -> int:
        """Send SIGTERM and return the exit status."""
        os.kill(self.process.pid, signal.SIGTERM)
        return self.process.wait(60)


def common(aws: Aws, service: str, libraries: Path) -> dict[str, str]:
    (port,) = quiet_ports(1)
    return {
        "SERVICE": service,
        "ENVIRONMENT": "dev",
        "PORT": str(port),
        "HEALTH_PATH": "/healthz",
        "LOG_LEVEL": "info",
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_REGION": "sa-east-1",
        "AWS_DEFAULT_REGION": "sa-east-1",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{aws.port}",
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": str(libraries),
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def playback(
    aws: Aws, libraries: Path, signing_key: str, catalogue: Engine, cache: Engine
) -> dict[str, str]:
    users = {
        f"{prefix}_{key}": value
        for prefix in ("CATALOGUE", "CACHE")
        for key, value in user(prefix, "playback").items()
    }
    return {
        **common(aws, "playback", libraries),
        **users,
        "ROUTE": "/v1/playback",
        "CATALOGUE_HOST": "localhost",
        "CATALOGUE_READER_HOSTS": "localhost",
        "CATALOGUE_PORT": str(catalogue.port),
        "CATALOGUE_DBNAME": "playback",
        "CATALOGUE_CONNECTIONS": "5",
        "CATALOGUE_AUTHORITY": (catalogue.folder / "tls.crt").read_text(),
        "CACHE_HOST": "localhost",
        "CACHE_PORT": str(cache.port),
        "CACHE_PREFIX": "playback:",
        "AUDIO_SIGNING_KEY": signing_key,
        "AUDIO_SIGNER": "first",
        "AUDIO_PARAMETERS": "/spotmusic/dev/edge",
        "AUDIO_PARAMETERS_REGION": "us-east-1",
        "SSL_CERT_FILE": str(cache.folder / "tls.crt"),
    }


def user(prefix: str, name: str, password: str = FIRST) -> dict[str, str]:
    return {"USERNAME": name, "PASSWORD": password, "USER_ARN": f"arn:{prefix}"}


@contextmanager
def task(
    variables: dict[str, str],
    program_: str,
    folder: Path,
    command: Callable[[str], list[str]] | None = None,
) -> Iterator[Task]:
    log = folder / f"{program_}.{variables['PORT']}.log"
    started = command(program_) if command else [sys.executable, str(EXAMPLE / program_)]
    with running(started, log, variables) as process:
        found = Task(process, int(variables["PORT"]), log)
        wait_until(
            lambda: found.ask("/healthz", seconds=2)[0] == 200, "the task is healthy", log, process
        )
        yield found


@pytest.fixture
def here() -> Iterator[Aws]:
    with aws() as found:
        found.parameters = {
            "/spotmusic/dev/edge/domain-name": "audio.example",
            "/spotmusic/dev/edge/signing-keys": '{"first": "K1"}',
        }
        yield found


@pytest.fixture
def variables(
    here: Aws, libraries: Path, signing_key: str, catalogue: Engine, cache: Engine
) -> dict[str, str]:
    return playback(here, libraries, signing_key, catalogue, cache)


def ready(found: Task, number: int = 1) -> bool:
    return found.track(number)[0] == 200


def test_example_needs_nothing_beyond_the_contract(variables: dict[str, str]) -> None:
    assert variables.keys() - FORMS.keys() == ADDED_BY_AWS | ADDED_HERE


def test_example_gives_tracks_with_signed_addresses(
    variables: dict[str, str], tmp_path: Path
) -> None:
    with task(variables, "service.py", tmp_path) as found:
        wait_until(
            lambda: ready(found), "the edge has published its parameters", found.log, found.process
        )
        track = found.track(1)[1]
        assert track["title"] == "one"
        assert track["audio"].startswith("https://audio.example/audio/1.flac?Expires=")
        assert track["audio"].endswith("&Key-Pair-Id=K1")
        assert found.track(99)[0] == 404
        assert found.ask("/v1/playback/tracks/1", listener=None)[0] == 401
        assert 'http_route="/tracks/{id}"' in found.ask("/metrics")[1]
        lines = [json.loads(line) for line in found.log.read_text().splitlines()]
    assert {"request_id": "r-1", "route": "/tracks/{id}", "status": 200}.items() <= next(
        li for li in lines if li.get("status") == 200
    ).items()
    assert "ana" not in found.log.read_text()


def test_example_starts_without_anything_it_talks_to(
    variables: dict[str, str], here: Aws, tmp_path: Path
) -> None:
    nothing = str(quiet_ports(1)[0])
    here.parameters.clear()
    with task(
        {**variables, "CATALOGUE_PORT": nothing, "CACHE_PORT": nothing}, "service.py", tmp_path
    ) as found:
        assert found.track(1)[0] == 503
        assert found.ask("/healthz")[0] == 200


INNER = "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Listener: other\r\n\r\n"


def test_example_takes_no_body_for_a_request(variables: dict[str, str], tmp_path: Path) -> None:
    with task(variables, "service.py", tmp_path) as found:
        assert statuses(found, "GET", f"Content-Length: {len(INNER)}") == [200]
        for method in ("GET", "POST"):
            for headers in (
                "Transfer-Encoding: chunked",
                "Content-Length: x",
                "Content-Length: -1",
                "Content-Length: 1\r\nContent-Length: 2",
            ):
                assert statuses(found, method, headers) == [400]
            assert statuses(found, method, "Content-Length: 65537") == [413]
        assert statuses(found, "PUT", f"Content-Length: {len(INNER)}") == [501]


def statuses(found: Task, method: str, headers: str) -> list[int]:
    """Send a request with a second request in its body, and return the statuses of all answers."""
    with socket.create_connection(("localhost", found.port)) as connection:
        connection.sendall(
            f"{method} /healthz HTTP/1.1\r\nHost: x\r\n{headers}\r\n\r\n{INNER}".encode()
        )
        connection.shutdown(socket.SHUT_WR)
        answers = b""
        with suppress(ConnectionResetError):
            while some := connection.recv(1000):
                answers += some
    return [int(status) for status in re.findall(rb"HTTP/1.1 (\d+)", answers)]


def test_example_reads_the_primary_without_a_replica(
    variables: dict[str, str], tmp_path: Path
) -> None:
    with task(
        {**variables, "CATALOGUE_READER_HOSTS": "removed.invalid"}, "service.py", tmp_path
    ) as found:
        wait_until(lambda: ready(found), "the primary answers", found.log, found.process)


def test_example_survives_a_frozen_cache(
    variables: dict[str, str], cache: Engine, tmp_path: Path
) -> None:
    with task(variables, "service.py", tmp_path) as found:
        wait_until(lambda: ready(found), "the task serves", found.log, found.process)
        with cache.frozen():
            begun = time.monotonic()
            assert found.track(2)[0] == 200
            assert time.monotonic() - begun < 1 + PRECISION_SECONDS


def test_example_refuses_while_the_catalogue_is_frozen(
    variables: dict[str, str], catalogue: Engine, tmp_path: Path
) -> None:
    with task(variables, "service.py", tmp_path) as found:
        wait_until(lambda: ready(found), "the task serves", found.log, found.process)
        with catalogue.frozen():
            begun = time.monotonic()
            assert found.track(3)[0] == 503
            assert time.monotonic() - begun < 7 + PRECISION_SECONDS
            assert found.ask("/healthz")[0] == 200
        wait_until(lambda: ready(found, 3), "the catalogue answers again", found.log, found.process)


def test_example_reads_rotated_passwords(
    variables: dict[str, str], here: Aws, catalogue: Engine, cache: Engine, tmp_path: Path
) -> None:
    with task(variables, "service.py", tmp_path) as found:
        wait_until(lambda: ready(found), "the task serves", found.log, found.process)
        here.secrets = {
            "arn:CATALOGUE": json.dumps({"password": SECOND}),
            "arn:CACHE": json.dumps({"password": SECOND}),
        }
        asked_as_administrator(cache, "ACL", "SETUSER", "playback", "resetpass", f">{SECOND}")
        asked_as_administrator(cache, "FLUSHALL")
        asked_as_administrator(cache, "CLIENT", "KILL", "USER", "playback")
        replace_password(catalogue, SECOND)
        try:
            assert found.track(1)[0] == 200
            wait_until(
                lambda: found.log.read_text().count("read the secret again") == 2,
                "both secrets were read again",
                found.log,
            )
            assert found.track(4)[0] == 200
        finally:
            replace_password(catalogue, FIRST)
            asked_as_administrator(cache, "ACL", "SETUSER", "playback", "resetpass", f">{FIRST}")


def asked_as_administrator(cache: Engine, *words: str) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(cache.folder / "redis.sock"))
        connection.sendall(encoded(*words))
        assert not connection.recv(100).startswith(b"-")


def replace_password(catalogue: Engine, password: str) -> None:
    with (
        pymysql.connect(
            unix_socket=str(catalogue.folder / "socket"), user="master", password="master"
        ) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(f"ALTER USER playback@'%' IDENTIFIED BY '{password}'")
        cursor.execute("SELECT id FROM information_schema.processlist WHERE user = 'playback'")
        for (id_,) in cursor.fetchall():
            cursor.execute(f"KILL {id_}")


def test_example_answers_until_it_ends(
    variables: dict[str, str], catalogue: Engine, tmp_path: Path
) -> None:
    with task(variables, "service.py", tmp_path) as found, ExitStack() as thawed:
        wait_until(lambda: ready(found), "the task serves", found.log, found.process)
        thawed.enter_context(catalogue.frozen())
        answered: list[int] = []
        asking = threading.Thread(
            target=lambda: answered.append(found.ask("/v1/playback/tracks/4000")[0])
        )
        asking.start()
        time.sleep(0.5)
        begun = time.monotonic()
        assert found.ends() == 0
        assert time.monotonic() - begun < 20
        asking.join()
        assert answered == [503]


def test_example_runs_under_the_restrictions_of_tasks(
    variables: dict[str, str], cache: Engine, tmp_path: Path
) -> None:
    """Restrictions: unprivileged user, no capability, a read-only root file system, and a /tmp
    without execution.
    """
    jail = (
        'mount --bind "$0" /mnt && mount --bind "$1" /opt && mount -o remount,bind,ro / && mount '
        "-o remount,bind,ro /mnt && "
        "mount -t tmpfs -o size=64m,nosuid,nodev,noexec tmpfs /tmp && cd /mnt/examples/service && "
        "exec setpriv --reuid 10001 --regid 10001 --clear-groups --no-new-privs --inh-caps -all "
        '--bounding-set -all "$2" "$3"'
    )
    if subprocess.run(
        [str(program("unshare")), "--mount", "true"], capture_output=True, check=False
    ).returncode:
        pytest.skip("mount namespaces require root on this machine")
    python = f"/opt/bin/{Path(sys.executable).resolve().name}"

    def command(name: str) -> list[str]:
        return ["unshare", "--mount", "sh", "-c", jail, str(ROOT), sys.base_prefix, python, name]

    inside = {
        "PYTHONPATH": "/mnt/.tools/example",
        "LD_LIBRARY_PATH": "/opt/lib",
        "SSL_CERT_FILE": "/dev/null",
    }
    with task({**variables, **inside}, "service.py", tmp_path, command) as found:
        wait_until(lambda: ready(found), "the task serves", found.log, found.process)
        status = Path(f"/proc/{found.process.pid}/status").read_text()
    assert "Uid:\t10001\t10001" in status
    assert "CapEff:\t0000000000000000" in status


IMPATIENT = """
import runpy, sys
sys.path.insert(0, sys.argv[1])
import sending

sending.WAIT_SECONDS = 1
runpy.run_path(sys.argv[1] + "/service.py", run_name="__main__")
"""
"""Example with a short wait for the brokers."""


def test_example_refuses_parallel_writes_without_brokers(
    variables: dict[str, str], cache: Engine, here: Aws, tmp_path: Path
) -> None:
    here.parameters["/spotmusic/dev/internal-authority"] = (cache.folder / "tls.crt").read_text()
    events = sender(f"localhost:{quiet_ports(1)[0]}")
    with task(
        {**variables, **events},
        "service.py",
        tmp_path,
        lambda _: [sys.executable, "-c", IMPATIENT, str(EXAMPLE)],
    ) as found:
        begun = time.monotonic()
        assert plays(found, 10) == {503}
        assert time.monotonic() - begun < 1 + PRECISION_SECONDS


def sender(brokers: str) -> dict[str, str]:
    return {
        **{f"EVENTS_{key}": value for key, value in user("EVENTS", "playback").items()},
        "EVENTS_BOOTSTRAP_SERVERS": brokers,
        "EVENTS_SASL_MECHANISM": MECHANISM,
        "EVENTS_AUTHORITY_PARAMETER": "/spotmusic/dev/internal-authority",
        "PLAYS_DONE_AT": "/v1/trends",
    }


def plays(found: Task, count: int) -> set[int]:
    """Send plays at the same time, and return the statuses."""

    def sent(_: int) -> int:
        body = json.dumps({"id": str(uuid.uuid4())})
        return found.ask("/v1/playback/plays", body=body.encode())[0]

    with ThreadPoolExecutor(count) as pool:
        return set(pool.map(sent, range(count)))


# The worker


@pytest.fixture
def broker(tasks: tuple[Broker, Path]) -> tuple[Broker, Path]:
    return tasks


@pytest.fixture
def worker(
    here: Aws, libraries: Path, broker: tuple[Broker, Path], tmp_path: Path
) -> Iterator[Task]:
    management, folder = broker
    wait_until(lambda: not connections(management), "the worker before has no connection")
    here.parameters["/spotmusic/dev/internal-authority"] = (folder / "tls.crt").read_text()
    variables = {
        **common(here, "notifications", libraries),
        **{
            f"TASKS_{key}": value for key, value in user("TASKS", "notifications", PASSWORD).items()
        },
        "TASKS_ENDPOINT": f"amqps://localhost:{(folder / 'port').read_text()}",
        "TASKS_VIRTUAL_HOST": "spotmusic",
        "TASKS_EXCHANGE": "tasks",
        "TASKS_QUEUES": "notifications",
        "TASKS_PUBLISHES": "notifications",
        "TASKS_AUTHORITY_PARAMETER": "/spotmusic/dev/internal-authority",
    }
    with task(
        variables, "worker.py", tmp_path, lambda _: [sys.executable, "-c", WORK, str(EXAMPLE)]
    ) as found:
        yield found


WORK = """
import sys, time
sys.path.insert(0, sys.argv[1])
import brokers, worker
from given import UnavailableError

brokers.HEARTBEAT_SECONDS = 2
shipped, tries = worker.do, []

def do(task):
    tries.append(task["kind"])
    time.sleep(task.get("seconds", 0))
    if tries.count(task["kind"]) <= task.get("times_away", 0):
        raise UnavailableError("mail")
    shipped(task)

worker.do = do
worker.main()
"""
"""Example with short heartbeats, and with tasks that last or have an unavailable dependency."""


def give(broker: Broker, payload: str) -> None:
    body = {
        "properties": {"delivery_mode": 2},
        "routing_key": "notifications.x",
        "payload": payload,
        "payload_encoding": "string",
    }
    assert broker.ask("exchanges/spotmusic/tasks/publish", body, user="web-api")["routed"]


def done(worker: Task, outcome: str, count: int) -> None:
    wanted = f'tasks_total{{outcome="{outcome}"}} {count}.0'
    wait_until(lambda: wanted in worker.ask("/metrics")[1], wanted, worker.log, worker.process)


def test_example_worker_continues_after_poison(worker: Task, broker: tuple[Broker, Path]) -> None:
    for payload in ("not JSON", '{"kind": "welcome", "secret": "s3cret"}'):
        give(broker[0], payload)
    done(worker, "done", 1)
    done(worker, "rejected", 1)
    assert broker[0].drain("dead-letters.notifications") == 1
    assert "s3cret" not in worker.log.read_text()


def test_example_worker_outlasts_long_tasks_and_outages(
    worker: Task, broker: tuple[Broker, Path]
) -> None:
    give(broker[0], '{"kind": "three heartbeats", "seconds": 7}')
    give(broker[0], '{"kind": "away", "times_away": 2}')
    done(worker, "done", 2)
    done(worker, "returned", 2)
    assert notified(worker) == ["three heartbeats", "away"]
    assert "no broker" not in worker.log.read_text()
    assert broker[0].take("dead-letters.notifications", user="operator") == []


def notified(worker: Task) -> list[str]:
    lines = [json.loads(line) for line in worker.log.read_text().splitlines()]
    return [line["kind"] for line in lines if line["message"] == "notified"]


def test_example_worker_reads_its_rotated_password(
    worker: Task, broker: tuple[Broker, Path], here: Aws
) -> None:
    management, _ = broker
    give(management, '{"kind": "before"}')
    done(worker, "done", 1)
    here.secrets["arn:TASKS"] = json.dumps({"password": SECOND})
    try:
        put(management, SECOND)
        close_connections(management)
        give(management, '{"kind": "after"}')
        done(worker, "done", 2)
        assert "read the secret again" in worker.log.read_text()
    finally:
        put(management, PASSWORD)


def put(management: Broker, password: str) -> None:
    management.ask(
        "users/notifications", {"password": password, "tags": "management"}, method="PUT"
    )


def connections(management: Broker) -> set[str]:
    """Return the names of the connections of clients. The management API has others of its own,
    which publish messages, and lists new and closed ones seconds late.
    """
    return {
        connection["name"]
        for connection in management.ask("connections")
        if connection.get("type") == "network"
    }


def close_connections(management: Broker) -> None:
    """Close the worker's connections, as a stopping broker does. The broker delivers on them until
    they are closed.
    """
    wait_until(lambda: bool(connections(management)), "the management API knows the connection")
    closing = connections(management)
    for name in closing:
        management.ask(f"connections/{urllib.parse.quote(name)}", method="DELETE")
    wait_until(lambda: not closing & connections(management), "the broker has closed them")


def test_example_worker_outlives_a_lost_broker(worker: Task, broker: tuple[Broker, Path]) -> None:
    management, _ = broker
    give(management, '{"kind": "before"}')
    done(worker, "done", 1)
    close_connections(management)
    give(management, '{"kind": "after"}')
    done(worker, "done", 2)
    assert worker.ask("/healthz")[0] == 200


def test_example_worker_leaves_backlog_on_sigterm(
    worker: Task, broker: tuple[Broker, Path]
) -> None:
    for number in range(30):
        give(broker[0], json.dumps({"kind": str(number), "seconds": 0.5}))
    wait_until(
        lambda: bool(notified(worker)), "the backlog is under way", worker.log, worker.process
    )
    begun = time.monotonic()
    assert worker.ends() == 0
    assert time.monotonic() - begun < 5 + PRECISION_SECONDS
    assert len(notified(worker)) + broker[0].drain("notifications") == 30

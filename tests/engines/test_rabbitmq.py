"""Queues, permissions and dead letters of the platform in RabbitMQ: TLS only, on loopback.

Debian's version is 3.10 and the platform's 4.x, so three settings are translated: the policies
apply to `queues` (`quorum_queues` exists since 3.12), dead letters have no delivery limit (the
meaning of -1 since 4.0), and the configuration omits `default_queue_type` (since 3.13). Clusters of
three are not tested.
"""

import base64
import copy
import json
import os
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from http.client import HTTPResponse
from pathlib import Path
from typing import Any

import pytest
import yaml

from spotmusic_constructs.messaging.definitions import definitions
from spotmusic_constructs.messaging.topology import MONITOR, TaskQueue, Topology
from tests.engines.ports import quiet_ports
from tests.engines.programs import (
    FETCHED,
    environment,
    make_certificate,
    program,
    running,
    wait_until,
)
from tools.checkout import ROOT
from tools.model.helm import render
from tools.model.values import Json

SERVER = "/usr/lib/rabbitmq/bin/rabbitmq-server"
"""Server program: Debian's wrapper in PATH starts it as another user, in that user's folder."""
NEWER = ("default_queue_type",)
A_HANG = 120.0
"""Timeout in seconds. RabbitMQ starts in five, on a busy machine in several times that."""
PASSWORD = "not-a-secret"  # for a short-lived server on loopback
TOPOLOGY = Topology(
    queues=[
        TaskQueue(
            name="mail",
            consumers=["playlists"],
            publishers=["web-api"],
            delivery_limit=2,
            max_length=3,
        ),
        TaskQueue(
            name="notifications",
            consumers=["notifications"],
            publishers=["web-api", "notifications"],
        ),
    ],
    users={"web-api": "a", "playlists": "b", "notifications": "c"},
    monitor="d",
)
"""Topology. The first queue is that of these tests, the second that of the example's worker."""


class Broker:
    """Management API of the server, as different users, and its metrics."""

    def __init__(self, management: int, metrics: int, certificate: Path) -> None:
        self._url, self._metrics = (
            f"https://127.0.0.1:{management}/api",
            f"https://127.0.0.1:{metrics}",
        )
        self._trust = ssl.create_default_context(cafile=str(certificate))

    def ask(
        self,
        path: str,
        body: Json | None = None,
        *,
        user: str = "operator",
        method: str | None = None,
    ) -> Any:
        data = json.dumps(body).encode() if body is not None else None
        credentials = base64.b64encode(f"{user}:{PASSWORD}".encode()).decode()
        headers = {"Authorization": f"Basic {credentials}", "Content-Type": "application/json"}
        address = f"{self._url}/{path}"
        request = urllib.request.Request(address, data, headers, method=method)  # noqa: S310
        with self._open(request) as response:
            text = response.read()
        return json.loads(text) if text else None

    def metrics(self) -> str:
        """Return the additional metrics path of the chart's ServiceMonitor."""
        families = "family=queue_coarse_metrics&family=queue_consumer_count"
        with self._open(f"{self._metrics}/metrics/detailed?{families}") as response:
            return str(response.read().decode())

    def _open(self, request: urllib.request.Request | str) -> HTTPResponse:
        opened: HTTPResponse = urllib.request.urlopen(  # noqa: S310 - on loopback
            request, timeout=A_HANG, context=self._trust
        )
        return opened

    def publish(self, key: str, *, user: str, exchange: str = "tasks") -> bool:
        body = {
            "properties": {"delivery_mode": 2},
            "routing_key": key,
            "payload": "x",
            "payload_encoding": "string",
        }
        return bool(self.ask(f"exchanges/spotmusic/{exchange}/publish", body, user=user)["routed"])

    def take(self, queue: str, *, user: str, mode: str = "ack_requeue_false") -> list[Json]:
        body = {"count": 1, "ackmode": mode, "encoding": "auto"}
        return list(self.ask(f"queues/spotmusic/{queue}/get", body, user=user))

    def take_when_there(
        self, queue: str, *, user: str, mode: str = "ack_requeue_false"
    ) -> list[Json]:
        """Take a message when one is available: the leader requeues a rejected one after its
        response.
        """
        until = time.monotonic() + A_HANG
        while not (tasks := self.take(queue, user=user, mode=mode)) and time.monotonic() < until:
            time.sleep(0.1)
        return tasks

    def drain(self, queue: str) -> int:
        """Consume and count all messages of a queue, waiting for the first."""
        taken = len(self.take_when_there(queue, user="operator"))
        while self.take(queue, user="operator"):
            taken += 1
        return taken


def refusal(error: pytest.ExceptionInfo[urllib.error.HTTPError]) -> str:
    return error.value.read().decode()


def configuration_of_the_chart() -> list[str]:
    values = yaml.safe_load((ROOT / "charts" / "rabbitmq" / "values.yaml").read_text())
    manifests = render(
        ROOT / "charts" / "rabbitmq",
        "rabbitmq",
        "rabbitmq",
        {**values, "image": "registry.example.com/rabbitmq:4"},
    )
    (cluster,) = (manifest for manifest in manifests if manifest["kind"] == "RabbitmqCluster")
    return list(cluster["spec"]["rabbitmq"]["additionalConfig"].splitlines())


def in_the_words_of_3_10(document: Json) -> Json:
    older = copy.deepcopy(document)
    for policy in older["policies"]:
        policy["apply-to"] = "queues"
        policy["definition"] = {
            key: value
            for key, value in policy["definition"].items()
            if not key.startswith("delayed-retry-")
        }
        if policy["definition"]["delivery-limit"] < 0:
            del policy["definition"]["delivery-limit"]
    for user in older["users"]:
        # Grants access to the management API; permissions limit it there.
        user["tags"] = user["tags"] or "management"
    older["users"].append({"name": "operator", "password": PASSWORD, "tags": "administrator"})
    older["permissions"].append(
        {"user": "operator", "vhost": "spotmusic", "configure": ".*", "write": ".*", "read": ".*"}
    )
    return older


@pytest.fixture
def broker(tasks: tuple[Broker, Path]) -> Broker:
    return tasks[0]


@contextmanager
def rabbitmq(
    folder: Path, topology: Topology, passwords: Mapping[str, str] | None = None
) -> Iterator[Broker]:
    """Start RabbitMQ with a topology; its users have `PASSWORD` or their own. Its certificate is in
    the folder.
    """
    server = program(SERVER, f"{FETCHED}{SERVER}")
    document = definitions(
        topology, {**dict.fromkeys((*topology.users, MONITOR), PASSWORD), **(passwords or {})}
    )
    (folder / "definitions.json").write_text(json.dumps(in_the_words_of_3_10(document)))
    make_certificate(folder)
    (folder / "plugins").write_text(
        "[rabbitmq_management,rabbitmq_prometheus,rabbitmq_shovel,rabbitmq_shovel_management].\n"
    )
    amqps, management, metrics, names, between = quiet_ports(5)
    (folder / "port").write_text(str(amqps))
    lines = [
        *(line for line in configuration_of_the_chart() if not line.startswith(NEWER)),
        # The operator adds this if only TLS is served.
        "listeners.tcp = none",
        f"listeners.ssl.1 = 127.0.0.1:{amqps}",
        *tls_of("ssl_options", folder),
        "management.ssl.ip = 127.0.0.1",
        f"management.ssl.port = {management}",
        *tls_of("management.ssl", folder),
        "prometheus.ssl.ip = 127.0.0.1",
        f"prometheus.ssl.port = {metrics}",
        *tls_of("prometheus.ssl", folder),
        f"load_definitions = {folder}/definitions.json",
    ]
    (folder / "rabbitmq.conf").write_text("\n".join(lines) + "\n")
    variables = {
        **environment(server),
        "HOME": str(folder),
        "ERL_EPMD_PORT": str(names),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_CONF_ENV_FILE": "/dev/null",
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_PID_FILE": str(folder / "pid"),
        "RABBITMQ_NODENAME": f"spotmusic-{os.getpid()}-{amqps}@localhost",
        "RABBITMQ_DIST_PORT": str(between),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
            "-kernel inet_dist_use_interface {127,0,0,1} +S 1:1 +sbwt none"
        ),
    }
    log = folder / "output"
    with ExitStack() as engines:
        engines.enter_context(
            running(
                [str(program("epmd")), "-address", "127.0.0.1", "-port", str(names)],
                folder / "epmd",
                variables,
            )
        )
        process = engines.enter_context(running([str(server)], log, variables))
        found = Broker(management, metrics, folder / "tls.crt")
        # RabbitMQ creates bindings last from a definitions file.
        wait_until(
            lambda: bool(found.ask("definitions/spotmusic")["bindings"]),
            "RabbitMQ has the queues",
            log,
            process,
        )
        yield found


def tls_of(prefix: str, folder: Path) -> list[str]:
    files = {"certfile": "tls.crt", "keyfile": "tls.key", "cacertfile": "tls.crt"}
    return [f"{prefix}.{key} = {folder / name}" for key, name in files.items()]


def test_rabbitmq_starts_with_chart_configuration(broker: Broker) -> None:
    held = broker.ask("definitions/spotmusic")
    queues = {queue["name"]: queue["arguments"]["x-queue-type"] for queue in held["queues"]}
    assert queues == dict.fromkeys(
        ("mail", "dead-letters.mail", "notifications", "dead-letters.notifications"), "quorum"
    )
    lengths = {policy["name"]: policy["definition"]["max-length"] for policy in held["policies"]}
    assert lengths.keys() == queues.keys()
    assert {"mail": 3, "dead-letters.mail": 3}.items() <= lengths.items()


def test_task_reaches_consumer(broker: Broker) -> None:
    assert broker.publish("mail.welcome", user="web-api")
    (task,) = broker.take("mail", user="playlists")
    assert task["routing_key"] == "mail.welcome"


@pytest.mark.parametrize("key", ["other.task", "mailbox", "dead-letters.mail"])
def test_tasks_for_other_queues_are_refused(broker: Broker, key: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as error:
        broker.publish(key, user="web-api")
    assert "ACCESS_REFUSED" in refusal(error)


@pytest.mark.parametrize(
    ("user", "exchange"),
    [("playlists", "tasks"), ("web-api", "dead-letters"), ("web-api", "amq.default")],
)
def test_publish_without_right_is_refused(broker: Broker, user: str, exchange: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as error:
        broker.publish("mail", user=user, exchange=exchange)
    assert "ACCESS_REFUSED" in refusal(error)


@pytest.mark.parametrize(
    ("user", "queue"),
    [("web-api", "mail"), ("playlists", "dead-letters.mail"), ("queue-depth", "mail")],
)
def test_consume_without_right_is_refused(broker: Broker, user: str, queue: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as error:
        broker.take(queue, user=user)
    assert "ACCESS_REFUSED" in refusal(error)


@pytest.mark.parametrize("user", ["web-api", "playlists"])
def test_services_create_no_queues(broker: Broker, user: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as error:
        broker.ask("queues/spotmusic/mine", {"durable": True}, user=user, method="PUT")
    assert "not_authorised" in refusal(error)


def test_rejected_task_is_a_dead_letter(broker: Broker) -> None:
    broker.publish("mail.rejected", user="web-api")
    assert broker.take_when_there("mail", user="playlists", mode="reject_requeue_false")
    assert broker.drain("dead-letters.mail") == 1


def test_failing_task_becomes_dead_letter(broker: Broker) -> None:
    broker.publish("mail.broken", user="web-api")
    for _ in range(3):
        assert broker.take_when_there("mail", user="playlists", mode="reject_requeue_true")
    assert broker.take("mail", user="playlists") == []
    assert broker.drain("dead-letters.mail") == 1


def test_full_queue_rejects_publishes(broker: Broker) -> None:
    taken = 0
    for number in range(12):
        taken += published(broker, f"mail.{number}")
    # A few messages exceed the limit, because the leader informs publishers afterwards.
    assert 3 <= taken < 12
    assert broker.drain("mail") == taken


def published(broker: Broker, key: str) -> bool:
    try:
        return broker.publish(key, user="web-api")
    except urllib.error.HTTPError:
        return False


def test_monitor_counts_messages(broker: Broker) -> None:
    assert {
        queue["name"]
        for queue in broker.ask("queues?columns=name,messages_ready", user="queue-depth")
    } >= {"mail"}


def test_queue_metrics_use_tls_port(broker: Broker) -> None:
    wanted, until = (
        'rabbitmq_detailed_queue_messages_ready{vhost="spotmusic",queue="dead-letters.mail"}',
        time.monotonic() + A_HANG,
    )
    while wanted not in (said := broker.metrics()) and time.monotonic() < until:
        time.sleep(0.2)  # queues report every five seconds
    assert wanted in said

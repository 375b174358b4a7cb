"""Apache Kafka with the platform's users, topics and permissions on loopback.

Kafka replaces Redpanda, which no package registry has; both speak Kafka's protocol.
`examples/service/README.md` lists the differences. One broker stores each event once.
"""

import base64
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from spotmusic_constructs.streaming.redpanda import MECHANISM
from tests.engines.kafka_access import apply
from tests.engines.ports import quiet_ports
from tests.engines.programs import make_certificate, program, running, wait_until
from tools.checkout import ROOT

JARS, LIBRARIES = ROOT / ".tools" / "kafka", ROOT / ".tools" / "example"
PROPERTIES = Path(__file__).with_suffix(".properties")
ADMINISTRATOR = {"username": "administrator", "password": "not-a-secret"}
"""Superuser of a broker that runs for seconds."""


@dataclass
class Kafka:
    """Broker that can be stopped and restarted on its port with its data."""

    port: int
    folder: Path
    keeper: ExitStack = field(default_factory=ExitStack)
    running: bool = False

    def start(self) -> None:
        """Start the broker and wait until it responds."""
        command, log = (
            [*java(), "kafka.Kafka", str(self.folder / "properties")],
            self.folder / "log",
        )
        process = self.keeper.enter_context(running(command, log, {"PATH": "/usr/bin:/bin"}))
        wait_until(self._answers, "Kafka answers", log, process)
        self.running = True

    def stop(self) -> None:
        """Kill the broker."""
        self.running = False
        self.keeper.close()

    def client(self, *, username: str, password: str) -> dict[str, Any]:
        """Return the configuration of a client, without its log."""
        return {
            "bootstrap.servers": f"localhost:{self.port}",
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": MECHANISM,
            "sasl.username": username,
            "sasl.password": password,
            "ssl.ca.location": str(self.folder / "tls.crt"),
            "log_level": 0,
        }

    def administration(self) -> Any:
        """Return an administrator's client."""
        return library().admin.AdminClient(self.client(**ADMINISTRATOR))

    def _answers(self) -> bool:
        try:
            return bool(self.administration().list_topics(timeout=5).brokers)
        except library().KafkaException:
            return False


def library() -> Any:
    """Return the client library of `examples/service`; skip the test if it is not installed."""
    if str(LIBRARIES) not in sys.path:
        sys.path.append(str(LIBRARIES))
    pytest.importorskip(
        "confluent_kafka.admin", reason="`make engine-tools` fetches confluent-kafka"
    )
    return sys.modules["confluent_kafka"]


def java() -> list[str]:
    """Return the command that runs a class of Kafka; skip the test if Kafka is not installed."""
    if not next(JARS.glob("*.ready"), None):
        pytest.skip(
            "Kafka is not installed. Run `make engine-tools`, which fetches it with Java and Maven"
        )
    options = ["-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
    return [str(program("java")), *options, "-cp", str(JARS / "*")]


@contextmanager
def kafka(folder: Path, access: Mapping[str, Any], users: Mapping[str, str]) -> Iterator[Kafka]:
    """Start Kafka; its certificate is in the folder.

    Args:
        folder: empty folder for its data.
        access: values of the chart `redpanda-access` with topics and permissions.
        users: passwords by user.
    """
    certificate, (port, controller) = make_certificate(folder), quiet_ports(2)
    (folder / "tls.pem").write_text((folder / "tls.key").read_text() + certificate.read_text())
    text = PROPERTIES.read_text().format(
        port=port, controller=controller, folder=folder, mechanism=MECHANISM, **ADMINISTRATOR
    )
    (folder / "properties").write_text(text)
    everybody = {**users, ADMINISTRATOR["username"]: ADMINISTRATOR["password"]}
    named = [f"{MECHANISM}=[name={name},password={word}]" for name, word in everybody.items()]
    scram = [word for user in named for word in ("--add-scram", user)]
    cluster = base64.urlsafe_b64encode(b"spotmusic-events").decode().rstrip("=")
    identity = ["-t", cluster, "-c", str(folder / "properties")]
    tool = [*java(), "kafka.tools.StorageTool", "format", *identity, *scram]
    subprocess.run(tool, check=True, capture_output=True)
    broker = Kafka(port, folder)
    try:
        broker.start()
        apply(library().admin, broker.administration(), access)
        yield broker
    finally:
        broker.stop()

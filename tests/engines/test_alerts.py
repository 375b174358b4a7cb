"""Alerts from the project's rules in Prometheus, through its Alertmanager configuration, to a stub
of SNS.

Every rule fires immediately (without `for`) and Alertmanager waits a second instead of minutes.
Routes, receivers, subjects and texts are the deployed ones. The stub receives the requests of SNS
without verifying their signature.
"""

import json
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import aws_cdk as cdk
import pytest
import yaml
from aws_cdk import aws_sns as topics

from spotmusic_constructs.kubernetes.images import Image
from spotmusic_constructs.observability.alarm import Recipients
from spotmusic_constructs.observability.alertmanager import alertmanager_values
from tests.conftest import new_stack
from tests.engines.ports import quiet_ports
from tests.engines.programs import FETCHED, environment, program, running, wait_until
from tests.serving import serving
from tools.checkout import ROOT
from tools.model.values import Json

TOPIC = "arn:aws:sns:sa-east-1:111122223333:alarms"
PAGER = "arn:aws:sns:sa-east-1:111122223333:pager"
HEARTBEAT = "arn:aws:sns:sa-east-1:111122223333:heartbeat"
RULES = ROOT / "charts" / "monitoring" / "rules"
TEMPLATES = "/usr/share/prometheus/alertmanager"
BROKEN, WELL = "0", "1"
PUBLISHED = (
    "<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>"
)


def recipients_in(stack: cdk.Stack) -> Recipients:
    """Recipients of alerts."""
    topic, pager = (
        topics.Topic.from_topic_arn(stack, id_, arn)
        for id_, arn in (("Topic", TOPIC), ("Pager", PAGER))
    )
    return Recipients(topic=topic, pager=pager, environment_name="prod")


class StandIn(ThreadingHTTPServer):
    """Stub of a metric for Prometheus, and of the SNS API for Alertmanager."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.state = BROKEN
        self.messages: list[dict[str, str]] = []

    def subjects(self, topic: str) -> list[str]:
        return [message["Subject"] for message in self.messages if message["TopicArn"] == topic]

    def message(self, subject: str) -> dict[str, str]:
        return next(message for message in self.messages if message["Subject"] == subject)


class Answers(BaseHTTPRequestHandler):
    server: StandIn

    def do_GET(self) -> None:
        self._answer(
            f'prometheus_config_last_reload_successful{{pod="prometheus-0"}} {self.server.state}\n',
            "text/plain",
        )

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.messages.append(dict(parse_qsl(body)))
        self._answer(PUBLISHED, "text/xml")

    def _answer(self, text: str, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the name of the library)
        """Disable logging: pytest shows failures."""


def impatient(config: Json, sns: str) -> Json:
    """Return the configuration with waits of one second, and receivers that send to the stub."""
    route = config["route"]
    waits = {"group_wait": "1s", "group_interval": "1s"}
    routes = [
        {**one, **{key: waits[key] for key in waits if key in one}} for one in route["routes"]
    ]
    receivers = [
        {
            **receiver,
            "sns_configs": [for_stand_in(one, sns) for one in receiver.get("sns_configs", [])],
        }
        for receiver in config["receivers"]
    ]
    return {**config, "route": {**route, **waits, "routes": routes}, "receivers": receivers}


def for_stand_in(receiver: Json, sns: str) -> Json:
    return {
        **receiver,
        "api_url": sns,
        "sigv4": {**receiver["sigv4"], "access_key": "x", "secret_key": "not-a-secret"},
    }


def write_rules(folder: Path) -> None:
    for file in RULES.glob("*.yaml"):
        content = yaml.safe_load(file.read_text())
        for group in content["groups"]:
            group.pop("interval", None)
            for rule in group["rules"]:
                rule.pop("for", None)
        (folder / f"rules-{file.name}").write_text(yaml.safe_dump(content))


def alertmanager_in(folder: Path) -> Path:
    """Return Alertmanager. Debian's reads its templates in /usr/share; a copy reads them in its
    working folder.
    """
    found = program("alertmanager", "prometheus-alertmanager")
    if FETCHED not in found.parents:
        return found
    for template in (FETCHED / TEMPLATES.lstrip("/")).glob("*.tmpl"):
        shutil.copy(template, folder)
    # The replacement has the length of the original path: `./////…` is the working folder.
    here = f"{'.':/<{len(TEMPLATES)}}".encode()
    copy = folder / "alertmanager-of-debian"
    copy.write_bytes(found.read_bytes().replace(TEMPLATES.encode(), here))
    copy.chmod(0o700)
    return copy


def listens(port: int) -> bool:
    socket.create_connection(("127.0.0.1", port), timeout=1).close()
    return True


@pytest.fixture(scope="module")
def sns(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    folder = tmp_path_factory.mktemp("alerts")
    prometheus, alertmanager = program("prometheus"), alertmanager_in(folder)
    port, between = quiet_ports(2)
    image = Image(registry="registry.example", repository="alertmanager", tag="v1")
    values: Json = alertmanager_values(
        image=image,
        recipients=recipients_in(new_stack()),
        heartbeat_arn=HEARTBEAT,
        region="sa-east-1",
        storage_class="gp3",
        zones=3,
    )
    write_rules(folder)
    stand_in = StandIn()
    with serving(stand_in), ExitStack() as engines:
        address = f"127.0.0.1:{stand_in.server_address[1]}"
        (folder / "alertmanager.yml").write_text(
            json.dumps(impatient(values["config"], f"http://{address}"))
        )
        scraped = {
            "global": {
                "scrape_interval": "1s",
                "scrape_timeout": "1s",
                "evaluation_interval": "1s",
            },
            "rule_files": ["rules-*.yaml"],
            "scrape_configs": [
                {"job_name": "monitoring-prometheus", "static_configs": [{"targets": [address]}]}
            ],
            "alerting": {
                "alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{between}"]}]}]
            },
        }
        (folder / "prometheus.yml").write_text(json.dumps(scraped))
        start = engines.enter_context
        log, own = (
            folder / "alertmanager.log",
            [f"--storage.path={folder / 'alertmanager'}", "--cluster.listen-address="],
        )
        command = [
            str(alertmanager),
            "--config.file=alertmanager.yml",
            *own,
            f"--web.listen-address=127.0.0.1:{between}",
        ]
        process = start(running(command, log, environment(alertmanager)))
        wait_until(lambda: listens(between), "Alertmanager accepts the configuration", log, process)
        log, own = (
            folder / "prometheus.log",
            [f"--storage.tsdb.path={folder / 'prometheus'}", "--rules.alert.resend-delay=1s"],
        )
        command = [
            str(prometheus),
            "--config.file=prometheus.yml",
            *own,
            f"--web.listen-address=127.0.0.1:{port}",
        ]
        process = start(running(command, log, environment(prometheus)))
        wait_until(
            lambda: bool(stand_in.subjects(HEARTBEAT)), "Watchdog reaches its topic", log, process
        )
        yield stand_in


@pytest.fixture
def arrives(sns: StandIn) -> Callable[[str], dict[str, str]]:
    def wait(subject: str) -> dict[str, str]:
        wait_until(
            lambda: subject in sns.subjects(TOPIC),
            f"{subject!r} reaches the topic; there are {sorted(set(sns.subjects(TOPIC)))}",
        )
        return sns.message(subject)

    return wait


def attribute(message: dict[str, str]) -> tuple[str, str]:
    return message["MessageAttributes.entry.1.Name"], message[
        "MessageAttributes.entry.1.Value.StringValue"
    ]


def test_watchdog_reaches_the_heartbeat_topic_only(sns: StandIn) -> None:
    assert set(sns.subjects(HEARTBEAT)) == {"Watchdog"}
    assert not [subject for subject in sns.subjects(TOPIC) if "Watchdog" in subject]


def test_critical_alert_reaches_the_topic(
    sns: StandIn, arrives: Callable[[str], dict[str, str]]
) -> None:
    message = arrives("[prod] FIRING critical: PrometheusBadConfig prometheus-0")
    assert attribute(message) == ("severity", "critical")
    wait_until(lambda: message["Subject"] in sns.subjects(PAGER), "The pager gets critical alerts")
    assert "Runbook: docs/runbooks/monitoring.md" in message["Message"]
    assert "pod:prometheus-0" in message["Message"]
    sns.state = WELL
    try:
        arrives("[prod] RESOLVED critical: PrometheusBadConfig prometheus-0")
    finally:
        sns.state = BROKEN


def test_warning_reaches_the_topic(sns: StandIn, arrives: Callable[[str], dict[str, str]]) -> None:
    subject = "[prod] FIRING warning: ComponentNotScraped redpanda"
    assert attribute(arrives(subject)) == ("severity", "warning")
    assert not sns.subjects(PAGER) or all("critical" in found for found in sns.subjects(PAGER))
    # One message per namespace, by which alerts are grouped.
    text = "Prometheus has no target for redpanda."
    wait_until(
        lambda: any(
            text in message["Message"] for message in sns.messages if message["Subject"] == subject
        ),
        text,
    )


def test_subjects_fit_into_sns(sns: StandIn, arrives: Callable[[str], dict[str, str]]) -> None:
    arrives("[prod] FIRING warning: ComponentNotScraped redpanda")
    # SNS rejects subjects with more than 100 characters or several lines (Amazon SNS API reference,
    # Publish).
    assert [
        message["Subject"]
        for message in sns.messages
        if len(message["Subject"]) > 100 or not message["Subject"].isprintable()
    ] == []

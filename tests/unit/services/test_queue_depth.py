import json
import ssl
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.error import HTTPError, URLError

import pytest

from spotmusic_constructs.services import queue_depth
from spotmusic_constructs.services.queue_depth import QueueDepth
from tests.serving import serving
from tests.unit.services.service_fixture import ServiceFixture
from tools.model.values import Json

QUEUES = [
    {"name": "notifications", "messages_ready": 40},
    {"name": "notifications", "messages_ready": 2},
    {"name": "web-api", "messages_ready": 0},
    {"name": "just-declared"},
]


def load_handler() -> ModuleType:
    spec = spec_from_file_location(
        "queue_depth_index", Path(queue_depth.__file__).parent / "queue_depth_handler" / "index.py"
    )
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


HANDLER = load_handler()


class ManagementApi(BaseHTTPRequestHandler):
    """Fake of RabbitMQ's management API."""

    def do_GET(self) -> None:
        if self.path.startswith("/moved/"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/moved"))
            self.end_headers()
            return
        known = self.headers["Authorization"] == "Basic cXVldWUtZGVwdGg6cGFzcw=="
        self.send_response(200 if known else 401)
        self.end_headers()
        if known:
            self.wfile.write(json.dumps(QUEUES).encode())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("authority")
    subprocess.run(
        [
            *(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
                "-nodes",
                "-days",
                "1",
            ),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
            *("-keyout", str(folder / "key.pem"), "-out", str(folder / "certificate.pem")),
        ],
        check=True,
        capture_output=True,
    )
    return folder


@pytest.fixture(scope="module")
def endpoint(authority: Path) -> Iterator[str]:
    server = HTTPServer(("localhost", 0), ManagementApi)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority / "certificate.pem", authority / "key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    with serving(server):
        yield f"https://localhost:{server.server_port}"


@pytest.fixture(scope="module")
def trusted(authority: Path) -> ssl.SSLContext:
    context: ssl.SSLContext = HANDLER.trust((authority / "certificate.pem").read_text())
    return context


class Aws:
    """Fake of the three AWS services that the function calls."""

    def __init__(self, authority: str) -> None:
        self.authority = authority
        self.published: list[Json] = []

    def client(self, _name: str) -> "Aws":
        return self

    def get_secret_value(self, **_: str) -> Json:
        return {"SecretString": json.dumps({"username": "queue-depth", "password": "pass"})}

    def get_parameter(self, **_: str) -> Json:
        return {"Parameter": {"Value": self.authority}}

    def put_metric_data(self, **data: Any) -> None:
        self.published.append(data)


def test_queue_depth_sums_queues_by_name(endpoint: str, trusted: ssl.SSLContext) -> None:
    ready = HANDLER.ready_messages(endpoint, "queue-depth", "pass", trusted)
    assert ready == {"notifications": 42, "web-api": 0}


def test_queue_depth_verifies_server_certificate(endpoint: str) -> None:
    with pytest.raises(URLError, match="CERTIFICATE_VERIFY_FAILED"):
        HANDLER.ready_messages(endpoint, "queue-depth", "pass", HANDLER.trust(None))


def test_queue_depth_follows_no_redirect(endpoint: str, trusted: ssl.SSLContext) -> None:
    with pytest.raises(HTTPError, match="302"):
        HANDLER.ready_messages(f"{endpoint}/moved", "queue-depth", "pass", trusted)


def test_queue_depth_uses_no_proxy(
    endpoint: str, trusted: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("https_proxy", "http://localhost:1")
    assert HANDLER.ready_messages(endpoint, "queue-depth", "pass", trusted)["notifications"] == 42


def test_queue_depth_raises_on_denied_login(endpoint: str, trusted: ssl.SSLContext) -> None:
    with pytest.raises(HTTPError, match="401"):
        HANDLER.ready_messages(endpoint, "queue-depth", "wrong", trusted)


def test_queue_depth_publishes_configured_queues(
    endpoint: str,
    authority: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    aws = Aws((authority / "certificate.pem").read_text())
    monkeypatch.setitem(__import__("sys").modules, "boto3", aws)
    environment = {
        "ENDPOINT": endpoint,
        "USER_ARN": "arn",
        "QUEUES": '["notifications", "gone", "just-declared"]',
        "NAMESPACE": "Spotmusic/Queues",
        "METRIC_NAME": "ReadyMessages",
        "DIMENSIONS": '{"Environment": "dev"}',
        "AUTHORITY_PARAMETER": "/spotmusic/dev/internal-authority",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert HANDLER.handler({}, None) == {"notifications": 42}
    (data,) = aws.published
    (number,) = data["MetricData"]
    assert (data["Namespace"], number["MetricName"], number["Value"]) == (
        "Spotmusic/Queues",
        "ReadyMessages",
        42,
    )
    assert number["Dimensions"] == [
        {"Name": "Environment", "Value": "dev"},
        {"Name": "Queue", "Value": "notifications"},
    ]
    warned = capsys.readouterr().out
    assert all(queue in warned for queue in ("gone", "just-declared"))


def test_queue_depth_metric_matches_published_dimensions() -> None:
    fixture = ServiceFixture()
    depth = QueueDepth(
        fixture.stack,
        "QueueDepth",
        management_url="https://brokers.dev.spotmusic.internal:15671",
        user=fixture.secret("monitor"),
        queue_names=["notifications"],
        environment_name="dev",
        vpc=fixture.vpc,
        security_group=fixture.security_group,
        log_key=fixture.key,
    )
    published = HANDLER.metric_data(
        {"notifications": 1},
        {
            "NAMESPACE": "Spotmusic/Queues",
            "METRIC_NAME": "ReadyMessages",
            "DIMENSIONS": '{"Environment": "dev"}',
        },
    )
    (number,) = published["MetricData"]
    queue = depth.queue("notifications")
    assert {d["Name"]: d["Value"] for d in number["Dimensions"]} == queue.dimensions
    assert (published["Namespace"], number["MetricName"]) == (queue.namespace, queue.metric_name)

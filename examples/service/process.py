"""Process for ECS: HTTP server, health checks, metrics, JSON log lines, and exit on SIGTERM."""

import json
import logging
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import FrameType

from given import UnavailableError
from prometheus_client import CONTENT_TYPE_LATEST, Histogram, generate_latest

Reply = tuple[str, HTTPStatus, object]
"""Pattern of the path, status, and a body of JSON."""
Answer = Callable[[str, str], Reply]
"""Answers a GET. Arguments: path and listener."""
Take = Callable[[str, str, bytes], Reply]
"""Answers a POST. Arguments: path, listener and body."""
BODY_BYTES = 65_536
"""Maximum size of a body, equal to that of the platform."""
DRAIN_SECONDS = 2.0
"""Seconds after SIGTERM in which callers of Service Connect still send requests."""
REQUEST_SECONDS = 15
DURATION = Histogram(
    "http_server_request_duration_seconds",
    "Time of each request.",
    ["http_request_method", "http_route", "http_response_status_code"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 15),
)
stopping = threading.Event()


class JsonLines(logging.Formatter):
    """Log with one JSON object a line, without data of listeners."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        fields = {
            "time": time.strftime("%FT%TZ", time.gmtime(record.created)),
            "level": record.levelname.lower(),
        }
        return json.dumps(
            {**fields, "message": record.getMessage(), **getattr(record, "fields", {})}
        )


def start() -> None:
    """Configure the log and the handler of SIGTERM."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=os.environ["LOG_LEVEL"].upper(), handlers=[handler])
    for noisy in ("botocore", "boto3", "urllib3", "pika"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    signal.signal(signal.SIGTERM, _stop)


def _stop(_: int, __: FrameType | None) -> None:
    stopping.set()


def nothing(*_: object) -> Reply:
    """Answer 404."""
    return "", HTTPStatus.NOT_FOUND, {"error": "not_found"}


def serve(answer: Answer = nothing, take: Take = nothing) -> ThreadingHTTPServer:
    """Listen on `PORT`, in separate threads."""
    handler = type(
        "Answers", (Handler,), {"answer": staticmethod(answer), "take": staticmethod(take)}
    )
    port = int(os.environ["PORT"])
    server = ThreadingHTTPServer(("0.0.0.0", port), handler)  # noqa: S104 - in security groups
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def drain(server: ThreadingHTTPServer) -> None:
    """Answer requests for a moment, then accept no new ones and wait for those in progress."""
    time.sleep(DRAIN_SECONDS)
    server.shutdown()
    until = time.monotonic() + REQUEST_SECONDS
    while under_way.count and time.monotonic() < until:
        time.sleep(0.05)


class UnderWay:
    """Requests in progress."""

    def __init__(self) -> None:
        self.count, self._lock = 0, threading.Lock()

    def __enter__(self) -> None:
        with self._lock:
            self.count += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self.count -= 1


under_way = UnderWay()


class Handler(BaseHTTPRequestHandler):
    """Handler of health checks and metrics, which passes other requests to `answer` and `take`."""

    protocol_version = "HTTP/1.1"
    answer: Answer
    take: Take
    timeout = 75
    """Seconds of idle connections, longer than the 60 seconds of the load balancer."""

    def do_GET(self) -> None:
        """Answer a request."""
        with under_way:
            if self._body() is None:
                return
            if self.path == os.environ["HEALTH_PATH"]:
                # The health check covers only the process, not its dependencies.
                self._send(HTTPStatus.OK, b"{}", "application/json")
            elif self.path == "/metrics":
                self._send(HTTPStatus.OK, generate_latest(), CONTENT_TYPE_LATEST)
            else:
                self._answered(lambda: self.answer(self.path, self._listener))

    def do_POST(self) -> None:
        """Take a request with a body."""
        with under_way:
            body = self._body()
            if body is not None:
                self._answered(lambda: self.take(self.path, self._listener, body))

    def _body(self) -> bytes | None:
        """Read the body, or reject the request. The rest of an unread body would be the next
        request, with an `X-Listener` that the sender chooses.
        """
        length, *others = self.headers.get_all("Content-Length", ["0"])
        if others or not re.fullmatch("[0-9]{1,9}", length) or "Transfer-Encoding" in self.headers:
            status = HTTPStatus.BAD_REQUEST
        elif int(length) > BODY_BYTES:
            status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        else:
            return self.rfile.read(int(length))
        self.close_connection = True
        self._send(status, b"{}", "application/json")
        return None

    @property
    def _listener(self) -> str:
        return str(self.headers.get("X-Listener", ""))

    def _answered(self, asked: Callable[[], Reply]) -> None:
        begun = time.monotonic()
        route, status, body = self._tried(asked)
        self._send(status, json.dumps(body).encode(), "application/json")
        took = time.monotonic() - begun
        DURATION.labels(self.command, route, status.value).observe(took)
        fields = {
            "request_id": self.headers.get("X-Request-ID"),
            "route": route,
            "status": status,
            "ms": round(took * 1000),
        }
        logging.getLogger("access").info("request", extra={"fields": fields})

    def _tried(self, asked: Callable[[], Reply]) -> Reply:
        try:
            return asked()
        except UnavailableError as error:
            logging.getLogger("access").warning("unavailable: %s", error)
            return "", HTTPStatus.SERVICE_UNAVAILABLE, {"error": "unavailable"}
        except Exception as error:
            # Only the kind is logged, because the message may have content of a listener.
            logging.getLogger("access").error("failed: %s", type(error).__name__)
            return "", HTTPStatus.INTERNAL_SERVER_ERROR, {"error": "failed"}

    def _send(self, status: HTTPStatus, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if stopping.is_set() or self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Suppress the log line of the standard library."""

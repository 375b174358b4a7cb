"""Stubs of AWS between listeners and tasks: CloudFront and the load balancer of services.

The stub of CloudFront has the page, and verifies signatures of audio with the public key.
"""

import json
import ssl
import subprocess
import time
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests.engines.programs import program
from tests.serving import serving
from tools.smoke.web import SECURITY_HEADERS

Connect = Callable[[str], HTTPConnection | None]
"""Connection to the server of a path, or None."""
KEPT = {
    "authorization",
    "content-type",
    "content-length",
    "cookie",
    "x-listener",
    "x-listener-roles",
    "x-request-id",
}
DROPPED = {"connection", "transfer-encoding", "content-length", "date", "server"}


class Forwarder(BaseHTTPRequestHandler):
    """Proxy to the server of a path."""

    connect: Connect

    def do_GET(self) -> None:
        """Forward a request."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        connection = self.connect(self.path)
        if connection is None:
            self.answer(503, b"{}", {})
            return
        kept = {name: value for name, value in self.headers.items() if name.lower() in KEPT}
        try:
            connection.request(self.command, self.path, body, kept)
            found = connection.getresponse()
            self.answer(
                found.status,
                found.read(),
                dict(found.headers.items()),
                found.headers.get_all("Set-Cookie") or (),
            )
        except OSError:
            self.answer(502, b"{}", {})
        finally:
            connection.close()

    do_POST = do_GET  # noqa: N815 (the name of the library)

    def answer(
        self,
        status: int,
        body: bytes,
        headers: Mapping[str, str],
        cookies: "list[str] | tuple[()]" = (),
    ) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in DROPPED | {"set-cookie"}:
                self.send_header(name, value)
        for cookie in cookies:
            self.send_header("Set-Cookie", cookie)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Disable logging."""


@contextmanager
def served(
    handler: type[Forwarder], connect: Connect, certificate: Path | None = None
) -> Iterator[int]:
    """Serve a handler on loopback, with TLS if there is a certificate; yield its port."""
    server = ThreadingHTTPServer(
        ("127.0.0.1", 0), type("Handler", (handler,), {"connect": staticmethod(connect)})
    )
    server.daemon_threads = True
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, certificate.with_name("tls.key"))
        server.socket = context.wrap_socket(server.socket, server_side=True)
    with serving(server):
        yield server.server_port


@contextmanager
def load_balancer(ports: Mapping[str, int]) -> Iterator[int]:
    """Serve the routes of tasks: the port of each by its prefix."""

    def connect(path: str) -> HTTPConnection | None:
        port = next((port for prefix, port in ports.items() if path.startswith(f"{prefix}/")), None)
        return HTTPConnection("127.0.0.1", port, timeout=20) if port else None

    with served(Forwarder, connect) as port:
        yield port


@contextmanager
def cloudfront(
    folder: Path, gateway_port: int, certificate: Path, origin: str, public_key: str
) -> Iterator[int]:
    """Serve page, audio and gateway.

    Args:
        folder: folder for the key.
        gateway_port: port of the gateway.
        certificate: certificate of both.
        origin: public address, a part of signatures.
        public_key: key of signed addresses (PEM).
    """
    (folder / "key").write_text(public_key)
    context = ssl.create_default_context(cafile=str(certificate))

    class Edge(Forwarder):
        """Page and audio. Other requests are sent to the gateway."""

        def do_GET(self) -> None:
            """Answer a request."""
            if self.path.startswith("/audio/"):
                self.answer(200 if valid(f"{origin}{self.path}", folder) else 403, b"x", {})
            elif self.path == "/":
                self.answer(200, b"<html></html>", dict.fromkeys(SECURITY_HEADERS, "x"))
            else:
                super().do_GET()

    with served(
        Edge,
        lambda _: HTTPSConnection("localhost", gateway_port, timeout=20, context=context),
        certificate,
    ) as port:
        yield port


def valid(address: str, folder: Path) -> bool:
    """Verify a signed address as CloudFront does (canned policy)."""
    asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    if (
        not {"Expires", "Signature", "Key-Pair-Id"} <= asked.keys()
        or int(asked["Expires"]) < time.time()
    ):
        return False
    condition = {"DateLessThan": {"AWS:EpochTime": int(asked["Expires"])}}
    policy = {"Statement": [{"Resource": address.partition("?")[0], "Condition": condition}]}
    (folder / "signature").write_bytes(
        b64decode(asked["Signature"].translate(str.maketrans("-_~", "+=/")))
    )
    words = [
        str(program("openssl")),
        "dgst",
        "-sha1",
        "-verify",
        str(folder / "key"),
        "-signature",
        str(folder / "signature"),
    ]
    done = subprocess.run(
        words,
        input=json.dumps(policy, separators=(",", ":")).encode(),
        check=False,
        capture_output=True,
    )
    return done.returncode == 0

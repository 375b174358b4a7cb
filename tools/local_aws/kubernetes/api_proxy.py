"""TLS proxy of the API server, like EKS's endpoint: accepts tokens of the embedded AWS and forwards
as administrator.

`aws eks get-token` wraps a presigned STS request in a token. EKS sends it to STS to identify the
caller; this proxy checks its access key. Clients do not send such a token without TLS.
"""

import base64
import binascii
import http.client
import json
import ssl
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

from tools.local_aws.kubernetes.api import KubernetesApi
from tools.local_aws.kubernetes.identity import Identity

_TOKEN_PREFIX = "k8s-aws-v1."  # noqa: S105 - EKS's, in front of every token
_PIECE = 65536
# Hop-by-hop headers (RFC 9110, section 7.6.1).
_OWN_HEADERS = frozenset(
    {"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "host", "authorization", "content-length"}
)


def access_key(token: str) -> str | None:
    """Returns the access key that signed an EKS token; None for any other token.

    Args:
        token: bearer token, such as `k8s-aws-v1.aHR0cHM6…`.
    """
    if not token.startswith(_TOKEN_PREFIX):
        return None
    encoded = token.removeprefix(_TOKEN_PREFIX)
    try:
        url = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    credential = parse_qs(urlsplit(url).query).get("X-Amz-Credential", [""])[0]
    return credential.split("/")[0] or None


class ApiProxy:
    """Serves the API server's API on a loopback port with one thread per connection. Requests
    before `open` wait.

    Args:
        is_own_key: returns True for access keys of the emulator and its STS.
    """

    def __init__(self, *, is_own_key: Callable[[str], bool]) -> None:
        self._server = _Server(("127.0.0.1", 0), _Visit)
        self._server.is_own_key = is_own_key

    @property
    def endpoint(self) -> str:
        """URL that `DescribeCluster` returns."""
        return f"https://127.0.0.1:{self._server.server_address[1]}"

    def open(self, api: KubernetesApi, identity: Identity) -> None:
        """Starts serving.

        Args:
            api: the API server.
            identity: certificate and key of the proxy.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(identity.certificate, identity.key)
        # The TLS handshake runs in the request's thread, so a slow client blocks no other.
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self._server.api = api
        Thread(target=self._server.serve_forever, daemon=True, name="kubernetes-proxy").start()

    def close(self) -> None:
        """Stops serving."""
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    api: KubernetesApi
    is_own_key: Callable[[str], bool]


class _Visit(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the name of the superclass
        """Disables logging: the API server has its own log."""

    def _serve(self) -> None:
        body = self._body()
        key = access_key(self.headers.get("Authorization", "").removeprefix("Bearer "))
        if key is None or not self.server.is_own_key(key):
            return self._refuse()
        api = self.server.api
        connection = api.connection()
        try:
            headers = {name: value for name, value in self.headers.items() if name.lower() not in _OWN_HEADERS}
            connection.request(self.command, self.path, body, {**headers, **api.headers()})
            self._pass_on(connection.getresponse())
        finally:
            connection.close()
        return None

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _serve  # noqa: N815 - the names of the superclass

    def _body(self) -> bytes | None:
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            pieces = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                pieces.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(pieces)
        length = int(self.headers.get("Content-Length", 0))
        return self.rfile.read(length) if length else None

    def _pass_on(self, answer: http.client.HTTPResponse) -> None:
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in _OWN_HEADERS:
                self.send_header(name, value)
        if self.command == "HEAD" or answer.length is not None:
            self.send_header("Content-Length", str(answer.length or 0))
            self.end_headers()
            while piece := answer.read(_PIECE):
                self.wfile.write(piece)
            return
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while piece := answer.read1(_PIECE):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    def _refuse(self) -> None:
        code, reason = http.client.UNAUTHORIZED, "Unauthorized"
        document = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "message": reason, "code": code}
        text = json.dumps(document).encode()
        self.send_response_only(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

"""TLS proxy of the API server: accepted callers and their identity."""

import base64
import http.client
import json
import shutil
import ssl
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tools.local_aws.kubernetes import identity
from tools.local_aws.kubernetes.api import KubernetesApi
from tools.local_aws.kubernetes.api_proxy import ApiProxy, access_key
from tools.local_aws.kubernetes.source import Credentials

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl creates the certificate of the proxy")


def token(key: str) -> str:
    """Returns a token like `aws eks get-token` with an access key."""
    url = (
        f"https://sts.sa-east-1.amazonaws.com/?Action=GetCallerIdentity&X-Amz-Credential={key}%2F20261124%2Fsa-east-1%2Fsts%2Faws4_request"
    )
    return "k8s-aws-v1." + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")


class Mirror(BaseHTTPRequestHandler):
    """Stub of an API server that echoes requests; lists are sent in chunks, like a watch."""

    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the name of the superclass
        pass

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        asked = {"method": self.command, "path": self.path, "headers": dict(self.headers), "body": body}
        text = json.dumps(asked).encode()
        self.send_response(200)
        if "watch" in self.path:
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for piece in (text[:10], text[10:]):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.write(b"0\r\n\r\n")
        else:
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

    do_GET = do_PATCH = _answer  # noqa: N815 - the names of the superclass


class Client:
    def __init__(self, endpoint: str, certificate: Path) -> None:
        self._host, self._context = endpoint.removeprefix("https://"), ssl.create_default_context(cafile=str(certificate))

    def ask(self, method: str, path: str, body: str | None = None, *, token: str = "") -> tuple[int, dict[str, Any]]:
        connection = http.client.HTTPSConnection(self._host, timeout=60, context=self._context)
        connection.request(method, path, body, {"Authorization": f"Bearer {token}", "X-Kept": "yes"})
        answer = connection.getresponse()
        document = json.loads(answer.read())
        connection.close()
        return answer.status, document


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    folder = tmp_path_factory.mktemp("proxy")
    upstream = ThreadingHTTPServer(("127.0.0.1", 0), Mirror)
    Thread(target=upstream.serve_forever, daemon=True).start()
    behind = Credentials(server=f"http://127.0.0.1:{upstream.server_address[1]}", token="administrator")
    own = identity.made(folder)
    proxy = ApiProxy(is_own_key=lambda key: key == "000000000000")
    proxy.open(KubernetesApi(credentials=behind, folder=folder), own)
    yield Client(proxy.endpoint, own.certificate)
    proxy.close()
    upstream.shutdown()


def test_proxy_maps_token_to_administrator(client: Client) -> None:
    status, asked = client.ask("PATCH", "/api/v1/x?fieldManager=helm", '{"a": 1}', token=token("000000000000"))
    assert (status, asked["method"], asked["path"], asked["body"]) == (200, "PATCH", "/api/v1/x?fieldManager=helm", '{"a": 1}')
    assert asked["headers"]["Authorization"] == "Bearer administrator"
    assert asked["headers"]["X-Kept"] == "yes"


def test_proxy_streams_chunked_responses(client: Client) -> None:
    assert client.ask("GET", "/api/v1/pods?watch=true", token=token("000000000000"))[1]["path"] == "/api/v1/pods?watch=true"


@pytest.mark.parametrize("shown", ["", "administrator", token("AKIAIOSFODNN7EXAMPLE"), "k8s-aws-v1.%%%", "k8s-aws-v1."])
def test_proxy_rejects_other_tokens(client: Client, shown: str) -> None:
    status, answer = client.ask("GET", "/api/v1/secrets", token=shown)
    assert (status, answer["reason"]) == (401, "Unauthorized")


def test_proxy_verifies_token_key() -> None:
    assert access_key(token("ASIAIOSFODNN7EXAMPLE")) == "ASIAIOSFODNN7EXAMPLE"

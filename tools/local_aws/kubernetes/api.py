"""Client of a Kubernetes API server with administrator credentials."""

import http.client
import json
import ssl
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tools.local_aws.kubernetes.source import Credentials

Json = dict[str, Any]
_GONE, _OK = 404, 300


class KubernetesError(Exception):
    """Rejected request.

    Args:
        request: method and path.
        status: HTTP status.
        text: body of the response.
    """

    def __init__(self, request: str, status: int, text: str) -> None:
        try:
            self.message = str(json.loads(text)["message"])
        except (ValueError, KeyError, TypeError):
            self.message = text[:500]
        super().__init__(f"{request}: {status} {self.message}")


@dataclass(frozen=True, kw_only=True)
class KubernetesApi:
    """An API server.

    Args:
        credentials: its URL and administrator credentials.
        folder: folder for the client certificate; the TLS library reads files only.
    """

    credentials: Credentials
    folder: Path

    def connection(self, *, timeout: float | None = None) -> http.client.HTTPConnection:
        """Opens a connection.

        Args:
            timeout: seconds without data until an error; None waits forever, for watches.
        """
        parts = urlsplit(self.credentials.server)
        if parts.scheme == "http":
            return http.client.HTTPConnection(str(parts.hostname), parts.port or 80, timeout=timeout)
        return http.client.HTTPSConnection(str(parts.hostname), parts.port or 443, timeout=timeout, context=self._tls)

    def headers(self) -> dict[str, str]:
        """Headers of administrator requests."""
        return {"Authorization": f"Bearer {self.credentials.token}"} if self.credentials.token else {}

    def request(
        self,
        method: str,
        path: str,
        body: Json | list[Json] | None = None,
        *,
        content_type: str = "application/json",
        accept: str = "application/json",
    ) -> Json | None:
        """Sends one request and returns the response; None if the object does not exist.

        Args:
            method: HTTP method.
            path: path and query below the server.
            body: document to send.
            content_type: of the document.
            accept: of the response.

        Raises:
            KubernetesError: if the server rejects the request.
        """
        connection = self.connection(timeout=30)
        try:
            sent = None if body is None else json.dumps(body)
            connection.request(method, path, sent, {**self.headers(), "Content-Type": content_type, "Accept": accept})
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        if answer.status == _GONE:
            return None
        if answer.status >= _OK:
            raise KubernetesError(f"{method} {path}", answer.status, text)
        return json.loads(text) if text.startswith("{") else {}

    def patch(self, path: str, changes: list[Json]) -> None:
        """Patches an object.

        Args:
            path: path and query of the object.
            changes: the operations of a JSON patch (RFC 6902).
        """
        self.request("PATCH", path, changes, content_type="application/json-patch+json")

    def items(self, path: str, *, accept: str = "application/json") -> list[Json]:
        """Returns the items of a list; empty if the list does not exist.

        Args:
            path: path and query of the list.
            accept: of the response.
        """
        return list((self.request("GET", path, accept=accept) or {}).get("items") or [])

    def version(self) -> str:
        """Version of the server, such as `v1.36.3`."""
        return str((self.request("GET", "/version") or {}).get("gitVersion", ""))

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cadata=self.credentials.authority)
        # Certificates that API servers generate fail the strict X.509 checks of newer Python
        # versions.
        context.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)
        if self.credentials.certificate and self.credentials.key:
            file = self.folder / "client.pem"
            file.touch(mode=0o600)
            file.write_text(f"{self.credentials.certificate}\n{self.credentials.key}")
            context.load_cert_chain(file)
        return context

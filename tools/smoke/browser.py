"""HTTP client of one origin, with cookies and without automatic redirects."""

import html
import json
import re
import ssl
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from http.cookiejar import CookieJar
from typing import Any

from spotmusic_constructs.identity.keycloak_values import PATH

_NOWHERE = "https://none.example"
_REDIRECTS = 10
_LONGEST_BYTES = 10_000_000
_AGENT = "spotmusic-smoke"
"""User agent in access logs."""


class NavigationError(Exception):
    """Page without the expected address or form."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Response of a server.

    Args:
        status: HTTP status.
        headers: headers; names are compared without case.
        body: text of the body.
    """

    status: int
    headers: Message
    body: str

    def fields(self) -> dict[str, Any]:
        """Return the body as a JSON object.

        Raises:
            ValueError: if the body is not a JSON object.
        """
        parsed = json.loads(self.body)
        if not isinstance(parsed, dict):
            raise ValueError("the body is not a JSON object")
        return parsed


class Browser:
    """Client of one origin, with cookies.

    Args:
        origin: scheme, host and port of the addresses, such as `https://spotmusic.example`.
        server: address to connect to instead of the origin, such as `https://localhost:8443`.
        context: trusted authorities; default: those of the system.
        seconds: timeout of a request.
    """

    def __init__(
        self,
        origin: str,
        *,
        server: str | None = None,
        context: ssl.SSLContext | None = None,
        seconds: float = 10,
    ) -> None:
        self.origin = origin
        self._server, self._context, self._seconds = server or origin, context, seconds
        self.forget()

    def forget(self) -> None:
        """Delete all cookies."""
        handlers = [
            urllib.request.HTTPSHandler(context=self._context),
            urllib.request.HTTPCookieProcessor(CookieJar()),
            _NoRedirect(),
        ]
        if self._server != self.origin:
            handlers.append(urllib.request.ProxyHandler({}))
        self._opener = urllib.request.build_opener(*handlers)

    def fetch(
        self,
        method: str,
        url: str,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request to an address or path of the origin.

        Raises:
            OSError: if the server is not reachable.
        """
        address = urllib.parse.urljoin(f"{self.origin}/", url).replace(self.origin, self._server, 1)
        request = urllib.request.Request(  # noqa: S310 - of the caller
            address, data, {"User-Agent": _AGENT, **(headers or {})}, method=method
        )
        try:
            with self._opener.open(request, timeout=self._seconds) as response:
                return Answer(
                    status=response.status, headers=response.headers, body=_text(response)
                )
        except urllib.error.HTTPError as response:
            with response:
                return Answer(status=response.code, headers=response.headers, body=_text(response))

    def ask(
        self, url: str, *, form: Mapping[str, str] | None = None, token: str = ""
    ) -> tuple[int, str, str]:
        """Request a URL of the origin, optionally with a bearer token, or submit a form.

        Returns:
            Status, location and body.
        """
        data = urllib.parse.urlencode(form).encode() if form is not None else None
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = self.fetch("GET" if data is None else "POST", url, data, headers)
        return answer.status, answer.headers.get("Location", ""), answer.body

    def visit(
        self, url: str, form: Mapping[str, str] | None = None, until: str = _NOWHERE
    ) -> tuple[str, str]:
        """Follow redirects within the origin to a page or a foreign URL.

        Raises:
            NavigationError: if a redirect leaves the origin, a page is an error, or redirects do
                not end.
        """
        for _ in range(_REDIRECTS):
            if not url.startswith(f"{self.origin}/"):
                raise NavigationError(f"redirected to {url}")
            status, location, page = self.ask(url, form=form)
            if not location:
                if status != 200:
                    raise NavigationError(f"{status} from {urllib.parse.urlsplit(url).path}")
                return url, page
            if location.startswith(until):
                return location, ""
            url, form = location, None
        raise NavigationError(f"more than {_REDIRECTS} redirects")

    def submit(self, page: str, form: Mapping[str, str], until: str = _NOWHERE) -> tuple[str, str]:
        """Submit the form of a page, then continue as `visit`."""
        found = re.search(r'<form[^>]*action="([^"]+)"', page)
        if not found:
            raise NavigationError("the page has no form")
        return self.visit(html.unescape(found[1]), form, until)

    def token(self, realm: str, **form: str) -> tuple[int, dict[str, Any]]:
        """Send a token request to a realm; return status and response."""
        status, _, answer = self.ask(
            f"{self.origin}{PATH}/realms/{realm}/protocol/openid-connect/token", form=form
        )
        return status, json.loads(answer)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """Disable redirects, because callers follow them."""


def _text(response: Any) -> str:
    return str(response.read(_LONGEST_BYTES).decode(errors="replace"))

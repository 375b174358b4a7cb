"""Guard of servers on loopback against requests from pages of other sites.

StackPort's interpreter imports this module as well, so it uses only the standard library.
"""

import re
from typing import Any

from tools.local_aws.middleware import Application, Scope

_LOOPBACK = re.compile(
    rb"(http://|https://)?(127\.0\.0\.1|\[::1\]|([a-z0-9._-]+\.)?localhost)(:\d+)?"
)
REFUSAL = b"Only programs and pages of this machine are answered.\n"


def own_pages_only(application: Application) -> Application:
    """Wrap an application, which then refuses requests of foreign pages and host names.

    A browser sends requests of any page to loopback, with the page's `Origin` or `Sec-Fetch-Site`.
    A page with a host name that resolves to loopback sends this name as `Host`. SDKs, the CDK CLI
    and functions send a loopback `Host` and no `Origin` or `Sec-Fetch-Site`.

    Args:
        application: ASGI application, including its WebSockets.
    """

    async def serve(scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan" or _is_own(dict(scope["headers"])):
            await application(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await send({"type": "http.response.start", "status": 403, "headers": []})
            await send({"type": "http.response.body", "body": REFUSAL})

    return serve


def _is_own(headers: dict[bytes, bytes]) -> bool:
    if not _LOOPBACK.fullmatch(headers.get(b"host", b"")):
        return False
    if b"origin" in headers:
        return _LOOPBACK.fullmatch(headers[b"origin"]) is not None
    return headers.get(b"sec-fetch-site") != b"cross-site"

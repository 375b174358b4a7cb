"""ASGI middleware that rejects foreign credentials and serves the status endpoints."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any
from urllib.parse import parse_qs

Scope = dict[str, Any]
Application = Callable[[Scope, Any, Any], Coroutine[Any, Any, None]]

RECORDED_PATH = "/_spotmusic/recorded"
KEPT_PATH = "/_spotmusic/kept"
STACKS_PATH = "/_spotmusic/stacks"
IDENTITY_PATH = "/_spotmusic/identity"
PAGE_PATH = "/_spotmusic/page"
DOCS_PATH = "/_spotmusic/docs/"


# The CDK CLI polls a stack's status every five seconds, even if the stack is faster. A response may
# wait for a change of status, up to a client's timeout.
_HOLD_SECONDS = 4.0
_HOLD_STEP_SECONDS = 0.02


def middleware(
    application: Application,
    *,
    is_own_key: Callable[[str], bool],
    recorded: Callable[[], list[Any]],
    kept: Callable[[], list[Any]],
    stacks: Callable[[], list[Any]],
    is_in_progress: Callable[[str, str], bool],
    identity: dict[str, Any],
    page: Callable[[str], bytes | None],
) -> Application:
    """Wrap the emulator's application.

    Args:
        application: the emulator.
        is_own_key: whether an access key is of the emulator or its STS.
        recorded: records of types without an engine.
        kept: retained resources.
        stacks: status and number of finished resources of every stack.
        is_in_progress: whether an operation on a stack runs, by region and by name or id of the
            stack.
        identity: unique value of this emulator.
        page: content of the environment's page, or of a document, by path; None for others.
    """

    states: dict[str, Callable[[], Any]] = {
        RECORDED_PATH: recorded,
        KEPT_PATH: kept,
        STACKS_PATH: stacks,
        IDENTITY_PATH: lambda: identity,
    }

    async def serve(scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return await application(scope, receive, send)
        if scope["path"] in states:
            return await _answer(send, 200, states[scope["path"]]())
        if scope["path"].startswith((PAGE_PATH, DOCS_PATH)):
            return await _show(scope["path"], send, page)
        key = access_key(scope)
        if not (_is_open(scope) if key is None else is_own_key(key)):
            return await _refuse(scope, send)
        signature = _signature(scope)
        if scope["method"] == "POST" and signature and signature[2] == "cloudformation":
            body = await _body(receive)
            await _hold_while_in_progress(signature[1], body, is_in_progress)
            receive = _replay(body, receive)
        return await application(scope, receive, send)

    return serve


# Endpoints of the emulator for unsigned requests: responses of custom resource functions, health
# and certificates. Endpoints that change the whole emulator are excluded.
_OPEN = re.compile(
    r"/_ministack/(cfn-response/|cfn-signal/|lambda-layers/|lambda-code/|health$|ready$"
    r"|[a-z]+/ca\.pem$)"
)


def _is_open(scope: Scope) -> bool:
    return _OPEN.match(scope["path"]) is not None


_REFUSAL = "The embedded AWS accepts its own credentials only. The request was rejected."
_XML_REFUSAL = (
    "<ErrorResponse><Error><Type>Sender</Type><Code>InvalidClientTokenId</Code>"
    f"<Message>{_REFUSAL}</Message></Error></ErrorResponse>"
)


def access_key(scope: Scope) -> str | None:
    """Return the access key of a signed request, from its header or presigned query, or None."""
    signature = _signature(scope)
    if signature:
        return signature[0]
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    credential = query.get("X-Amz-Credential") or query.get("AWSAccessKeyId")
    return credential[0].split("/")[0] if credential else None


def _signature(scope: Scope) -> tuple[str, str, str] | None:
    """Return access key, region and service of a request with a signature in its header."""
    headers = {
        name.decode("latin-1").lower(): value.decode("latin-1")
        for name, value in scope.get("headers", [])
    }
    match = re.search(
        r"Credential=([^/,\s]+)/[^/]*/([^/]*)/([^/]*)/", headers.get("authorization", "")
    )
    return (match.group(1), match.group(2), match.group(3)) if match else None


async def _body(receive: Any) -> bytes:
    chunks, more = [], True
    while more:
        message = await receive()
        chunks.append(message.get("body", b""))
        more = message["type"] == "http.request" and message.get("more_body", False)
    return b"".join(chunks)


def _replay(body: bytes, receive: Any) -> Callable[[], Awaitable[dict[str, Any]]]:
    """Return a `receive` that replays the body and forwards later events, such as disconnects."""
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> dict[str, Any]:
        return messages.pop() if messages else await receive()

    return again


async def _hold_while_in_progress(
    region: str, body: bytes, is_in_progress: Callable[[str, str], bool]
) -> None:
    asked = parse_qs(body.decode("latin-1"))
    if asked.get("Action") != ["DescribeStacks"] or "StackName" not in asked:
        return
    clock = asyncio.get_running_loop().time
    deadline = clock() + _HOLD_SECONDS
    while is_in_progress(region, asked["StackName"][0]) and clock() < deadline:
        await asyncio.sleep(_HOLD_STEP_SECONDS)


async def _refuse(scope: Scope, send: Any) -> None:
    """Return an error in the protocol of the requested service, with a code for the SDK."""
    if b"json" in dict(scope["headers"]).get(b"content-type", b""):
        return await _answer(send, 403, {"__type": "InvalidClientTokenId", "message": _REFUSAL})
    return await _send(send, 403, b"text/xml", _XML_REFUSAL.encode())


async def _show(path: str, send: Any, page: Callable[[str], bytes | None]) -> None:
    """Return the page, or a document as text, without a signature (browsers do not sign)."""
    found = page(path)
    kind = b"html" if found and path == PAGE_PATH else b"plain"
    content = found or b"There is no such page. `make local` writes it."
    await _send(send, 200 if found else 404, b"text/" + kind + b"; charset=utf-8", content)


async def _answer(send: Any, status: int, document: Any) -> None:
    await _send(send, status, b"application/json", json.dumps(document, default=str).encode())


async def _send(send: Any, status: int, content_type: bytes, body: bytes) -> None:
    headers = [(b"content-type", content_type), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})

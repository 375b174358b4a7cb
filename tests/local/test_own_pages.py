"""Guard of servers on loopback against pages of other sites."""

import asyncio
from typing import Any

import pytest

from tests.local.foreign_requests import FOREIGN
from tools.local_aws.own_pages import REFUSAL, own_pages_only

OWN = [
    {"Host": "127.0.0.1:4566"},
    {"Host": "localhost:4566", "Origin": "http://127.0.0.1:4566", "Sec-Fetch-Site": "cross-site"},
    {"Host": "audio.s3.localhost:4566"},
    {"Host": "[::1]:4566", "Origin": "http://localhost:5173", "Sec-Fetch-Site": "same-site"},
    {"Host": "127.0.0.1:4566", "Sec-Fetch-Site": "none"},
]


def sent(kind: str, headers: dict[str, str]) -> list[dict[str, Any]]:
    """Messages of the answer to one request. The guarded application sends `{}`."""

    async def application(_scope: Any, _receive: Any, send: Any) -> None:
        await send({})

    messages: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        messages.append(message)

    given = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    asyncio.run(own_pages_only(application)({"type": kind, "headers": given}, None, send))
    return messages


@pytest.mark.parametrize("headers", [{"Host": "127.0.0.1:4566", **foreign} for foreign in FOREIGN])
def test_guard_refuses_foreign_pages(headers: dict[str, str]) -> None:
    start, body = sent("http", headers)
    assert (start["status"], body["body"]) == (403, REFUSAL)
    assert sent("websocket", headers) == [{"type": "websocket.close", "code": 1008}]


@pytest.mark.parametrize("headers", OWN)
@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_guard_passes_requests_of_this_machine(kind: str, headers: dict[str, str]) -> None:
    assert sent(kind, headers) == [{}]


def test_guard_refuses_requests_without_host() -> None:
    assert sent("http", {})[0]["status"] == 403

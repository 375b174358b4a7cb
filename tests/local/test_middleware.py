"""Middleware of the emulator: foreign keys are rejected, and status requests may wait."""

import asyncio
import json
from typing import Any

import pytest

from tools.local_aws.middleware import IDENTITY_PATH, RECORDED_PATH, middleware

OWN = "000000000000"


def request(
    key: str | None = OWN, *, path: str = "/", query: str = "", body: str = "", in_progress: list[bool] | None = None
) -> tuple[int, str]:
    """Sends one request; returns status and body. The application echoes the body."""

    async def application(_scope: Any, receive: Any, send: Any) -> None:
        received = (await receive())["body"]
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": received})

    answers = iter(in_progress or [False])
    wrapped = middleware(
        application,
        is_own_key=lambda candidate: candidate == OWN,
        recorded=lambda: [{"type": "AWS::APS::Workspace"}],
        kept=list,
        is_in_progress=lambda _region, _stack: next(answers),
        identity={"folder": "/checkout/.local"},
    )
    signature = f"AWS4-HMAC-SHA256 Credential={key}/20261124/sa-east-1/cloudformation/aws4_request, Signature=0"
    headers = [(b"authorization", signature.encode())] if key else []
    sent: list[dict[str, Any]] = []
    messages = iter([{"type": "http.request", "body": body.encode(), "more_body": False}])

    async def receive() -> dict[str, Any]:
        return next(messages)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": path, "query_string": query.encode(), "headers": headers}
    asyncio.run(wrapped(scope, receive, send))
    return sent[0]["status"], sent[1]["body"].decode()


def test_the_own_key_passes() -> None:
    assert request(body="Action=ListStacks") == (200, "Action=ListStacks")


@pytest.mark.parametrize("key", ["AKIAIOSFODNN7EXAMPLE", "test"])
def test_a_foreign_key_is_turned_away(key: str) -> None:
    status, body = request(key, body="Action=ListStacks")
    assert status == 403
    assert "InvalidClientTokenId" in body


def test_foreign_presigned_url_is_rejected() -> None:
    assert request(None, query="X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20261124%2Fsa-east-1%2Fs3%2Faws4_request")[0] == 403


def test_unsigned_custom_resource_response_passes() -> None:
    assert request(None, path="/_ministack/cfn-response/token", body="{}") == (200, "{}")


@pytest.mark.parametrize("path", ["/", "/bucket/key", "/_ministack/reset", "/_ministack/config", "/_ministack/health/../reset"])
def test_middleware_rejects_unsigned_requests(path: str) -> None:
    assert request(None, path=path, body="Action=ListStacks")[0] == 403


def test_status_waits_while_stack_is_busy() -> None:
    assert request(body="Action=DescribeStacks&StackName=a", in_progress=[True, True, False])[0] == 200


def test_records_and_identity_are_told() -> None:
    assert json.loads(request(path=RECORDED_PATH)[1]) == [{"type": "AWS::APS::Workspace"}]
    assert json.loads(request(path=IDENTITY_PATH)[1]) == {"folder": "/checkout/.local"}

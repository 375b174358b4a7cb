"""Middleware of the emulator: rejection of foreign keys, and pending status requests."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tools.local_aws.emulator import page
from tools.local_aws.middleware import (
    DOCS_PATH,
    IDENTITY_PATH,
    PAGE_PATH,
    RECORDED_PATH,
    STACKS_PATH,
    middleware,
)
from tools.local_aws.workspace import Workspace

OWN = "000000000000"


def request(
    key: str | None = OWN,
    *,
    path: str = "/",
    query: str = "",
    body: str = "",
    in_progress: list[bool] | None = None,
) -> tuple[int, str]:
    """Send one request. Return status and body. The application echoes the body."""

    async def application(_scope: Any, receive: Any, send: Any) -> None:
        received = (await receive())["body"]
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": received})

    answers = [False] if in_progress is None else in_progress
    wrapped = middleware(
        application,
        is_own_key=lambda candidate: candidate == OWN,
        recorded=lambda: [{"type": "AWS::APS::Workspace"}],
        kept=list,
        stacks=lambda: [{"name": "data"}],
        is_in_progress=lambda _region, _stack: answers.pop(0),
        identity={"folder": "/checkout/.local"},
        page={PAGE_PATH: b"<html>", f"{DOCS_PATH}slo.md": b"# SLO"}.get,
    )
    signature = (
        f"AWS4-HMAC-SHA256 Credential={key}/20261124/sa-east-1/cloudformation/aws4_request, "
        "Signature=0"
    )
    headers = [(b"authorization", signature.encode())] if key else []
    sent: list[dict[str, Any]] = []
    messages = iter([{"type": "http.request", "body": body.encode(), "more_body": False}])

    async def receive() -> dict[str, Any]:
        return next(messages)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "query_string": query.encode(),
        "headers": headers,
    }
    asyncio.run(wrapped(scope, receive, send))
    return sent[0]["status"], sent[1]["body"].decode()


def test_own_key_is_accepted() -> None:
    assert request(body="Action=ListStacks") == (200, "Action=ListStacks")


@pytest.mark.parametrize("key", ["AKIAIOSFODNN7EXAMPLE", "test"])
def test_foreign_key_is_rejected(key: str) -> None:
    status, body = request(key, body="Action=ListStacks")
    assert status == 403
    assert "InvalidClientTokenId" in body


def test_foreign_presigned_url_is_rejected() -> None:
    status = request(
        None,
        query=("X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20261124%2Fsa-east-1%2Fs3%2Faws4_request"),
    )[0]
    assert status == 403


def test_unsigned_custom_resource_response_passes() -> None:
    assert request(None, path="/_ministack/cfn-response/token", body="{}") == (200, "{}")


@pytest.mark.parametrize(
    "path",
    ["/", "/bucket/key", "/_ministack/reset", "/_ministack/config", "/_ministack/health/../reset"],
)
def test_middleware_rejects_unsigned_requests(path: str) -> None:
    assert request(None, path=path, body="Action=ListStacks")[0] == 403


def test_status_waits_while_stack_is_busy() -> None:
    states = [True, True, False]
    assert request(body="Action=DescribeStacks&StackName=a", in_progress=states)[0] == 200
    assert states == []


def test_records_and_identity_are_served() -> None:
    assert json.loads(request(path=RECORDED_PATH)[1]) == [{"type": "AWS::APS::Workspace"}]
    assert json.loads(request(path=STACKS_PATH)[1]) == [{"name": "data"}]
    assert json.loads(request(path=IDENTITY_PATH)[1]) == {"folder": "/checkout/.local"}


def test_page_and_documents_need_no_signature() -> None:
    assert request(None, path=PAGE_PATH) == (200, "<html>")
    assert request(None, path=f"{DOCS_PATH}slo.md") == (200, "# SLO")
    assert request(None, path=f"{DOCS_PATH}nowhere.md")[0] == 404


def test_console_serves_checkout_documents_only(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    for file in (
        tmp_path / "docs" / "slo.md",
        tmp_path / "docs" / "data.txt",
        tmp_path / "secret.md",
        workspace.page,
    ):
        file.parent.mkdir(exist_ok=True)
        file.write_text(file.name)
    paths = {
        path: page(workspace, path)
        for path in (
            PAGE_PATH,
            *(f"{DOCS_PATH}{name}" for name in ("slo.md", "data.txt", "../secret.md")),
        )
    }
    assert list(paths.values()) == [b"page.html", b"slo.md", None, None]

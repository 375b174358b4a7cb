"""Addresses to which the Lambda functions of custom resources answer."""

import importlib
import sys
from collections.abc import Iterator
from types import ModuleType
from unittest.mock import Mock

import boto3
import pytest

from tests.unit.custom_resources import ANSWERS
from tools.checkout import ROOT

HANDLERS = {
    "data/credentials_handler": "cloudformation",
    "secrets/deployed_values_handler": "index",
    "services/task_run_handler": "index",
}
"""Modules that answer CloudFormation, by their folder."""
CONSTRUCTS = ROOT / "constructs" / "spotmusic_constructs"
EMBEDDED = "http://127.0.0.1:4566"


@pytest.fixture(params=HANDLERS.items(), ids=lambda item: item[0])
def function(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    folder, name = request.param
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.syspath_prepend(str(CONSTRUCTS / folder))
    sys.modules.pop(name, None)
    yield importlib.import_module(name)
    sys.modules.pop(name, None)


@pytest.mark.parametrize(
    "url",
    [
        "https://collector.example/cloudformation-custom-resource-response-saeast1.s3.amazonaws.com/",
        "https://cloudformation-custom-resource-response-saeast1.s3.amazonaws.com.example/",
        "https://cloudformation-custom-resource-response-saeast1.s3.amazonaws.com@collector.example/",
        ANSWERS.replace("https", "http"),
        f"{EMBEDDED}/answer",
        "",
    ],
)
def test_forged_event_is_rejected_first(function: ModuleType, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    work = Mock()
    monkeypatch.setattr(boto3, "client", work)
    event = {"RequestType": "Update", "ResponseURL": url}
    with pytest.raises(ValueError, match="no address of CloudFormation"):
        function.answer(event, "id", work) if hasattr(function, "answer") else function.handler(event, None)
    work.assert_not_called()


@pytest.mark.parametrize(
    "host",
    ["s3.amazonaws.com", "s3.sa-east-1.amazonaws.com", "s3-sa-east-1.amazonaws.com", "s3.cn-north-1.amazonaws.com.cn"],
)
def test_buckets_of_cloudformation_are_accepted(function: ModuleType, host: str) -> None:
    function.require_cloudformation(f"https://cloudformation-custom-resource-response-saeast1.{host}/arn?X-Amz-Signature=0")


def test_embedded_aws_gets_its_answers(function: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", EMBEDDED)
    function.require_cloudformation(f"{EMBEDDED}/answer")
    with pytest.raises(ValueError, match="no address of CloudFormation"):
        function.require_cloudformation("http://127.0.0.1:45660/answer")


def test_every_custom_resource_handler_is_listed() -> None:
    answering = {path for path in CONSTRUCTS.rglob("*.*") if path.suffix in {".py", ".mjs"} and "ResponseURL" in path.read_text()}
    listed = {CONSTRUCTS / folder / f"{name}.py" for folder, name in HANDLERS.items()}
    assert answering == {*listed, CONSTRUCTS / "secrets" / "signing_key_handler" / "index.mjs"}

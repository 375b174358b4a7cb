"""Addresses of responses to CloudFormation by Lambda functions of custom resources."""

import importlib
import sys
from collections.abc import Iterator
from types import ModuleType
from unittest.mock import Mock

import boto3
import pytest

from spotmusic_constructs.platform_function import CUSTOM_RESOURCES
from tests.unit.custom_resources import ANSWERS
from tools.checkout import ROOT

HANDLERS = ("cloudformation", "deployed_values", "task_run")
"""Modules of the folder that respond to CloudFormation."""
CONSTRUCTS = ROOT / "constructs" / "spotmusic_constructs"
EMBEDDED = "http://127.0.0.1:4566"
BUCKET = "cloudformation-custom-resource-response-saeast1.s3.amazonaws.com"


@pytest.fixture(params=HANDLERS)
def function(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ModuleType]:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.syspath_prepend(str(CUSTOM_RESOURCES))
    yield importlib.import_module(request.param)
    for name in HANDLERS:
        sys.modules.pop(name, None)


@pytest.fixture
def cloudformation(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.syspath_prepend(str(CUSTOM_RESOURCES))
    yield importlib.import_module("cloudformation")
    sys.modules.pop("cloudformation", None)


@pytest.mark.parametrize(
    "url",
    [
        f"https://collector.example/{BUCKET}/",
        f"https://{BUCKET}.example/",
        f"https://{BUCKET}@collector.example/",
        ANSWERS.replace("https", "http"),
        f"{EMBEDDED}/answer",
        "",
    ],
)
def test_forged_event_is_rejected_first(
    function: ModuleType, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    work = Mock()
    monkeypatch.setattr(boto3, "client", work)
    event = {"RequestType": "Update", "ResponseURL": url}
    with pytest.raises(ValueError, match="no address of CloudFormation"):
        function.handler(event, None) if hasattr(function, "handler") else function.answer(
            event, "id", work
        )
    work.assert_not_called()


@pytest.mark.parametrize(
    "host",
    [
        "s3.amazonaws.com",
        "s3.sa-east-1.amazonaws.com",
        "s3-sa-east-1.amazonaws.com",
        "s3.cn-north-1.amazonaws.com.cn",
    ],
)
def test_buckets_of_cloudformation_are_accepted(cloudformation: ModuleType, host: str) -> None:
    cloudformation.require_cloudformation(
        f"https://cloudformation-custom-resource-response-saeast1.{host}/arn?X-Amz-Signature=0"
    )


def test_embedded_aws_gets_its_answers(
    cloudformation: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", EMBEDDED)
    cloudformation.require_cloudformation(f"{EMBEDDED}/answer")
    with pytest.raises(ValueError, match="no address of CloudFormation"):
        cloudformation.require_cloudformation("http://127.0.0.1:45660/answer")


def test_custom_resource_handlers_are_listed() -> None:
    answering = {
        path
        for path in CONSTRUCTS.rglob("*.*")
        if path.suffix in {".py", ".mjs"} and "ResponseURL" in path.read_text()
    }
    assert answering == {
        CUSTOM_RESOURCES / "cloudformation.py",
        CONSTRUCTS / "secrets" / "signing_key_handler" / "index.mjs",
    }

"""Values that a deployment reads from another stack."""

import importlib
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from botocore.exceptions import ClientError

from spotmusic_constructs.platform_function import CUSTOM_RESOURCES
from spotmusic_constructs.secrets.deployed_values import DeployedValues
from tests.templates import resources_of, whole
from tests.unit.custom_resources import ANSWERS
from tools.model.values import ACCOUNT

PATH = "/spotmusic/dev/data"


class Parameters:
    """Fake of Parameter Store in which parameters appear later."""

    def __init__(self, *, after: int) -> None:
        self.requests, self.after = 0, after

    def get_parameters(self, *, Names: list[str]) -> dict[str, Any]:  # noqa: N803 (boto3)
        self.requests += 1
        if self.requests <= self.after:
            return {"Parameters": [], "InvalidParameters": Names}
        return {
            "Parameters": [{"Name": name, "Value": name.lower()} for name in Names],
            "InvalidParameters": [],
        }


@pytest.fixture
def function(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(str(CUSTOM_RESOURCES))
    sys.modules.pop("deployed_values", None)
    yield importlib.import_module("deployed_values")
    sys.modules.pop("deployed_values", None)
    sys.modules.pop("cloudformation", None)


@pytest.mark.parametrize("after", [0, 3])
def test_values_are_awaited(function: ModuleType, after: int) -> None:
    ssm, waits = Parameters(after=after), list[float]()
    assert function.read(ssm, PATH, ["CacheHost"], sleep=waits.append) == {
        "CacheHost": "/spotmusic/dev/data/cachehost"
    }
    assert len(waits) == after


def test_absent_values_fail_within_the_function(function: ModuleType) -> None:
    waits = list[float]()
    with pytest.raises(
        TimeoutError,
        match=(
            r"/spotmusic/dev/data/CacheHost: no such parameter .* "
            r"Deploy the stack that creates it"
        ),
    ):
        function.read(
            Parameters(after=10_000),
            PATH,
            ["CacheHost"],
            sleep=waits.append,
            clock=lambda: 2 * sum(waits),
        )
    assert 2 * sum(waits) < 900, "a call may take as long as the pause after it"


def test_late_right_is_awaited(function: ModuleType) -> None:
    class Late(Parameters):
        def get_parameters(self, *, Names: list[str]) -> dict[str, Any]:  # noqa: N803 (boto3)
            if self.requests == 0:
                self.requests = 1
                raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "GetParameters")
            return super().get_parameters(Names=Names)

    assert function.read(Late(after=0), PATH, ["CacheHost"], sleep=lambda _: None) == {
        "CacheHost": "/spotmusic/dev/data/cachehost"
    }


@pytest.mark.parametrize(
    ("kind", "status"), [("Create", "SUCCESS"), ("Update", "SUCCESS"), ("Delete", "SUCCESS")]
)
def test_deployed_values_answer_cloudformation(
    function: ModuleType, monkeypatch: pytest.MonkeyPatch, kind: str, status: str
) -> None:
    answers = list[str]()
    monkeypatch.setattr(function.boto3, "client", lambda _: Parameters(after=0))
    monkeypatch.setattr("cloudformation._put", lambda _, body: answers.append(body.decode()))
    event = {
        "RequestType": kind,
        "ResponseURL": ANSWERS,
        "StackId": "s",
        "RequestId": "r",
        "LogicalResourceId": "l",
    }
    function.handler({**event, "ResourceProperties": {"Path": PATH, "Names": ["CacheHost"]}}, None)
    (answer,) = answers
    assert f'"Status": "{status}"' in answer
    assert ("cachehost" in answer) == (kind != "Delete")


def values_of(stack: cdk.Stack, **options: Any) -> DeployedValues:
    key = kms.Key.from_key_arn(stack, "Key", f"arn:aws:kms:sa-east-1:{ACCOUNT}:key/logs")
    return DeployedValues(stack, "Values", path=PATH, log_key=key, **options)


def test_function_reads_only_its_parameters(stack: cdk.Stack) -> None:
    values_of(stack, parameter_names=["CacheHost"])
    text = str(resources_of(stack))
    assert "'ssm:GetParameters'" in text
    assert f":parameter{PATH}/CacheHost" in text


def test_deployed_values_wait_for_constructs(stack: cdk.Stack) -> None:
    topic = sns.CfnTopic(stack, "Cluster")
    values_of(stack, parameter_names=["CacheHost"], after=[topic])
    awaited = whole(resources_of(stack), "Custom::DeployedValues")["DependsOn"]
    assert stack.resolve(topic.logical_id) in awaited


def test_deployed_values_reject_many_names(stack: cdk.Stack) -> None:
    with pytest.raises(ValueError, match="11 names exceed the limit of a request, 10"):
        values_of(stack, parameter_names=[f"Name{number}" for number in range(11)])

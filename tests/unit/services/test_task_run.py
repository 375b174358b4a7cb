"""Lambda function that runs a task during a deployment."""

import importlib
import json
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any
from unittest.mock import Mock

import pytest
from botocore.exceptions import ClientError

from spotmusic_constructs.platform_function import CUSTOM_RESOURCES
from tests.unit.custom_resources import ANSWERS

PROPERTIES = {"TaskDefinition": "task:3", "Subnets": ["subnet-a"], "SecurityGroup": "sg-1"}


NEW_RIGHT = ("AccessDeniedException", "")
NEW_ROLE = (
    "ClientException",
    "ECS was unable to assume the role 'arn:role' that was provided for this task.",
)


def refusal(code: str, message: str = "") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "RunTask")


class Ecs:
    """Fake of the Amazon ECS calls that the function makes."""

    def __init__(
        self,
        *,
        code: int | None = 0,
        polls: int = 2,
        failures: tuple[dict[str, str], ...] = (),
        denied: int = 0,
        error: tuple[str, str] = NEW_RIGHT,
        hidden: int = 0,
    ) -> None:
        self.code, self.polls, self.failures, self.denied, self.error, self.hidden = (
            code,
            polls,
            list(failures),
            denied,
            error,
            hidden,
        )
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def run_task(self, **arguments: Any) -> dict[str, Any]:
        self.calls.append(("run_task", arguments))
        self.denied -= 1
        if self.denied >= 0:
            raise refusal(*self.error)
        return {
            "failures": self.failures,
            "tasks": [] if self.failures else [{"taskArn": "arn:task/services/0a1b"}],
        }

    def describe_tasks(self, **_: Any) -> dict[str, Any]:
        self.hidden -= 1
        if self.hidden >= 0:
            return {"tasks": [], "failures": [{"reason": "MISSING"}]}
        self.polls -= 1
        stopped = {
            "lastStatus": "STOPPED",
            "containers": [
                {"name": "aws-guardduty-agent-0a1b"},
                {"name": "service", "exitCode": self.code},
            ],
            "stoppedReason": "Essential container exited",
        }
        return {
            "tasks": [stopped if self.polls < 0 else {"lastStatus": "RUNNING", "containers": []}]
        }

    def stop_task(self, **arguments: Any) -> None:
        self.calls.append(("stop_task", arguments))


@pytest.fixture
def function(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    for name, value in {
        "CLUSTER": "services",
        "CONTAINER": "service",
        "LOG_GROUP": "migrations",
        "STREAM": "service/service",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.syspath_prepend(str(CUSTOM_RESOURCES))
    sys.modules.pop("task_run", None)
    yield importlib.import_module("task_run")
    sys.modules.pop("task_run", None)
    sys.modules.pop("cloudformation", None)


def test_task_run_waits_for_task(function: ModuleType) -> None:
    ecs = Ecs()
    function.run(ecs, PROPERTIES, token="request-1", sleep=lambda _: None)
    ((_, asked),) = ecs.calls
    assert asked["clientToken"] == "request-1"
    assert asked["networkConfiguration"]["awsvpcConfiguration"]["assignPublicIp"] == "DISABLED"


@pytest.mark.parametrize("code", [1, None])
def test_failed_task_error_names_log(function: ModuleType, code: int | None) -> None:
    with pytest.raises(RuntimeError, match="log group migrations, stream service/service/0a1b"):
        function.run(Ecs(code=code), PROPERTIES, token="request-1", sleep=lambda _: None)


def test_task_without_capacity_fails(function: ModuleType) -> None:
    with pytest.raises(RuntimeError, match="did not start: RESOURCE:MEMORY"):
        function.run(
            Ecs(failures=({"reason": "RESOURCE:MEMORY"},)),
            PROPERTIES,
            token="request-1",
            sleep=lambda _: None,
        )


def test_endless_task_is_stopped(function: ModuleType) -> None:
    ecs, waits = Ecs(polls=1000, denied=10), list[float]()
    with pytest.raises(TimeoutError, match="was stopped"):
        function.run(
            ecs,
            PROPERTIES,
            token="request-1",
            sleep=waits.append,
            clock=lambda: 2 * sum(waits),
        )
    assert ecs.calls[-1][0] == "stop_task"
    assert 2 * sum(waits) < 900, "a call may take as long as the pause after it"


def test_task_run_waits_for_hidden_task(function: ModuleType) -> None:
    ecs = Ecs(hidden=1)
    function.run(ecs, PROPERTIES, token="request-1", sleep=lambda _: None)
    assert [name for name, _ in ecs.calls] == ["run_task"]


@pytest.mark.parametrize("error", [NEW_RIGHT, NEW_ROLE], ids=["right", "role"])
def test_task_run_waits_for_new_right(function: ModuleType, error: tuple[str, str]) -> None:
    ecs = Ecs(denied=3, error=error)
    function.run(ecs, PROPERTIES, token="request-1", sleep=lambda _: None)
    assert [arguments["clientToken"] for _, arguments in ecs.calls] == ["request-1"] * 4
    waits: list[float] = []
    ecs = Ecs(denied=1000, error=error)
    with pytest.raises(ClientError, match=error[0]):
        function.run(ecs, PROPERTIES, token="request-1", sleep=waits.append)
    assert sum(waits) == sys.modules["cloudformation"].GRANT_SECONDS


def test_task_is_stopped_when_polling_fails(
    function: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    ecs = Ecs()
    monkeypatch.setattr(ecs, "describe_tasks", Mock(side_effect=refusal("ThrottlingException")))
    with pytest.raises(ClientError, match="Throttling"):
        function.run(ecs, PROPERTIES, token="request-1", sleep=lambda _: None)
    assert ecs.calls[-1][0] == "stop_task"


@pytest.mark.parametrize(
    ("request_type", "runs", "status"),
    [("Create", 1, "SUCCESS"), ("Delete", 0, "SUCCESS"), ("Update", 1, "FAILED")],
)
def test_task_run_responds_to_cloudformation(
    function: ModuleType, monkeypatch: pytest.MonkeyPatch, request_type: str, runs: int, status: str
) -> None:
    answers: list[dict[str, Any]] = []
    ecs = Ecs(polls=0, code=0 if status == "SUCCESS" else 1)
    monkeypatch.setattr("cloudformation._put", lambda _url, body: answers.append(json.loads(body)))
    monkeypatch.setattr(function.boto3, "client", lambda _service: ecs)
    event = {
        "StackId": "s",
        "RequestId": "r",
        "LogicalResourceId": "Run",
        "ResponseURL": ANSWERS,
        "ResourceProperties": PROPERTIES,
    }
    function.handler({**event, "RequestType": request_type}, None)
    assert (answers[0]["Status"], answers[0]["PhysicalResourceId"], len(ecs.calls)) == (
        status,
        "task-run",
        runs,
    )


def test_task_run_handler_has_no_dependencies() -> None:
    assert {path.name for path in CUSTOM_RESOURCES.glob("*.py")} == {
        "cloudformation.py",
        "deployed_values.py",
        "task_run.py",
    }

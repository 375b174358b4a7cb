"""Resource types in a running emulator through CloudFormation's API."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.local.foreign_requests import FOREIGN, ask
from tests.local.stacks import stack_of
from tools.local_aws import ACCOUNT, process, session
from tools.local_aws.assembly import SynthesizedStack
from tools.local_aws.cloudformation import DeployedResource
from tools.local_aws.deployment import LeftoverError
from tools.local_aws.leftovers import after_destruction, save_inventory
from tools.local_aws.middleware import (
    DOCS_PATH,
    IDENTITY_PATH,
    KEPT_PATH,
    PAGE_PATH,
    RECORDED_PATH,
    STACKS_PATH,
)
from tools.local_aws.workspace import RunningEmulator, Workspace

pytestmark = pytest.mark.local

REGION = "sa-east-1"
Resources = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEmulator]:
    workspace = Workspace(tmp_path_factory.mktemp("checkout"))
    yield process.start(workspace, region=REGION)
    process.stop(workspace)


class Stack:
    """Stack of the emulator.

    Args:
        emulator: the emulator.
        name: name of the stack.
    """

    def __init__(self, emulator: RunningEmulator, name: str) -> None:
        self.name = name
        self.cloudformation = session.client("cloudformation", emulator.endpoint, region=REGION)

    def deploy(
        self, verb: str, resources: Resources, outputs: dict[str, str] | None = None
    ) -> dict[str, str]:
        """Create or update the stack; return physical ids."""
        getattr(self.cloudformation, f"{verb}_stack")(
            StackName=self.name, TemplateBody=self.body(resources, outputs)
        )
        self.wait()
        summaries = self.cloudformation.list_stack_resources(StackName=self.name)[
            "StackResourceSummaries"
        ]
        return {
            summary["LogicalResourceId"]: summary["PhysicalResourceId"] for summary in summaries
        }

    def body(self, resources: Resources, outputs: dict[str, str] | None = None) -> str:
        return json.dumps(
            {
                "Resources": resources,
                "Outputs": {name: {"Value": value} for name, value in (outputs or {}).items()},
            }
        )

    def wait(self) -> None:
        while self.described()["StackStatus"].endswith("_IN_PROGRESS"):
            pass  # the response waits for a change of status

    def delete(self) -> None:
        self.cloudformation.delete_stack(StackName=self.name)
        self.cloudformation.get_waiter("stack_delete_complete").wait(StackName=self.name)

    def described(self) -> dict[str, Any]:
        return dict(self.cloudformation.describe_stacks(StackName=self.name)["Stacks"][0])

    def reasons(self) -> str:
        events = self.cloudformation.describe_stack_events(StackName=self.name)["StackEvents"]
        return "\n".join(event.get("ResourceStatusReason", "") for event in events)


def workspace(**properties: Any) -> Resources:
    return {"Workspace": {"Type": "AWS::APS::Workspace", "Properties": properties}}


def namespace(name: str) -> Resources:
    properties = {"Name": name, "Workspace": {"Ref": "Workspace"}, "Data": "groups: []"}
    return {"Rules": {"Type": "AWS::APS::RuleGroupsNamespace", "Properties": properties}}


def test_stub_update_follows_schema(emulator: RunningEmulator) -> None:
    stack = Stack(emulator, "records")
    created = stack.deploy("create", {**workspace(Alias="a"), **namespace("one")})
    updated = stack.deploy("update", {**workspace(Alias="b"), **namespace("two")})
    assert updated["Workspace"] == created["Workspace"]
    assert updated["Rules"] != created["Rules"]
    assert len(process.recorded(emulator)) == 2
    stack.delete()
    assert process.recorded(emulator) == []


def test_rejected_schema_is_rolled_back(emulator: RunningEmulator) -> None:
    stack = Stack(emulator, "rejected")
    stack.deploy("create", workspace(Alias="before"))
    stack.deploy(
        "update",
        {
            **workspace(Alias="after"),
            "Typo": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayNam": "x"}},
        },
    )
    assert stack.described()["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "DisplayNam" in stack.reasons()
    assert [record["properties"] for record in process.recorded(emulator)] == [{"Alias": "before"}]
    stack.delete()


@pytest.mark.parametrize(
    ("resource_type", "name"),
    [("AWS::Backup::BackupVault", "BackupVaultName"), ("AWS::Logs::LogGroup", "LogGroupName")],
)
def test_retained_name_is_taken(emulator: RunningEmulator, resource_type: str, name: str) -> None:
    first, second = Stack(emulator, "first"), Stack(emulator, "second")
    named = {
        "Named": {"Type": resource_type, "Properties": {name: "taken"}, "DeletionPolicy": "Retain"}
    }
    first.deploy("create", named)
    first.delete()
    second.deploy("create", named)
    assert second.described()["StackStatus"] == "ROLLBACK_COMPLETE"
    expected = f"Resource of type '{resource_type}' with identifier 'taken' already exists."
    assert expected in second.reasons()
    second.delete()


def test_new_output_is_a_change(emulator: RunningEmulator) -> None:
    """A stack that begins to use a value of another stack only adds an output to that one."""
    stack, topic = (
        Stack(emulator, "outputs"),
        {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {}}},
    )
    stack.deploy("create", topic, {"One": "1"})

    def change_set(name: str, outputs: dict[str, str]) -> str:
        stack.cloudformation.create_change_set(
            StackName=stack.name, ChangeSetName=name, TemplateBody=stack.body(topic, outputs)
        )
        return str(
            stack.cloudformation.describe_change_set(StackName=stack.name, ChangeSetName=name)[
                "Status"
            ]
        )

    assert change_set("same", {"One": "1"}) == "FAILED"
    assert change_set("more", {"One": "1", "Two": "2"}) == "CREATE_COMPLETE"
    stack.cloudformation.execute_change_set(StackName=stack.name, ChangeSetName="more")
    stack.wait()
    assert {
        output["OutputKey"]: output["OutputValue"] for output in stack.described()["Outputs"]
    } == {"One": "1", "Two": "2"}


@pytest.fixture
def empty(emulator: RunningEmulator, tmp_path: Path) -> SynthesizedStack:
    """Stack without resources, with an inventory from before its deployment."""
    stack = stack_of()
    save_inventory(emulator.endpoint, [stack], tmp_path / "baseline.json")
    return stack


def test_unexplained_resources_are_leftovers(
    emulator: RunningEmulator, empty: SynthesizedStack, tmp_path: Path
) -> None:
    queues = session.client("sqs", emulator.endpoint, region=REGION)
    queue = queues.create_queue(QueueName="left")["QueueUrl"]
    outcome = after_destruction([], [empty], baseline=tmp_path / "baseline.json", emulator=emulator)
    assert outcome.unexplained == [f"{REGION} sqs {queue}"]
    assert str(LeftoverError(outcome.unexplained)).splitlines()[1:] == [
        f"  {REGION} sqs {queue}",
        "Delete them with the AWS CLI after `. .local/env.sh`, and run the command again.",
    ]
    queues.delete_queue(QueueUrl=queue)


def test_snapshots_are_explained_after_their_stack(
    emulator: RunningEmulator, empty: SynthesizedStack, tmp_path: Path
) -> None:
    """A destruction that ended with a leftover runs again, without stacks."""
    queues = session.client("sqs", emulator.endpoint, region=REGION)
    snapshot = queues.create_queue(QueueName="gone-snapshot")["QueueUrl"]
    gone = DeployedResource(
        stack=empty,
        logical_id="Gone",
        identifier=snapshot.removesuffix("-snapshot"),
        status="CREATE_COMPLETE",
        definition={"Type": "AWS::SQS::Queue", "DeletionPolicy": "Snapshot"},
    )
    for deployed in ([gone], []):
        outcome = after_destruction(
            deployed, [empty], baseline=tmp_path / "baseline.json", emulator=emulator
        )
        assert outcome.unexplained == []
    queues.delete_queue(QueueUrl=snapshot)


SIGNED = f"X-Amz-Credential={ACCOUNT}/20261130/{REGION}/lambda/aws4_request"


@pytest.mark.parametrize("headers", FOREIGN)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", f"/2015-03-31/functions?{SIGNED}"),
        ("POST", f"/2015-03-31/functions/any/invocations?{SIGNED}"),
        *(
            ("GET", path)
            for path in (
                RECORDED_PATH,
                KEPT_PATH,
                STACKS_PATH,
                IDENTITY_PATH,
                PAGE_PATH,
                f"{DOCS_PATH}slo.md",
            )
        ),
    ],
)
def test_emulator_refuses_foreign_pages(
    emulator: RunningEmulator, method: str, path: str, headers: dict[str, str]
) -> None:
    assert ask(emulator.port, method, path, **headers)[0] == 403


def test_dead_emulator_is_replaced_despite_another(
    emulator: RunningEmulator, tmp_path: Path
) -> None:
    """Copies of a checkout run at the same time and share nothing."""
    workspace, queues = Workspace(tmp_path), session.client("sqs", emulator.endpoint, region=REGION)
    queue = queues.create_queue(QueueName="mine")["QueueUrl"]
    try:
        dead = process.start(workspace, region=REGION)
        assert dead.port != emulator.port
        assert (
            not session.client("sqs", dead.endpoint, region=REGION).list_queues().get("QueueUrls")
        )
        os.kill(dead.pid, signal.SIGKILL)
        alive = process.start(workspace, region=REGION)
        assert process.running(workspace) == alive
        assert alive.pid != dead.pid
    finally:
        process.stop(workspace)
    assert not [
        found.command for found in process._processes() if str(workspace.folder) in found.command
    ]
    assert queues.list_queues()["QueueUrls"] == [queue]

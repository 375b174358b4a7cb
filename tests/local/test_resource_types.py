"""Resource types in a running emulator through CloudFormation's API: created, updated, replaced,
retained, deleted.
"""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tools.local_aws import process, session
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
    """Stack in one region.

    Args:
        emulator: the emulator.
        name: name of the stack.
        region: its region.
    """

    def __init__(self, emulator: RunningEmulator, name: str, region: str = REGION) -> None:
        self.name = name
        self.endpoint = emulator.endpoint
        self.region = region
        self.cloudformation = self.client("cloudformation")

    def client(self, service: str) -> Any:
        return session.client(service, self.endpoint, region=self.region)

    def create(self, resources: Resources, outputs: dict[str, Any] | None = None) -> dict[str, str]:
        self._operate("create", resources, outputs)
        return self.identifiers()

    def update(self, resources: Resources) -> dict[str, str]:
        self._operate("update", resources, None)
        return self.identifiers()

    def delete(self) -> None:
        self.cloudformation.delete_stack(StackName=self.name)
        self.cloudformation.get_waiter("stack_delete_complete").wait(StackName=self.name)

    def identifiers(self) -> dict[str, str]:
        summaries = self.cloudformation.list_stack_resources(StackName=self.name)["StackResourceSummaries"]
        return {summary["LogicalResourceId"]: summary["PhysicalResourceId"] for summary in summaries}

    def output(self, name: str) -> str:
        outputs = self.cloudformation.describe_stacks(StackName=self.name)["Stacks"][0]["Outputs"]
        return str(next(output["OutputValue"] for output in outputs if output["OutputKey"] == name))

    def status(self) -> str:
        return str(self.cloudformation.describe_stacks(StackName=self.name)["Stacks"][0]["StackStatus"])

    def reasons(self) -> str:
        events = self.cloudformation.describe_stack_events(StackName=self.name)["StackEvents"]
        return "\n".join(event.get("ResourceStatusReason", "") for event in events)

    def _operate(self, verb: str, resources: Resources, outputs: dict[str, Any] | None) -> None:
        body = json.dumps({"Resources": resources, "Outputs": outputs or {}})
        capabilities = ["CAPABILITY_NAMED_IAM"]
        getattr(self.cloudformation, f"{verb}_stack")(StackName=self.name, TemplateBody=body, Capabilities=capabilities)
        while self.status().endswith("_IN_PROGRESS"):
            pass  # the response waits for a change of status


def workspace(**properties: Any) -> Resources:
    return {"Workspace": {"Type": "AWS::APS::Workspace", "Properties": {"Alias": "a", **properties}}}


def namespace(name: str, workspace: Any) -> Resources:
    properties = {"Name": name, "Workspace": workspace, "Data": "groups: []"}
    return {"Rules": {"Type": "AWS::APS::RuleGroupsNamespace", "Properties": properties}}


def records(emulator: RunningEmulator, stack: Stack) -> dict[str, dict[str, Any]]:
    return {record["logical_id"]: record for record in process.recorded(emulator) if record["stack"] == stack.name}


def test_stub_update_follows_schema(emulator: RunningEmulator) -> None:
    stack = Stack(emulator, "records")
    arn = {"Ref": "Workspace"}
    created = stack.create({**workspace(), **namespace("one", arn)})
    updated = stack.update({**workspace(Alias="b"), **namespace("one", arn)})
    assert updated["Workspace"] == created["Workspace"]
    assert records(emulator, stack)["Workspace"]["properties"] == {"Alias": "b"}
    replaced = stack.update({**workspace(Alias="b"), **namespace("two", arn)})
    assert replaced["Rules"] != created["Rules"]
    assert len(records(emulator, stack)) == 2
    stack.delete()
    assert records(emulator, stack) == {}


def test_rejected_schema_is_rolled_back(emulator: RunningEmulator) -> None:
    stack = Stack(emulator, "rejected")
    topic = {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "before"}}}
    stack.create(topic)
    stack.update({"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "after"}}, **workspace(Aliaz="typo")})
    assert stack.status() == "UPDATE_ROLLBACK_COMPLETE"
    assert "Aliaz" in stack.reasons()
    arn = stack.identifiers()["Topic"]
    assert stack.client("sns").get_topic_attributes(TopicArn=arn)["Attributes"]["DisplayName"] == "before"
    stack.delete()


def test_retained_stub_allows_new_stack(emulator: RunningEmulator) -> None:
    kept = workspace()
    kept["Workspace"]["DeletionPolicy"] = "Retain"
    stack = Stack(emulator, "kept")
    first = stack.create(kept)
    stack.delete()
    assert stack.create(kept) != first
    stack.delete()


@pytest.mark.parametrize(
    ("resource_type", "name"), [("AWS::Backup::BackupVault", "BackupVaultName"), ("AWS::Logs::LogGroup", "LogGroupName")]
)
def test_retained_name_is_taken(emulator: RunningEmulator, resource_type: str, name: str) -> None:
    first, second = Stack(emulator, "first"), Stack(emulator, "second")
    named = {"Named": {"Type": resource_type, "Properties": {name: "taken"}, "DeletionPolicy": "Retain"}}
    first.create(named)
    first.delete()
    second.create(named)
    assert second.status() == "ROLLBACK_COMPLETE"
    assert f"Resource of type '{resource_type}' with identifier 'taken' already exists." in second.reasons()
    second.delete()


def test_unknown_type_is_rejected(emulator: RunningEmulator) -> None:
    stack = Stack(emulator, "unknown")
    with pytest.raises(stack.cloudformation.exceptions.ClientError, match="Unrecognized resource types"):
        stack.create({"Thing": {"Type": "AWS::Spotmusic::Thing", "Properties": {}}})


def test_an_output_is_read_from_another_region(emulator: RunningEmulator) -> None:
    producer, consumer = Stack(emulator, "producer"), Stack(emulator, "consumer", region="us-east-1")
    producer.create(workspace(), {"Arn": {"Value": {"Fn::GetAtt": ["Workspace", "Arn"]}}})
    reference = {"Fn::GetStackOutput": {"StackName": "producer", "Region": REGION, "OutputName": "Arn"}}
    consumer.create({"Parameter": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Name": "/arn", "Value": reference}}})
    value = consumer.client("ssm").get_parameter(Name="/arn")["Parameter"]["Value"]
    assert value == producer.output("Arn")
    consumer.delete()
    producer.delete()


def test_database_owns_master_secret(emulator: RunningEmulator) -> None:
    stack = Stack(emulator, "database")
    properties = {
        "Engine": "mysql",
        "EngineVersion": "8.4.6",
        "DBInstanceClass": "db.t4g.medium",
        "AllocatedStorage": "20",
        "MasterUsername": "admin",
        "ManageMasterUserPassword": True,
    }
    database = {"Database": {"Type": "AWS::RDS::DBInstance", "Properties": properties, "DeletionPolicy": "Delete"}}
    stack.create(database, {"Secret": {"Value": {"Fn::GetAtt": ["Database", "MasterUserSecret.SecretArn"]}}})
    secrets = stack.client("secretsmanager")
    login = json.loads(secrets.get_secret_value(SecretId=stack.output("Secret"))["SecretString"])
    assert login["username"] == "admin"
    assert len(login["password"]) == 32
    arn = stack.output("Secret")
    stack.delete()
    with pytest.raises(secrets.exceptions.ResourceNotFoundException):
        secrets.describe_secret(SecretId=arn)


def test_a_secret_is_named_by_its_arn(emulator: RunningEmulator) -> None:
    stack = Stack(emulator, "secret")
    arn = stack.create({"Secret": {"Type": "AWS::SecretsManager::Secret", "Properties": {"Description": "a"}}})["Secret"]
    assert stack.update({"Secret": {"Type": "AWS::SecretsManager::Secret", "Properties": {"Description": "b"}}})["Secret"] == arn
    assert stack.client("secretsmanager").describe_secret(SecretId=arn)["Description"] == "b"
    stack.delete()


def test_a_replaced_address_outlives_the_update_only(emulator: RunningEmulator) -> None:
    stack = Stack(emulator, "address")
    before = stack.create({"Address": {"Type": "AWS::EC2::EIP", "Properties": {"Domain": "vpc"}}})["Address"]
    after = stack.update({"Address": {"Type": "AWS::EC2::EIP", "Properties": {"Domain": "vpc", "NetworkBorderGroup": REGION}}})["Address"]
    held = [address["PublicIp"] for address in stack.client("ec2").describe_addresses()["Addresses"]]
    assert before != after
    assert held == [after]
    stack.delete()
    assert stack.client("ec2").describe_addresses()["Addresses"] == []


def test_waf_search_string_is_decoded(emulator: RunningEmulator) -> None:
    stack = Stack(emulator, "firewall")
    visibility = {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True, "MetricName": "m"}
    match = {
        "SearchString": "/v1/",
        "FieldToMatch": {"UriPath": {}},
        "TextTransformations": [{"Priority": 0, "Type": "NONE"}],
        "PositionalConstraint": "STARTS_WITH",
    }
    rule = {"Name": "r", "Priority": 0, "Action": {"Block": {}}, "Statement": {"ByteMatchStatement": match}, "VisibilityConfig": visibility}
    properties = {"Scope": "REGIONAL", "DefaultAction": {"Allow": {}}, "VisibilityConfig": visibility, "Rules": [rule]}
    identifier = stack.create({"Acl": {"Type": "AWS::WAFv2::WebACL", "Properties": properties}})["Acl"]
    name, unique, scope = identifier.split("|")
    found = stack.client("wafv2").get_web_acl(Name=name, Id=unique, Scope=scope)["WebACL"]["Rules"][0]
    assert found["Statement"]["ByteMatchStatement"]["SearchString"] == b"/v1/"
    stack.delete()


def test_dead_emulator_is_replaced(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    try:
        dead = process.start(workspace, region=REGION)
        os.kill(dead.pid, signal.SIGKILL)
        alive = process.start(workspace, region=REGION)
        assert process.running(workspace) == alive
        assert alive.pid != dead.pid
    finally:
        process.stop(workspace)
    assert not [line for line in process.command_lines() if str(workspace.folder) in line]


def test_a_port_that_is_taken_is_told(emulator: RunningEmulator, tmp_path: Path) -> None:
    with pytest.raises(process.NotStartedError, match="already in use"):
        process.start(Workspace(tmp_path), region=REGION, port=emulator.port)


def test_new_output_is_a_change(emulator: RunningEmulator) -> None:
    """A stack that begins to use another's value adds only an output to that one."""
    stack, topic = Stack(emulator, "outputs"), {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {}}}
    stack.create(topic, {"One": {"Value": "1"}})

    def change_set(name: str, outputs: dict[str, Any]) -> str:
        body = json.dumps({"Resources": topic, "Outputs": outputs})
        stack.cloudformation.create_change_set(StackName=stack.name, ChangeSetName=name, TemplateBody=body)
        return str(stack.cloudformation.describe_change_set(StackName=stack.name, ChangeSetName=name)["Status"])

    assert change_set("same", {"One": {"Value": "1"}}) == "FAILED"
    assert change_set("more", {"One": {"Value": "1"}, "Two": {"Value": "2"}}) == "CREATE_COMPLETE"
    stack.cloudformation.execute_change_set(StackName=stack.name, ChangeSetName="more")
    while stack.status().endswith("_IN_PROGRESS"):
        pass
    assert stack.output("Two") == "2"

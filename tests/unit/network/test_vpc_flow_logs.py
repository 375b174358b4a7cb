from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk.assertions import Template

from spotmusic_constructs.network.vpc_flow_logs import VpcFlowLogs
from tests.conftest import new_stack
from tests.templates import whole

KEY = "arn:aws:kms:sa-east-1:111122223333:key/1"


def template_of(**more: Any) -> dict[str, Any]:
    stack = new_stack()
    vpc = ec2.Vpc.from_vpc_attributes(stack, "Vpc", vpc_id="vpc-1", availability_zones=["sa-east-1a"])
    VpcFlowLogs(stack, "FlowLogs", vpc=vpc, key=kms.Key.from_key_arn(stack, "Key", KEY), **more)
    return dict(Template.from_stack(stack).to_json())


@pytest.fixture(scope="module")
def minimal() -> dict[str, Any]:
    return template_of()


def test_flow_logs_record_all_traffic(minimal: dict[str, Any]) -> None:
    flow_log = whole(minimal["Resources"], "AWS::EC2::FlowLog")["Properties"]
    assert (flow_log["ResourceId"], flow_log["TrafficType"]) == ("vpc-1", "ALL")


def test_flow_logs_are_encrypted_and_retained(minimal: dict[str, Any]) -> None:
    log_group = whole(minimal["Resources"], "AWS::Logs::LogGroup")
    assert log_group["Properties"] == {"KmsKeyId": KEY, "RetentionInDays": 365}
    assert log_group["DeletionPolicy"] == log_group["UpdateReplacePolicy"] == "Retain"


def test_flow_log_retention_is_configurable() -> None:
    log_group = whole(template_of(retention_days=30, removal_policy=cdk.RemovalPolicy.DESTROY)["Resources"], "AWS::Logs::LogGroup")
    assert log_group["Properties"]["RetentionInDays"] == 30
    assert log_group["DeletionPolicy"] == "Delete"


def test_flow_log_role_trusts_own_account(minimal: dict[str, Any]) -> None:
    (statement,) = whole(minimal["Resources"], "AWS::IAM::Role")["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "vpc-flow-logs.amazonaws.com"}
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "111122223333"},
        "ArnLike": {"aws:SourceArn": "arn:aws:ec2:sa-east-1:111122223333:vpc-flow-log/*"},
    }


def test_flow_log_role_writes_own_group(minimal: dict[str, Any]) -> None:
    (statement,) = whole(minimal["Resources"], "AWS::IAM::ManagedPolicy")["Properties"]["PolicyDocument"]["Statement"]
    assert statement["Resource"] == {"Fn::GetAtt": [statement["Resource"]["Fn::GetAtt"][0], "Arn"]}
    assert minimal["Resources"][statement["Resource"]["Fn::GetAtt"][0]]["Type"] == "AWS::Logs::LogGroup"

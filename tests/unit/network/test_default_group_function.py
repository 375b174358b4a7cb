from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk.assertions import Template

from spotmusic_constructs.network.default_group_function import DefaultGroupFunction
from spotmusic_constructs.network.three_tier_vpc import ThreeTierVpc
from tests.conftest import feature_flags

REGION = "sa-east-1"
KEY = f"arn:aws:kms:{REGION}:111122223333:key/logs"


class StackInZones(cdk.Stack):
    @property
    def availability_zones(self) -> list[str]:
        return [f"{REGION}a", f"{REGION}b"]


@pytest.fixture(scope="module")
def resources() -> dict[str, Any]:
    stack = StackInZones(cdk.App(context=feature_flags()), "test", env=cdk.Environment(account="111122223333", region=REGION))
    ThreeTierVpc(stack, "Network", cidr="10.40.0.0/16", zones=stack.availability_zones)
    DefaultGroupFunction(stack, "DefaultGroupFunction", key=kms.Key.from_key_arn(stack, "Key", KEY), retention_days=400)
    cdk.Tags.of(stack).add("Project", "spotmusic")
    return dict(Template.from_stack(stack).to_json()["Resources"])


def only(resources: dict[str, Any], type_: str) -> tuple[str, dict[str, Any]]:
    ((id_, properties),) = ((id_, r["Properties"]) for id_, r in resources.items() if r["Type"] == type_)
    return id_, properties


def test_default_group_function_has_encrypted_log(resources: dict[str, Any]) -> None:
    group, properties = only(resources, "AWS::Logs::LogGroup")
    assert (properties["KmsKeyId"], properties["RetentionInDays"]) == (KEY, 400)
    assert only(resources, "AWS::Lambda::Function")[1]["LoggingConfig"] == {"LogGroup": {"Ref": group}}


def test_default_group_role_trusts_own_account(resources: dict[str, Any]) -> None:
    (statement,) = only(resources, "AWS::IAM::Role")[1]["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "lambda.amazonaws.com"}
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": "111122223333"}}


@pytest.mark.parametrize("type_", ["AWS::Lambda::Function", "AWS::IAM::Role"])
def test_default_group_resources_have_stack_tags(resources: dict[str, Any], type_: str) -> None:
    assert only(resources, type_)[1]["Tags"] == [{"Key": "Project", "Value": "spotmusic"}]


def test_default_group_function_requires_restricted_vpc(stack: cdk.Stack) -> None:
    with pytest.raises(RuntimeError, match="VpcRestrictDefaultSG"):
        DefaultGroupFunction(stack, "DefaultGroupFunction", key=kms.Key.from_key_arn(stack, "Key", KEY))

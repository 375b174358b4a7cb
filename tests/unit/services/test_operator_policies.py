import json
from typing import Any

import aws_cdk as cdk
import pytest

from spotmusic_constructs.services.operator_policies import OperatorPolicies
from tests.templates import all_of, resources_of
from tools.model.values import Json


@pytest.fixture(scope="module")
def policies() -> dict[str, list[Json]]:
    """Statements by policy name."""
    stack = cdk.Stack(
        cdk.App(), "Stack", env=cdk.Environment(account="111122223333", region="sa-east-1")
    )
    OperatorPolicies(
        stack,
        "Policies",
        prefix="spotmusic-qa",
        tags={"Project": "spotmusic", "Env": "qa"},
        security_group_id="sg-people",
        subnet_ids=["subnet-1"],
        cluster_arn="arn:aws:ecs:sa-east-1:111122223333:cluster/services-1",
        cluster_name="services-*",
        task_family="tunnel",
        task_role_arns=["arn:aws:iam::111122223333:role/tunnel"],
        administrator_arns=["arn:aws:iam::111122223333:role/administrators"],
        rotation_functions=["rotation"],
        master_secret_arns=["arn:aws:secretsmanager:sa-east-1:111122223333:secret:master-AbCdEf"],
    )
    return {
        policy["ManagedPolicyName"]: policy["PolicyDocument"]["Statement"]
        for policy in all_of(resources_of(stack), "AWS::IAM::ManagedPolicy")
    }


def with_action(statements: list[Json], action: str) -> Json:
    (found,) = (one for one in statements if action == one["Action"] or action in one["Action"])
    return found


def test_reader_policy_excludes_writes_and_content(policies: dict[str, list[Json]]) -> None:
    actions = json.dumps([one["Action"] for one in policies["spotmusic-qa-on-call-reader"]])
    for word in (
        "Put",
        "Create",
        "Delete",
        "Update",
        "Modify",
        "GetSecretValue",
        "GetObject",
        "Decrypt",
    ):
        assert f":{word}" not in actions


def test_operator_policy_requires_tags(policies: dict[str, list[Json]]) -> None:
    statement = with_action(policies["spotmusic-qa-on-call-operator"], "ecs:UpdateService")
    assert statement["Condition"] == {
        "StringEquals": {"aws:ResourceTag/Project": "spotmusic", "aws:ResourceTag/Env": "qa"}
    }


def test_operator_shifts_one_cluster(policies: dict[str, list[Json]]) -> None:
    (statement,) = (
        one
        for one in policies["spotmusic-qa-on-call-operator"]
        if "arc-zonal-shift:StartZonalShift" in one["Action"] and one["Resource"] == "*"
    )
    (cluster,) = statement["Condition"]["StringEquals"].values()
    assert json.dumps(cluster).endswith(':eks:sa-east-1:111122223333:cluster/spotmusic-qa"]]}')


def test_operator_cannot_invoke_functions_directly(policies: dict[str, list[Json]]) -> None:
    statement = with_action(policies["spotmusic-qa-on-call-operator"], "lambda:InvokeFunction")
    assert statement["Condition"]["Bool"] == {"aws:ViaAWSService": "true"}


def test_operator_uses_people_security_group_only(policies: dict[str, list[Json]]) -> None:
    statements = policies["spotmusic-qa-on-call-operator"]
    created = [
        text
        for one in statements
        if "ec2:CreateNetworkInterface" in one["Action"]
        for text in _listed(one["Resource"])
    ]
    assert [text for text in created if ":security-group/" in text] == [
        _arn("security-group/sg-people")
    ]
    condition = with_action(statements, "cloudshell:CreateEnvironment")["Condition"]
    assert condition["ForAllValues:StringEquals"]["cloudshell:SecurityGroupIds"] == ["sg-people"]


def test_operator_runs_only_task_of_tunnel(policies: dict[str, list[Json]]) -> None:
    statements = policies["spotmusic-qa-on-call-operator"]
    run, passed = with_action(statements, "ecs:RunTask"), with_action(statements, "iam:PassRole")
    assert ":task-definition/tunnel:*" in json.dumps(run["Resource"])
    assert run["Condition"] == {
        "ArnEquals": {"ecs:cluster": "arn:aws:ecs:sa-east-1:111122223333:cluster/services-1"}
    }
    assert passed["Resource"] == "arn:aws:iam::111122223333:role/tunnel"


def test_operator_sessions_use_one_document(policies: dict[str, list[Json]]) -> None:
    statement = with_action(policies["spotmusic-qa-on-call-operator"], "ssm:StartSession")
    documents = [
        json.dumps(text) for text in statement["Resource"] if "document/" in json.dumps(text)
    ]
    assert len(documents) == 1
    assert "AWS-StartPortForwardingSessionToRemoteHost" in documents[0]
    assert statement["Condition"] == {"BoolIfExists": {"ssm:SessionDocumentAccessCheck": "true"}}


def test_operator_opens_own_sessions_only(policies: dict[str, list[Json]]) -> None:
    statements = policies["spotmusic-qa-on-call-operator"]
    own = with_action(statements, "ssmmessages:OpenDataChannel")
    assert own == with_action(statements, "ssm:TerminateSession")
    assert json.dumps(own["Resource"]).endswith(':session/${aws:userid}-*"]]}')


def test_data_operator_reads_and_rotates_master_secrets(policies: dict[str, list[Json]]) -> None:
    statements = [
        one
        for one in policies["spotmusic-qa-data-operator"]
        if "rds!db-*" in json.dumps(one["Resource"])
    ]
    created, read = statements
    assert created["Action"] == ["secretsmanager:CreateSecret", "secretsmanager:TagResource"]
    assert read["Action"] == ["secretsmanager:GetSecretValue", "secretsmanager:RotateSecret"]
    assert "db:spotmusic-qa-*" in json.dumps(
        read["Condition"]["StringLike"]["aws:ResourceTag/aws:rds:primaryDBInstanceArn"]
    )


def test_data_operator_passes_monitoring_roles_only(policies: dict[str, list[Json]]) -> None:
    statement = with_action(policies["spotmusic-qa-data-operator"], "iam:PassRole")
    assert "role/spotmusic-qa-*" in json.dumps(statement["Resource"])
    assert statement["Condition"] == {
        "StringEquals": {
            "iam:PassedToService": ["monitoring.rds.amazonaws.com", "rds.amazonaws.com"]
        }
    }


def _listed(value: Any) -> list[str]:
    return [json.dumps(text) for text in (value if isinstance(value, list) else [value])]


def _arn(resource: str) -> str:
    return json.dumps(
        {
            "Fn::Join": [
                "",
                ["arn:", {"Ref": "AWS::Partition"}, f":ec2:sa-east-1:111122223333:{resource}"],
            ]
        }
    )

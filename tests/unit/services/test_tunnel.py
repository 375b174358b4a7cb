import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import assertions
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_kms as kms

from spotmusic_constructs.services.image import plain_image
from spotmusic_constructs.services.tunnel import Tunnel
from tests.model.values import Json

CACHED = "111122223333.dkr.ecr.sa-east-1.amazonaws.com/dev/ecr-public/nginx:1-alpine"


def made(**options: Any) -> cdk.Stack:
    stack = cdk.Stack(cdk.App(), "Stack", env=cdk.Environment(account="111122223333", region="sa-east-1"))
    key = kms.Key.from_key_arn(stack, "Key", "arn:aws:kms:sa-east-1:111122223333:key/logs")
    cluster = ecs.Cluster.from_cluster_arn(stack, "Cluster", "arn:aws:ecs:sa-east-1:111122223333:cluster/services")
    Tunnel(
        stack,
        "Tunnel",
        name="operators",
        cluster=cluster,
        image=plain_image(CACHED),
        subnet_ids=["subnet-1", "subnet-2"],
        security_group_id="sg-people",
        log_key=key,
        **options,
    )
    return stack


@pytest.fixture(scope="module")
def template() -> Json:
    return dict(assertions.Template.from_stack(made()).to_json())


def only(template: Json, kind: str) -> Json:
    (found,) = (r["Properties"] for r in template["Resources"].values() if r["Type"] == kind)
    return dict(found)


def test_tunnel_creates_no_service(template: Json) -> None:
    assert {resource["Type"] for resource in template["Resources"].values()} == {
        "AWS::ECS::TaskDefinition",
        "AWS::IAM::Role",
        "AWS::Logs::LogGroup",
    }


def test_tunnel_ends_after_eight_hours(template: Json) -> None:
    (container,) = only(template, "AWS::ECS::TaskDefinition")["ContainerDefinitions"]
    assert (container["EntryPoint"], container["Command"]) == (["sleep"], ["28800"])


def test_tunnel_role_opens_channels_only(template: Json) -> None:
    roles = {id_: r["Properties"] for id_, r in template["Resources"].items() if r["Type"] == "AWS::IAM::Role"}
    ((statement,),) = (
        policy["PolicyDocument"]["Statement"] for id_, role in roles.items() if "TaskRole" in id_ for policy in role["Policies"]
    )
    assert {action.partition(":")[0] for action in statement["Action"]} == {"ssmmessages"}


def test_tunnel_output_contains_run_arguments(template: Json) -> None:
    value = template["Outputs"]["RunTunnel"]["Value"]
    text = "".join(part if isinstance(part, str) else "x" for part in value["Fn::Join"][1]) if isinstance(value, dict) else value
    run = json.loads(text)
    assert run["enableExecuteCommand"] is True
    network = run["networkConfiguration"]["awsvpcConfiguration"]
    assert network == {"subnets": ["subnet-1", "subnet-2"], "securityGroups": ["sg-people"], "assignPublicIp": "DISABLED"}


def test_tunnel_rejects_more_than_eight_hours() -> None:
    with pytest.raises(ValueError, match="hours: 24 is not between 1 and 8"):
        made(hours=24)

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk.assertions import Template

from spotmusic_constructs.network.endpoint_policies import interface_policy, s3_policy
from spotmusic_constructs.network.interface_endpoints import InterfaceEndpoints
from spotmusic_constructs.network.s3_gateway_endpoint import S3GatewayEndpoint
from tests.conftest import new_stack

ACCOUNT = "111122223333"
OWN_PRINCIPAL = {"aws:PrincipalAccount": ACCOUNT}
OWN_RESOURCE = {"aws:ResourceAccount": ACCOUNT}
SERVICES = [
    "ecr.api",
    "ecr.dkr",
    "logs",
    "secretsmanager",
    "kms",
    "sts",
    "ssm",
    "eks",
    "eks-auth",
    "ec2",
    "elasticloadbalancing",
    "monitoring",
    "sqs",
]


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    stack = new_stack(account=ACCOUNT)
    vpc = ec2.Vpc.from_vpc_attributes(
        stack,
        "Vpc",
        vpc_id="vpc-1",
        availability_zones=["sa-east-1a", "sa-east-1b"],
        private_subnet_ids=["subnet-a", "subnet-b"],
        private_subnet_route_table_ids=["rtb-a", "rtb-b"],
    )
    group = ec2.SecurityGroup.from_security_group_id(stack, "Group", "sg-endpoints", mutable=False)
    S3GatewayEndpoint(stack, "S3", vpc=vpc, subnets=vpc.private_subnets)
    InterfaceEndpoints(stack, "Endpoints", vpc=vpc, services=SERVICES, subnets=vpc.private_subnets, security_group=group)
    return dict(Template.from_stack(stack).to_json())


def endpoints(template: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = (r["Properties"] for r in template["Resources"].values() if r["Type"] == "AWS::EC2::VPCEndpoint")
    return {endpoint["ServiceName"].removeprefix("com.amazonaws.sa-east-1."): endpoint for endpoint in found}


def statements(policy: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {statement["Sid"]: statement for statement in policy["Statement"]}


def test_interface_endpoints_have_private_dns(template: dict[str, Any]) -> None:
    for service in SERVICES:
        endpoint = endpoints(template)[service]
        assert endpoint["VpcEndpointType"] == "Interface"
        assert endpoint["PrivateDnsEnabled"] is True
        assert endpoint["SubnetIds"] == ["subnet-a", "subnet-b"]
        assert endpoint["SecurityGroupIds"] == ["sg-endpoints"]


def test_s3_endpoint_uses_given_route_tables(template: dict[str, Any]) -> None:
    endpoint = endpoints(template)["s3"]
    assert endpoint["VpcEndpointType"] == "Gateway"
    assert endpoint["RouteTableIds"] == ["rtb-a", "rtb-b"]


@pytest.mark.parametrize("service", SERVICES)
def test_interface_endpoints_require_own_account(template: dict[str, Any], service: str) -> None:
    for statement in endpoints(template)[service]["PolicyDocument"]["Statement"]:
        assert statement["Condition"]["StringEquals"].items() & (OWN_PRINCIPAL | OWN_RESOURCE).items()


@pytest.mark.parametrize("service", ["secretsmanager", "kms"])
def test_endpoints_deny_secrets_of_other_accounts(template: dict[str, Any], service: str) -> None:
    policy = statements(endpoints(template)[service]["PolicyDocument"])
    assert policy.pop("OwnResources")["Condition"] == {"StringEquals": OWN_PRINCIPAL | OWN_RESOURCE}
    assert {statement["Action"] for statement in policy.values()} <= {"secretsmanager:GetRandomPassword"}


def test_random_passwords_need_no_resource_account(template: dict[str, Any]) -> None:
    allowed = statements(endpoints(template)["secretsmanager"]["PolicyDocument"])["RandomPasswords"]
    assert allowed["Action"] == "secretsmanager:GetRandomPassword"
    assert allowed["Condition"] == {"StringEquals": OWN_PRINCIPAL}


@pytest.mark.parametrize("service", ["ecr.api", "ecr.dkr"])
def test_registry_endpoints_pull_from_aws(template: dict[str, Any], service: str) -> None:
    policy = statements(endpoints(template)[service]["PolicyDocument"])
    assert policy["OwnRepositories"]["Condition"]["StringEquals"] == OWN_PRINCIPAL | OWN_RESOURCE
    assert not [
        action for action in policy["PullFromAws"]["Action"] if not action.startswith(("ecr:BatchCheck", "ecr:BatchGet", "ecr:Get"))
    ]


def test_sts_endpoint_admits_tokens_for_own_roles(stack: cdk.Stack) -> None:
    by_token = statements(interface_policy("sts", stack, tokens=True))["OwnRolesByToken"]
    assert by_token["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert by_token["Condition"] == {"StringEquals": OWN_RESOURCE}


def test_sts_endpoint_denies_tokens_by_default(template: dict[str, Any]) -> None:
    assert list(statements(endpoints(template)["sts"]["PolicyDocument"])) == ["OwnPrincipals"]


def test_s3_endpoint_admits_own_and_aws_buckets(template: dict[str, Any]) -> None:
    policy = statements(endpoints(template)["s3"]["PolicyDocument"])
    assert policy.pop("OwnBuckets")["Condition"] == {"StringEquals": OWN_PRINCIPAL | OWN_RESOURCE}
    assert {sid: (statement["Action"], statement["Resource"]) for sid, statement in policy.items()} == {
        "ImageLayers": ("s3:GetObject", "arn:aws:s3:::prod-sa-east-1-starport-layer-bucket/*"),
        "ReportsToCloudFormation": (
            "s3:PutObject",
            [
                "arn:aws:s3:::cloudformation-custom-resource-response-saeast1/*",
                "arn:aws:s3:::cloudformation-waitcondition-sa-east-1/*",
            ],
        ),
    }


def test_s3_policy_resolves_unknown_region() -> None:
    stack = cdk.Stack(cdk.App(), "test")
    (first, _) = stack.resolve(s3_policy(stack))["Statement"][2]["Resource"]
    assert {"Fn::Join": ["", {"Fn::Split": ["-", {"Ref": "AWS::Region"}]}]} in first["Fn::Join"][1]

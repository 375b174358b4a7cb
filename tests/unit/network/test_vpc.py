"""Address ranges of the VPC, and errors of its parts."""

from typing import Any

import aws_cdk as cdk
import pytest

from spotmusic_constructs.location import location_of
from spotmusic_constructs.network.default_group_function import DefaultGroupFunction
from spotmusic_constructs.network.endpoint_policies import interface_policy, s3_policy
from spotmusic_constructs.network.three_tier_vpc import ThreeTierVpc
from tests.conftest import new_app
from tests.templates import all_of, resources_of
from tests.unit.imported import key_of

REGION = "sa-east-1"
ZONES = [f"{REGION}{letter}" for letter in "abc"]


class StackInZones(cdk.Stack):
    @property
    def availability_zones(self) -> list[str]:
        return ZONES


def ranges(cidr: str = "10.40.0.0/16", zones: list[str] = ZONES) -> dict[tuple[str, str], str]:
    """Range of each subnet by tier and zone."""
    stack = StackInZones(
        new_app(),
        "test",
        env=cdk.Environment(account="111122223333", region=REGION),
    )
    ThreeTierVpc(stack, "Network", cidr=cidr, availability_zones=zones)
    found: dict[tuple[str, str], str] = {}
    for subnet in all_of(resources_of(stack), "AWS::EC2::Subnet"):
        tags = {tag["Key"]: tag["Value"] for tag in subnet["Tags"]}
        found[tags["aws-cdk:subnet-name"], subnet["AvailabilityZone"]] = subnet["CidrBlock"]
    return found


def test_third_zone_moves_no_subnet() -> None:
    assert ranges(zones=ZONES[:2]).items() < ranges().items()


def test_smaller_range_scales_subnets() -> None:
    found = ranges("10.40.64.0/18")
    assert [found["application", zone] for zone in ZONES] == [
        "10.40.64.0/22",
        "10.40.68.0/22",
        "10.40.72.0/22",
    ]
    assert [found["data", zone] for zone in ZONES] == [
        "10.40.80.0/26",
        "10.40.80.64/26",
        "10.40.80.128/26",
    ]


@pytest.mark.parametrize(
    ("cidr", "zones", "error"),
    [
        ("10.0.0.0/15", "abc", "is not between /16 and /18"),
        ("10.0.0.0/19", "abc", "is not between /16 and /18"),
        ("10.0.0.0/16", "abcde", "5 zones: at most 4 have addresses"),
    ],
)
def test_vpc_rejects_unsuitable_ranges(stack: cdk.Stack, cidr: str, zones: str, error: str) -> None:
    with pytest.raises(ValueError, match=error):
        ThreeTierVpc(
            stack,
            "Network",
            cidr=cidr,
            availability_zones=[f"{REGION}{letter}" for letter in zones],
        )


def test_default_group_function_requires_restricted_vpc(stack: cdk.Stack) -> None:
    with pytest.raises(RuntimeError, match="VpcRestrictDefaultSG"):
        DefaultGroupFunction(stack, "Function", key=key_of(stack))


def statements(policy: Any) -> dict[str, Any]:
    return {statement["Sid"]: statement for statement in policy["Statement"]}


def test_sts_endpoint_admits_tokens_for_own_roles(stack: cdk.Stack) -> None:
    by_token = statements(interface_policy("sts", location_of(stack), tokens=True))[
        "OwnRolesByToken"
    ]
    assert by_token["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert by_token["Condition"] == {"StringEquals": {"aws:ResourceAccount": "111122223333"}}


@pytest.mark.parametrize(
    ("service", "action"),
    [
        ("ecr.api", "ecr:GetAuthorizationToken"),
        ("secretsmanager", "secretsmanager:GetRandomPassword"),
    ],
)
def test_endpoint_admits_action_without_resource(
    stack: cdk.Stack, service: str, action: str
) -> None:
    """A request without a resource may lack `aws:ResourceAccount`."""
    conditions = [
        statement["Condition"]
        for statement in statements(interface_policy(service, location_of(stack))).values()
        if action in statement["Action"]
    ]
    assert {"StringEquals": {"aws:PrincipalAccount": "111122223333"}} in conditions


def test_s3_policy_resolves_unknown_region() -> None:
    stack = cdk.Stack(cdk.App(), "test")
    (first, _) = stack.resolve(s3_policy(location_of(stack)))["Statement"][2]["Resource"]
    assert {"Fn::Join": ["", {"Fn::Split": ["-", {"Ref": "AWS::Region"}]}]} in first["Fn::Join"][1]

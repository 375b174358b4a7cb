from ipaddress import IPv4Network
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template

from spotmusic_constructs.network.three_tier_vpc import ThreeTierVpc
from tests.conftest import feature_flags
from tests.templates import properties_of

REGION = "sa-east-1"
ZONES = [f"{REGION}{letter}" for letter in "abc"]


class StackInZones(cdk.Stack):
    @property
    def availability_zones(self) -> list[str]:
        return ZONES


def template_of(*, cidr: str = "10.40.0.0/16", zones: list[str] = ZONES, nat_gateways: int = 1) -> dict[str, Any]:
    stack = StackInZones(cdk.App(context=feature_flags()), "test", env=cdk.Environment(account="111122223333", region=REGION))
    ThreeTierVpc(stack, "Network", cidr=cidr, zones=zones, nat_gateways=nat_gateways)
    return dict(Template.from_stack(stack).to_json())


@pytest.fixture(scope="module")
def full() -> dict[str, Any]:
    return template_of(nat_gateways=3)


@pytest.fixture(scope="module")
def minimal() -> dict[str, Any]:
    return template_of(zones=ZONES[:2])


def tag(properties: dict[str, Any], key: str) -> str | None:
    return next((tag["Value"] for tag in properties["Tags"] if tag["Key"] == key), None)


def subnets(template: dict[str, Any], tier: str) -> dict[str, dict[str, Any]]:
    return {id_: s for id_, s in properties_of(template["Resources"], "AWS::EC2::Subnet").items() if tag(s, "aws-cdk:subnet-name") == tier}


def default_route(template: dict[str, Any], subnet_id: str) -> dict[str, Any] | None:
    (table,) = (
        a["RouteTableId"]["Ref"]
        for a in properties_of(template["Resources"], "AWS::EC2::SubnetRouteTableAssociation").values()
        if a["SubnetId"]["Ref"] == subnet_id
    )
    routes = [r for r in properties_of(template["Resources"], "AWS::EC2::Route").values() if r["RouteTableId"]["Ref"] == table]
    assert all(r["DestinationCidrBlock"] == "0.0.0.0/0" for r in routes)
    return routes[0] if routes else None


@pytest.mark.parametrize("tier", ["public", "application", "data"])
def test_tiers_have_subnets_in_every_zone(full: dict[str, Any], tier: str) -> None:
    assert [s["AvailabilityZone"] for s in subnets(full, tier).values()] == ZONES


def test_application_subnets_have_4096_addresses(full: dict[str, Any]) -> None:
    assert [s["CidrBlock"] for s in subnets(full, "application").values()] == ["10.40.0.0/20", "10.40.16.0/20", "10.40.32.0/20"]


def test_third_zone_moves_no_subnet(full: dict[str, Any], minimal: dict[str, Any]) -> None:
    before = {id_: s["CidrBlock"] for id_, s in properties_of(minimal["Resources"], "AWS::EC2::Subnet").items()}
    after = {id_: s["CidrBlock"] for id_, s in properties_of(full["Resources"], "AWS::EC2::Subnet").items()}
    assert before.items() <= after.items()


def test_subnets_use_half_of_vpc(full: dict[str, Any]) -> None:
    networks = [IPv4Network(s["CidrBlock"]) for s in properties_of(full["Resources"], "AWS::EC2::Subnet").values()]
    assert not any(a.overlaps(b) for i, a in enumerate(networks) for b in networks[:i])
    assert max(n.broadcast_address for n in networks) < IPv4Network("10.40.0.0/16")[2**15]


def test_smaller_range_scales_subnets() -> None:
    template = template_of(cidr="10.40.64.0/18")
    assert [s["CidrBlock"] for s in subnets(template, "application").values()] == ["10.40.64.0/22", "10.40.68.0/22", "10.40.72.0/22"]
    assert [s["CidrBlock"] for s in subnets(template, "data").values()] == ["10.40.80.0/26", "10.40.80.64/26", "10.40.80.128/26"]


def test_subnets_assign_no_public_addresses(full: dict[str, Any]) -> None:
    assert not any(s["MapPublicIpOnLaunch"] for s in properties_of(full["Resources"], "AWS::EC2::Subnet").values())


def test_zones_use_own_nat_gateways(full: dict[str, Any]) -> None:
    zone_of = {id_: s["AvailabilityZone"] for id_, s in properties_of(full["Resources"], "AWS::EC2::Subnet").items()}
    for subnet_id, subnet in subnets(full, "application").items():
        route = default_route(full, subnet_id)
        assert route is not None
        gateway = full["Resources"][route["NatGatewayId"]["Ref"]]["Properties"]
        assert zone_of[gateway["SubnetId"]["Ref"]] == subnet["AvailabilityZone"]


def test_one_nat_gateway_can_serve_all_zones(minimal: dict[str, Any]) -> None:
    (gateway,) = properties_of(minimal["Resources"], "AWS::EC2::NatGateway")
    routes = [default_route(minimal, id_) for id_ in subnets(minimal, "application")]
    assert [route["NatGatewayId"]["Ref"] for route in routes if route] == [gateway, gateway]


def test_data_subnets_have_no_default_route(full: dict[str, Any]) -> None:
    assert all(default_route(full, id_) is None for id_ in subnets(full, "data"))


def test_subnets_have_load_balancer_tags(full: dict[str, Any]) -> None:
    assert all(tag(s, "kubernetes.io/role/internal-elb") == "1" for s in subnets(full, "application").values())
    assert all(tag(s, "kubernetes.io/role/elb") == "1" for s in subnets(full, "public").values())
    assert all(tag(s, "kubernetes.io/role/elb") is None for s in (subnets(full, "data") | subnets(full, "application")).values())


def test_default_group_function_has_least_rights(full: dict[str, Any]) -> None:
    (request,) = properties_of(full["Resources"], "Custom::VpcRestrictDefaultSG").values()
    group = request["DefaultSecurityGroupId"]
    (role,) = (r for id_, r in properties_of(full["Resources"], "AWS::IAM::Role").items() if id_.startswith("CustomVpcRestrictDefaultSG"))
    (policy,) = role["Policies"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    (arn,) = statement["Resource"]
    assert arn["Fn::Join"][1][-1] == group


@pytest.mark.parametrize("cidr", ["10.0.0.0/15", "10.0.0.0/19"])
def test_vpc_rejects_unsuitable_range(stack: cdk.Stack, cidr: str) -> None:
    with pytest.raises(ValueError, match="is not between /16 and /18"):
        ThreeTierVpc(stack, "Network", cidr=cidr, zones=ZONES)


def test_vpc_rejects_too_many_zones(stack: cdk.Stack) -> None:
    with pytest.raises(ValueError, match="5 zones: at most 4 have addresses"):
        ThreeTierVpc(stack, "Network", cidr="10.0.0.0/16", zones=[f"{REGION}{letter}" for letter in "abcde"])

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk.assertions import Template

from spotmusic_constructs.network.flows import CLOUDFRONT, INTERNET, VPC, Flow
from spotmusic_constructs.network.security_groups import SecurityGroups
from tests.conftest import new_stack
from tests.templates import properties_of

FLOWS = [
    Flow(source=CLOUDFRONT, target="gateway", port=443, reason="Viewers reach the gateway"),
    Flow(source="gateway", target="kong", port=8443, reason="The gateway hands requests to Kong"),
    Flow(source="kong", target="services", port=8080, reason="Kong calls services"),
    Flow(source="services", target="kong", port=8443, reason="Services call Kong"),
    Flow(source="kong", target="keycloak", port=8443, reason="Kong reads keys"),
    Flow(source="grafana", target="keycloak", port=8443, reason="Users of Grafana log in"),
    Flow(source="nodes", target="nodes", port=1, last_port=65535, reason="Pods talk"),
    Flow(source="nodes", target=INTERNET, port=443, reason="Nodes pull images"),
    Flow(source="services", target="database", port=3306, reason="Services read"),
    Flow(source=VPC, target="endpoints", port=443, reason="Everybody calls AWS"),
]
PODS = {"kong", "keycloak", "grafana"}


def group_of(party: str) -> str:
    return "nodes" if party in PODS else party


def made(stack: cdk.Stack, flows: list[Flow], **more: Any) -> SecurityGroups:
    vpc = ec2.Vpc.from_vpc_attributes(stack, "Vpc", vpc_id="vpc-1", availability_zones=["sa-east-1a"])
    return SecurityGroups(stack, "Groups", vpc=vpc, vpc_cidr="10.40.0.0/16", flows=flows, cloudfront_prefix_list="pl-5da64334", **more)


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    stack = new_stack()
    made(stack, FLOWS, group_of=group_of, parties=["spare"])
    return dict(Template.from_stack(stack).to_json())


def groups(template: dict[str, Any]) -> dict[str, str]:
    """Name of each group by its logical id."""
    return {
        id_: g["GroupDescription"].partition(":")[0] for id_, g in properties_of(template["Resources"], "AWS::EC2::SecurityGroup").items()
    }


def rules(template: dict[str, Any], direction: str) -> dict[tuple[str, str, int, int], str]:
    """Descriptions by own group, peer and ports."""
    names = groups(template)

    def shown(value: Any) -> str:
        return names[value["Fn::GetAtt"][0]] if isinstance(value, dict) else value

    keys = ("SourceSecurityGroupId", "DestinationSecurityGroupId", "CidrIp", "SourcePrefixListId")
    found = {}
    for rule in properties_of(template["Resources"], f"AWS::EC2::SecurityGroup{direction}").values():
        (other,) = (rule[key] for key in keys if key in rule)
        assert rule["IpProtocol"] == "tcp"
        edge = (shown(rule["GroupId"]), shown(other), rule["FromPort"], rule["ToPort"])
        assert edge not in found
        found[edge] = rule["Description"]
    return found


def test_security_groups_cover_own_parties(template: dict[str, Any]) -> None:
    assert set(groups(template).values()) == {"gateway", "nodes", "services", "database", "endpoints", "spare"}


def test_ingress_rules_match_flows(template: dict[str, Any]) -> None:
    assert set(rules(template, "Ingress")) == {
        ("gateway", "pl-5da64334", 443, 443),
        ("nodes", "gateway", 8443, 8443),
        ("services", "nodes", 8080, 8080),
        ("nodes", "services", 8443, 8443),
        ("nodes", "nodes", 8443, 8443),
        ("nodes", "nodes", 1, 65535),
        ("database", "services", 3306, 3306),
        ("endpoints", "10.40.0.0/16", 443, 443),
    }


def test_egress_rules_match_flows(template: dict[str, Any]) -> None:
    assert set(rules(template, "Egress")) == {
        ("gateway", "nodes", 8443, 8443),
        ("nodes", "services", 8080, 8080),
        ("services", "nodes", 8443, 8443),
        ("nodes", "nodes", 8443, 8443),
        ("nodes", "nodes", 1, 65535),
        ("nodes", "0.0.0.0/0", 443, 443),
        ("services", "database", 3306, 3306),
    }


def test_security_group_has_no_default_rules(template: dict[str, Any]) -> None:
    for group in properties_of(template["Resources"], "AWS::EC2::SecurityGroup").values():
        assert [rule["CidrIp"] for rule in group["SecurityGroupEgress"]] == ["127.0.0.1/32"]
        assert "SecurityGroupIngress" not in group


def test_security_group_rules_have_reasons(template: dict[str, Any]) -> None:
    assert rules(template, "Ingress")[("gateway", "pl-5da64334", 443, 443)] == "Viewers reach the gateway"
    assert all(rules(template, "Egress").values())


def test_shared_rule_has_both_reasons(template: dict[str, Any]) -> None:
    assert rules(template, "Ingress")[("nodes", "nodes", 8443, 8443)] == "Kong reads keys; Users of Grafana log in"


def test_security_group_is_named_after_party(template: dict[str, Any]) -> None:
    for group in properties_of(template["Resources"], "AWS::EC2::SecurityGroup").values():
        name = group["GroupDescription"].partition(":")[0]
        assert {"Key": "Name", "Value": f"test/{name}"} in group["Tags"]


def test_new_flow_changes_no_other_rule(template: dict[str, Any]) -> None:
    stack = new_stack()
    made(
        stack,
        [Flow(source="new", target="database", port=3306, reason="New reads"), *reversed(FLOWS)],
        group_of=group_of,
        parties=["spare"],
    )
    other = Template.from_stack(stack).to_json()["Resources"]
    assert {id_: r["Properties"] for id_, r in template["Resources"].items() if id_ not in other} == {}


def test_security_group_handle_is_immutable(stack: cdk.Stack) -> None:
    handle = made(stack, FLOWS).of("database")
    handle.add_ingress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(3306))
    handle.connections.allow_to_any_ipv4(ec2.Port.all_traffic())
    template = dict(Template.from_stack(stack).to_json())
    assert {edge for edge in rules(template, "Ingress") if edge[0] == "database"} == {("database", "services", 3306, 3306)}
    assert not [edge for edge in rules(template, "Egress") if edge[0] == "database"]


def test_pods_use_node_security_group(stack: cdk.Stack) -> None:
    security_groups = made(stack, FLOWS, group_of=group_of)
    assert security_groups.of("kong").security_group_id == security_groups.of("nodes").security_group_id


def test_unknown_party_has_no_security_group(stack: cdk.Stack) -> None:
    with pytest.raises(KeyError, match="no flow names it"):
        made(stack, FLOWS).of("stranger")


def test_second_cloudfront_port_exceeds_quota(stack: cdk.Stack) -> None:
    flows = [Flow(source=CLOUDFRONT, target="gateway", port=port, reason="Viewers") for port in (80, 443)]
    with pytest.raises(ValueError, match="gateway would have 110 ingress rules, and EC2 takes 60"):
        made(stack, flows)


def test_security_group_accepts_sixty_rules(stack: cdk.Stack) -> None:
    flows = [Flow(source="busy", target="database", port=port, reason="Busy") for port in range(1000, 1059)]
    made(stack, flows)
    with pytest.raises(ValueError, match="busy would have 61 egress rules"):
        made(new_stack(), [*flows, Flow(source="busy", target=INTERNET, port=443, reason="Busy")])

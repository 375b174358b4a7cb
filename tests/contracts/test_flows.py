"""Security groups allow exactly the connections in the table of flows."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from spotmusic_cdk import flows
from spotmusic_constructs.network.flows import CLOUDFRONT, INTERNET, VPC
from tests.conftest import Template, settings_of

ENVIRONMENTS = ["dev", "staging", "prod"]
Templates = Callable[[str], dict[str, Template]]
Edge = tuple[str, str, int, int]


def table(environment: str) -> set[Edge]:
    return {
        (flows.security_group_of(flow.source), flows.security_group_of(flow.target), *flow.ports)
        for flow in flows.table(settings_of(environment))
    }


def groups(template: Template) -> dict[str, str]:
    """Party by logical id of its security group."""
    return {
        id_: resource["Properties"]["GroupDescription"].partition(":")[0]
        for id_, resource in template["Resources"].items()
        if resource["Type"] == "AWS::EC2::SecurityGroup"
    }


def rules(template: Template, direction: str) -> Iterator[dict[str, Any]]:
    return (r["Properties"] for r in template["Resources"].values() if r["Type"] == f"AWS::EC2::SecurityGroup{direction}")


def party(reference: Any, parties: dict[str, str]) -> str:
    return parties[reference["Fn::GetAtt"][0]]


def ingress(template: Template) -> Iterator[Edge]:
    parties = groups(template)
    for rule in rules(template, "Ingress"):
        if "SourcePrefixListId" in rule:
            source = CLOUDFRONT
        elif "CidrIp" in rule:
            source = VPC
        else:
            source = party(rule["SourceSecurityGroupId"], parties)
        yield source, party(rule["GroupId"], parties), rule["FromPort"], rule["ToPort"]


def egress(template: Template) -> Iterator[Edge]:
    parties = groups(template)
    for rule in rules(template, "Egress"):
        target = INTERNET if rule.get("CidrIp") == "0.0.0.0/0" else party(rule["DestinationSecurityGroupId"], parties)
        yield party(rule["GroupId"], parties), target, rule["FromPort"], rule["ToPort"]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_ingress_rules_match_flows(templates: Templates, environment: str) -> None:
    expected = {edge for edge in table(environment) if edge[1] != INTERNET}
    assert set(ingress(templates(environment)["network"])) == expected


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_egress_rules_match_flows(templates: Templates, environment: str) -> None:
    expected = {edge for edge in table(environment) if edge[0] not in (CLOUDFRONT, VPC)}
    assert set(egress(templates(environment)["network"])) == expected


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_security_groups_are_in_network_stack(templates: Templates, environment: str) -> None:
    strays = [
        f"{stack}/{id_}"
        for stack, template in templates(environment).items()
        for id_, resource in template["Resources"].items()
        if stack != "network" and resource["Type"].startswith("AWS::EC2::SecurityGroup")
    ]
    assert strays == []


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_security_groups_have_no_inline_rules(templates: Templates, environment: str) -> None:
    """An inline rule would bypass the table; the existing one allows nothing."""
    for resource in templates(environment)["network"]["Resources"].values():
        if resource["Type"] == "AWS::EC2::SecurityGroup":
            assert "SecurityGroupIngress" not in resource["Properties"]
            # AWS lets everything out of a group that says nothing.
            outgoing = resource["Properties"].get("SecurityGroupEgress", [{"CidrIp": "0.0.0.0/0"}])
            assert [rule["CidrIp"] for rule in outgoing] == ["127.0.0.1/32"]


def test_every_flow_says_why() -> None:
    assert [flow for flow in flows.table(settings_of("prod")) if len(flow.reason) < 20] == []

"""Limits and errors of security groups; tests/contracts/test_flows.py compares their rules."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2

from spotmusic_constructs.network.flows import CLOUDFRONT, INTERNET, Flow
from spotmusic_constructs.network.security_groups import SecurityGroups
from tests.conftest import new_stack
from tests.templates import all_of, resources_of
from tests.unit.imported import vpc_of

FLOWS = [
    Flow(source="kong", target="keycloak", port=8443, reason="Kong reads keys"),
    Flow(source="grafana", target="keycloak", port=8443, reason="Users of Grafana log in"),
    Flow(source="services", target="database", port=3306, reason="Services read"),
]


def made(stack: cdk.Stack, flows: list[Flow], **more: Any) -> SecurityGroups:
    return SecurityGroups(
        stack,
        "Groups",
        vpc=vpc_of(stack),
        vpc_cidr="10.40.0.0/16",
        flows=flows,
        cloudfront_prefix_list="pl-5da64334",
        **more,
    )


def test_shared_rule_has_both_reasons(stack: cdk.Stack) -> None:
    made(stack, FLOWS[:2], group_of=lambda _: "nodes")
    (rule,) = all_of(resources_of(stack), "AWS::EC2::SecurityGroupIngress")
    assert rule["Description"] == "Kong reads keys; Users of Grafana log in"


def test_new_flow_changes_no_other_rule(stack: cdk.Stack) -> None:
    made(stack, FLOWS)
    other = new_stack()
    made(
        other,
        [Flow(source="new", target="database", port=3306, reason="New reads"), *reversed(FLOWS)],
    )
    assert resources_of(stack).items() <= resources_of(other).items()


def test_security_group_handle_is_immutable(stack: cdk.Stack) -> None:
    groups, other = made(stack, FLOWS), new_stack()
    groups.of("database").add_ingress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(3306))
    groups.of("database").connections.allow_to_any_ipv4(ec2.Port.all_traffic())
    made(other, FLOWS)
    assert resources_of(stack) == resources_of(other)


def test_unknown_party_has_no_security_group(stack: cdk.Stack) -> None:
    with pytest.raises(KeyError, match="because no flow names it"):
        made(stack, FLOWS).of("stranger")


def test_security_groups_respect_quota(stack: cdk.Stack) -> None:
    viewers = [
        Flow(source=CLOUDFRONT, target="gateway", port=port, reason="Viewers") for port in (80, 443)
    ]
    with pytest.raises(ValueError, match="gateway would have 110 ingress rules, and EC2 allows 60"):
        made(new_stack(), viewers)
    flows = [
        Flow(source="busy", target="database", port=port, reason="Busy")
        for port in range(1000, 1059)
    ]
    made(stack, flows)
    with pytest.raises(ValueError, match="busy would have 61 egress rules"):
        made(new_stack(), [*flows, Flow(source="busy", target=INTERNET, port=443, reason="Busy")])

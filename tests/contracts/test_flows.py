"""Connections of security groups, compared with the table of flows."""

from collections.abc import Callable, Iterator

import pytest

from spotmusic_cdk import flows
from spotmusic_constructs.network.flows import CLOUDFRONT, INTERNET, VPC
from spotmusic_constructs.observability.alertmanager import GOSSIP_PORT
from tools.checkout import settings_of
from tools.model.assembly import Assembly, Resource
from tools.model.templates import Template

GROUP = "AWS::EC2::SecurityGroup"
Edge = tuple[str, str, int, int, str]


@pytest.fixture(params=["dev", "staging", "prod"])
def platform(
    request: pytest.FixtureRequest, templates: Callable[[str], dict[str, Template]]
) -> Assembly:
    return Assembly(
        name=request.param, settings=settings_of(request.param), templates=templates(request.param)
    )


def table(platform: Assembly) -> set[Edge]:
    return {
        (
            flows.security_group_of(flow.source),
            flows.security_group_of(flow.target),
            *flow.ports,
            flow.protocol,
        )
        for flow in flows.table(platform.settings)
    }


def party(group: Resource | None, otherwise: str) -> str:
    return str(group["GroupDescription"]).partition(":")[0] if group else otherwise


def ingress(platform: Assembly) -> Iterator[Edge]:
    for rule in platform.all(f"{GROUP}Ingress"):
        named = (
            CLOUDFRONT
            if rule["SourcePrefixListId"]
            else VPC
            if rule["CidrIp"] == platform.settings.network.cidr
            else str(rule)
        )
        source = party(rule.target("SourceSecurityGroupId"), named)
        yield (
            source,
            party(rule.target("GroupId"), ""),
            rule["FromPort"],
            rule["ToPort"],
            rule["IpProtocol"],
        )


def egress(platform: Assembly) -> Iterator[Edge]:
    for rule in platform.all(f"{GROUP}Egress"):
        named = {"0.0.0.0/0": INTERNET, platform.settings.network.cidr: VPC}.get(
            rule["CidrIp"], str(rule)
        )
        target = party(rule.target("DestinationSecurityGroupId"), named)
        yield (
            party(rule.target("GroupId"), ""),
            target,
            rule["FromPort"],
            rule["ToPort"],
            rule["IpProtocol"],
        )


def test_ingress_rules_match_flows(platform: Assembly) -> None:
    assert set(ingress(platform)) == {edge for edge in table(platform) if edge[1] != INTERNET}


def test_egress_rules_match_flows(platform: Assembly) -> None:
    ours = [edge for edge in table(platform) if edge[0] not in (CLOUDFRONT, VPC)]
    shared = {
        (source, VPC, *ports)
        for source, target, *ports in ours
        if flows.shares_egress(source, target)
    }
    assert shared
    found = set(egress(platform))
    assert found == {edge for edge in ours if not flows.shares_egress(*edge[:2])} | shared


def test_security_groups_have_no_inline_rules(platform: Assembly) -> None:
    """An inline rule would bypass the table. The existing one allows nothing."""
    assert {rule.stack for rule in platform.all(GROUP, f"{GROUP}Ingress", f"{GROUP}Egress")} == {
        "network"
    }
    for group in platform.some(GROUP):
        assert group["SecurityGroupIngress"] is None
        # AWS allows all egress of a group without egress rules.
        assert [
            rule["CidrIp"] for rule in group["SecurityGroupEgress"] or [{"CidrIp": "0.0.0.0/0"}]
        ] == ["127.0.0.1/32"]


def test_flows_have_reasons() -> None:
    assert [flow for flow in flows.table(settings_of("prod")) if len(flow.reason) < 20] == []


def test_alertmanagers_gossip_by_udp(platform: Assembly) -> None:
    """Replicas exchange sent notifications by UDP. Otherwise each replica sends every
    notification.
    """
    gossip = (flows.NODES, flows.NODES, GOSSIP_PORT, GOSSIP_PORT, "udp")
    assert gossip in {*ingress(platform)} & {*egress(platform)}

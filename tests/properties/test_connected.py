"""Connections are complete: listeners have callers, references have targets, and no resource is
unused.
"""

import json
from collections import Counter

from tests.properties.balancers import BALANCER, attributes, listeners
from tests.properties.promise import Verdicts, rule
from tests.properties.services import services_of
from tests.properties.test_network import subnets
from tools.model.assembly import Assembly, Resource, intrinsics

GROUP = "AWS::EC2::SecurityGroup"
INGRESS, EGRESS = "AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress"
LEADS_TO = (
    "GatewayId",
    "NatGatewayId",
    "TransitGatewayId",
    "VpcPeeringConnectionId",
    "VpcEndpointId",
    "NetworkInterfaceId",
)


@rule
def test_names_of_the_vpc_are_answered(platform: Assembly) -> Verdicts:
    for zone in platform.some("AWS::Route53::HostedZone"):
        named = str(zone["Name"] or "").rstrip(".") == platform.settings.private_domain
        yield (
            zone,
            named,
            f"Call it {platform.settings.private_domain}: certificates and charts say so.",
        )
        seen = {zone.target(f"VPCs.{index}.VPCId") for index in range(len(zone["VPCs"] or []))}
        yield (
            zone,
            seen == set(platform.some("AWS::EC2::VPC")),
            "Answer in our VPC, and not to the Internet.",
        )


@rule
def test_routes_have_targets(platform: Assembly) -> Verdicts:
    gateways = set(platform.some("AWS::EC2::InternetGateway"))
    for route in platform.some("AWS::EC2::Route"):
        leads = [path for path in LEADS_TO if route.target(path)]
        yield (
            route,
            len(leads) == 1 and route.target("RouteTableId") is not None,
            "Set exactly one gateway as its target.",
        )
    for attachment in platform.some("AWS::EC2::VPCGatewayAttachment"):
        yield (
            attachment,
            attachment.target("InternetGatewayId") in gateways,
            "Attach the gateway to the Internet: NAT gateways need it.",
        )
    taken = Counter(nat.target("AllocationId") for nat in platform.some("AWS::EC2::NatGateway"))
    for nat in platform.some("AWS::EC2::NatGateway"):
        address = nat.target("AllocationId")
        # Without an attachment it is a private gateway, which nothing uses to leave the VPC.
        its_own = address is not None and address.type == "AWS::EC2::EIP" and taken[address] == 1
        yield nat, its_own, "Give it its own public address."


@rule
def test_security_groups_are_attached(platform: Assembly) -> Verdicts:
    # Nodes of Kubernetes get theirs from a NodeClass, which is in the values of a release.
    wearers = (
        resource for resource in platform.resources if resource.type not in (INGRESS, EGRESS, GROUP)
    )
    worn = {
        platform.target(resource.stack, value)
        for resource in wearers
        for value in intrinsics(resource.properties)
    }
    for group in platform.some(GROUP):
        place = group.target("VpcId")
        yield (
            group,
            place is not None and place.type == "AWS::EC2::VPC",
            "Make it in our VPC: the default one is another network.",
        )
        # An environment without endpoints keeps their group for later ones.
        spare = (
            group["GroupDescription"].startswith("endpoints:")
            and not platform.settings.network.endpoints
        )
        # CloudShell environments and tasks of operators use that of people (docs/access.md).
        spare |= group["GroupDescription"].startswith("operators:")
        yield (
            group,
            group in worn or spare,
            "The security group is unused. Attach it, or remove its party from the table of flows.",
        )
    for function in platform.some("AWS::Lambda::Function"):
        if function["VpcConfig"] is not None:
            its = function.targets("VpcConfig.SecurityGroupIds")
            yield (
                function,
                bool(its),
                "Set a security group: the default one of the VPC allows no egress.",
            )
            everywhere = set(function.targets("VpcConfig.SubnetIds")) == set(
                subnets(platform, "application")
            )
            yield function, everywhere, "Give it the application subnet of every zone."


@rule
def test_load_balancer_listeners_match_flows(platform: Assembly) -> Verdicts:
    let_in = [
        (rule_.target("GroupId"), range(rule_["FromPort"], rule_["ToPort"] + 1))
        for rule_ in platform.some(INGRESS)
    ]
    for balancer in platform.some(BALANCER):
        groups = balancer.targets("SecurityGroups")
        for listener in listeners(balancer):
            admitted = any(
                group in groups and (listener["Port"] or 0) in ports for group, ports in let_in
            )
            yield (
                listener,
                admitted,
                (
                    f"No rule allows port {listener['Port']}. "
                    "Listen on the port of the table of flows."
                ),
            )
            yield from answered(listener)
        zones = {subnet.text("AvailabilityZone") for subnet in balancer.targets("Subnets")}
        every = {subnet.text("AvailabilityZone") for subnet in subnets(platform, "application")}
        yield balancer, zones == every, "Use subnets of every zone."
        # docs/runbooks/lost-zone.md shifts a zone away from them, which AWS refuses otherwise.
        shifts = (
            attributes(balancer, "LoadBalancerAttributes").get("zonal_shift.config.enabled")
            == "true"
        )
        yield balancer, shifts, "Set zonal_shift.config.enabled."


def answered(listener: Resource) -> Verdicts:
    """Every request without a matching rule reaches targets or gets a fixed response."""
    for number, action in enumerate(listener["DefaultActions"] or []):
        leads = bool(listener.mentions(f"DefaultActions.{number}"))
        refuses = str(
            listener[f"DefaultActions.{number}.FixedResponseConfig.StatusCode"] or ""
        ).startswith("4")
        yield (
            listener,
            leads if action["Type"] == "forward" else refuses,
            "Forward to targets, or return a fixed response.",
        )


@rule
def test_route_reaches_own_service_only(platform: Assembly) -> Verdicts:
    (balancer,) = platform.some(BALANCER, stack="ecs-services")
    rules = platform.some("AWS::ElasticLoadBalancingV2::ListenerRule")
    priorities = Counter(rule_["Priority"] for rule_ in rules)
    for rule_ in rules:
        yield (
            rule_,
            rule_.target("ListenerArn") in listeners(balancer),
            "Attach it to the listener.",
        )
        once = 1 <= int(rule_["Priority"] or 0) <= 50_000 and priorities[rule_["Priority"]] == 1
        yield rule_, once, "Give it its own priority, from 1 to 50000."
    for service in services_of(platform):
        route = service.settings.route
        its = [rule_ for rule_ in rules if set(service.target_groups) & rule_.mentions("Actions")]
        yield (
            service.resource,
            len(its) == (1 if route else 0),
            "Add exactly one rule if the service has a route, and none otherwise.",
        )
        for rule_ in its:
            asked = rule_["Conditions"] == [
                {"Field": "path-pattern", "PathPatternConfig": {"Values": [route, f"{route}/*"]}}
            ]
            yield rule_, asked, f"Match only paths that begin with {route}."


@rule
def test_kubernetes_api_reaches_add_ons(platform: Assembly) -> Verdicts:
    """metrics-server serves the API server on port 10251 by default. Without it no workload
    scales.
    """
    parties = {
        str(group["GroupDescription"]).partition(":")[0]: group for group in platform.some(GROUP)
    }
    way = parties["kubernetes-control-plane"], parties["kubernetes-nodes"]
    let_in = [
        rule_
        for rule_ in platform.some(INGRESS)
        if (rule_.target("SourceSecurityGroupId"), rule_.target("GroupId")) == way
    ]
    into = [range(rule_["FromPort"], rule_["ToPort"] + 1) for rule_ in let_in]
    for addon in platform.all("AWS::EKS::Addon"):
        if addon["AddonName"] == "metrics-server":
            port = json.loads(addon["ConfigurationValues"] or "{}").get("containerPort", 10251)
            yield (
                addon,
                any(port in ports for ports in into),
                f"No rule allows port {port}. Listen on the port of the table of flows.",
            )

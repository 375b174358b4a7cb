"""VPC, subnets, endpoints, security groups, load balancers and their target groups, DNS."""

from collections.abc import Iterator
from typing import Any

from tools.local_aws.verification.reading import Check, Reader, differs, named, only


def _vpc(reader: Reader) -> Iterator[str]:
    yield from reader.same("CidrBlock", only(reader.api("ec2").describe_vpcs(VpcIds=[reader.id])["Vpcs"])["CidrBlock"])


def _subnet(reader: Reader) -> Iterator[str]:
    subnet = only(reader.api("ec2").describe_subnets(SubnetIds=[reader.id])["Subnets"])
    for name in ("CidrBlock", "AvailabilityZone"):
        yield from reader.same(name, subnet[name])


def _route_table(reader: Reader) -> Iterator[str]:
    only(reader.api("ec2").describe_route_tables(RouteTableIds=[reader.id])["RouteTables"])
    yield from ()


def _internet_gateway(reader: Reader) -> Iterator[str]:
    gateway = only(reader.api("ec2").describe_internet_gateways(InternetGatewayIds=[reader.id])["InternetGateways"])
    if not gateway.get("Attachments"):
        yield "is attached to no VPC"


def _nat_gateway(reader: Reader) -> Iterator[str]:
    gateway = only(reader.api("ec2").describe_nat_gateways(NatGatewayIds=[reader.id])["NatGateways"])
    if gateway["State"] == "deleted":
        raise LookupError("deleted")
    yield from differs("State", "available", gateway["State"])


def _address(reader: Reader) -> Iterator[str]:
    named(reader.api("ec2").describe_addresses()["Addresses"], "PublicIp", reader.id)
    yield from ()


def _flow_log(reader: Reader) -> Iterator[str]:
    flow_log = named(reader.api("ec2").describe_flow_logs()["FlowLogs"], "FlowLogId", reader.id)
    yield from reader.same("TrafficType", flow_log["TrafficType"])


def _vpc_endpoint(reader: Reader) -> Iterator[str]:
    endpoint = only(reader.api("ec2").describe_vpc_endpoints(VpcEndpointIds=[reader.id])["VpcEndpoints"])
    yield from reader.same("ServiceName", endpoint["ServiceName"])
    yield from reader.same("VpcEndpointType", endpoint["VpcEndpointType"])


def _security_group(reader: Reader) -> Iterator[str]:
    group = only(reader.api("ec2").describe_security_groups(GroupIds=[reader.id])["SecurityGroups"])
    yield from reader.same("GroupDescription", group["Description"])


def _attachment(reader: Reader) -> Iterator[str]:
    vpc = reader.id.split("|")[1]
    filters = [{"Name": "attachment.vpc-id", "Values": [vpc]}]
    only(reader.api("ec2").describe_internet_gateways(Filters=filters)["InternetGateways"])
    yield from ()


def _association(reader: Reader) -> Iterator[str]:
    tables = reader.api("ec2").describe_route_tables()["RouteTables"]
    associations = [association for table in tables for association in table["Associations"]]
    named(associations, "RouteTableAssociationId", reader.id)
    yield from ()


def _route(reader: Reader) -> Iterator[str]:
    table, destination = reader.id.split("|")
    routes = only(reader.api("ec2").describe_route_tables(RouteTableIds=[table])["RouteTables"])["Routes"]
    route = named(routes, "DestinationCidrBlock", destination)
    for target in ("GatewayId", "NatGatewayId"):
        if reader.wanted(target) and not route.get(target):
            yield f"leads to no {target}"


def _security_group_rule(reader: Reader) -> Iterator[str]:
    rules = reader.api("ec2").describe_security_group_rules(SecurityGroupRuleIds=[reader.id])["SecurityGroupRules"]
    rule = named(rules, "SecurityGroupRuleId", reader.id)
    yield from differs("IsEgress", reader.resource.type.endswith("Egress"), rule["IsEgress"])
    for name in ("IpProtocol", "FromPort", "ToPort"):
        yield from reader.same(name, rule.get(name))
    if not reader.wanted("SourcePrefixListId"):  # the emulator's answer describes every peer but a prefix list
        yield from reader.same("Description", rule.get("Description"))
    yield from reader.same("CidrIp", rule.get("CidrIpv4"))
    peers = ("SourceSecurityGroupId", "DestinationSecurityGroupId")
    if any(reader.wanted(peer) for peer in peers) and not rule.get("ReferencedGroupInfo"):
        yield "names no peer group"


def _load_balancer(reader: Reader) -> Iterator[str]:
    balancer = only(reader.api("elbv2").describe_load_balancers(LoadBalancerArns=[reader.id])["LoadBalancers"])
    for name in ("Scheme", "Type"):
        yield from reader.same(name, balancer[name])


def _listener(reader: Reader) -> Iterator[str]:
    listener = only(reader.api("elbv2").describe_listeners(ListenerArns=[reader.id])["Listeners"])
    for name in ("Port", "Protocol"):
        yield from reader.same(name, listener[name])


def _listener_rule(reader: Reader) -> Iterator[str]:
    rule = only(reader.api("elbv2").describe_rules(RuleArns=[reader.id])["Rules"])
    yield from reader.same("Priority", rule["Priority"])


def _target_group(reader: Reader) -> Iterator[str]:
    group = only(reader.api("elbv2").describe_target_groups(TargetGroupArns=[reader.id])["TargetGroups"])
    for name in ("Port", "Protocol", "TargetType"):
        yield from reader.same(name, group.get(name))
    if reader.id not in _forwarded_to(reader):
        yield "is joined to no listener"


def _forwarded_to(reader: Reader) -> set[str]:
    """Every target group that a listener or one of its rules forwards to."""
    elbv2 = reader.api("elbv2")
    actions: list[dict[str, Any]] = []
    for balancer in elbv2.describe_load_balancers()["LoadBalancers"]:
        for listener in elbv2.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]:
            actions += listener["DefaultActions"]
            actions += [action for rule in elbv2.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"] for action in rule["Actions"]]
    weighted = [group for action in actions for group in action.get("ForwardConfig", {}).get("TargetGroups", [])]
    return {str(target.get("TargetGroupArn")) for target in [*actions, *weighted]}


def _hosted_zone(reader: Reader) -> Iterator[str]:
    zone = reader.api("route53").get_hosted_zone(Id=reader.id)["HostedZone"]
    yield from differs("Name", str(reader.wanted("Name")).rstrip("."), zone["Name"].rstrip("."))


def _record_set(reader: Reader) -> Iterator[str]:
    route53 = reader.api("route53")
    # With the type: a zone has records of its own (NS, SOA) under the name of its domain.
    records = {
        (record["Name"].rstrip("."), record["Type"])
        for zone in route53.list_hosted_zones()["HostedZones"]
        for record in route53.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
    }
    if (reader.id.rstrip("."), reader.wanted("Type")) not in records:
        raise LookupError(f"no zone has {reader.id}")
    yield from ()


CHECKS: dict[str, Check] = {
    "AWS::EC2::VPC": _vpc,
    "AWS::EC2::Subnet": _subnet,
    "AWS::EC2::RouteTable": _route_table,
    "AWS::EC2::InternetGateway": _internet_gateway,
    "AWS::EC2::NatGateway": _nat_gateway,
    "AWS::EC2::EIP": _address,
    "AWS::EC2::FlowLog": _flow_log,
    "AWS::EC2::VPCEndpoint": _vpc_endpoint,
    "AWS::EC2::VPCGatewayAttachment": _attachment,
    "AWS::EC2::SubnetRouteTableAssociation": _association,
    "AWS::EC2::Route": _route,
    "AWS::EC2::SecurityGroup": _security_group,
    "AWS::EC2::SecurityGroupIngress": _security_group_rule,
    "AWS::EC2::SecurityGroupEgress": _security_group_rule,
    "AWS::ElasticLoadBalancingV2::LoadBalancer": _load_balancer,
    "AWS::ElasticLoadBalancingV2::Listener": _listener,
    "AWS::ElasticLoadBalancingV2::ListenerRule": _listener_rule,
    "AWS::ElasticLoadBalancingV2::TargetGroup": _target_group,
    "AWS::Route53::HostedZone": _hosted_zone,
    "AWS::Route53::RecordSet": _record_set,
}

"""Promises: Network."""

from collections.abc import Iterator
from ipaddress import IPv4Network, ip_network
from itertools import combinations
from typing import get_args

from spotmusic_cdk.settings.checks import overlapping
from spotmusic_cdk.settings.network import InterfaceEndpoint
from tests.properties.conftest import ENVIRONMENTS
from tests.properties.promise import Verdicts, promise
from tools.checkout import ROOT, settings_of
from tools.model.assembly import Assembly, Resource
from tools.model.statements import Statement, statements_of
from tools.model.values import ACCOUNT, Json

GROUP = "AWS::EC2::SecurityGroup"
SUBNET = "AWS::EC2::Subnet"
ROUTE = "AWS::EC2::Route"
ENDPOINT = "AWS::EC2::VPCEndpoint"
TIERS = ("public", "application", "data")
ANYWHERE = ("0.0.0.0/0", "::/0")
NOTHING = "127.0.0.1/32"
REMOTE_ACCESS = (22, 3389)


def rules(platform: Assembly, direction: str) -> Iterator[tuple[Resource, Json]]:
    """Security group rules in a direction, `Ingress` or `Egress`, separate and inline."""
    for rule in platform.all(f"AWS::EC2::SecurityGroup{direction}"):
        yield rule, rule.properties
    for group in platform.all(GROUP):
        for rule in group[f"SecurityGroup{direction}"] or []:
            yield group, rule


def addresses(rule: Json) -> str | None:
    """Addresses in a rule, or None."""
    return rule.get("CidrIp") or rule.get("CidrIpv6")


def group_of(resource: Resource, rule: Json) -> Resource | None:
    return (
        resource
        if resource.type == GROUP
        else resource.platform.target(resource.stack, rule["GroupId"])
    )


def tier_of(subnet: Resource) -> str:
    return subnet.tags["aws-cdk:subnet-name"]


def subnets(platform: Assembly, tier: str) -> list[Resource]:
    return [subnet for subnet in platform.some(SUBNET) if tier_of(subnet) == tier]


def routes(subnet: Resource) -> list[Resource]:
    """Routes of the route table associated with a subnet."""
    (association,) = subnet.platform.users_of(subnet, "AWS::EC2::SubnetRouteTableAssociation")
    table = association.target("RouteTableId")
    return [route for route in subnet.platform.some(ROUTE) if route.target("RouteTableId") is table]


def default_routes(subnet: Resource) -> list[Resource]:
    return [
        route
        for route in routes(subnet)
        if (route["DestinationCidrBlock"] or route["DestinationIpv6CidrBlock"]) in ANYWHERE
    ]


def data_groups(platform: Assembly) -> set[Resource]:
    """Security groups of the data tier."""
    databases = platform.some("AWS::RDS::DBInstance")
    caches = platform.some("AWS::ElastiCache::ReplicationGroup")
    return {
        *(group for database in databases for group in database.targets("VPCSecurityGroups")),
        *(group for cache in caches for group in cache.targets("SecurityGroupIds")),
    }


def endpoint_name(endpoint: Resource) -> str:
    """Name of an endpoint's service without its region, such as `ecr.api`."""
    return endpoint.text("ServiceName").removeprefix(
        f"com.amazonaws.{endpoint.platform.settings.region}."
    )


def endpoint_statements(platform: Assembly, *names: str) -> list[Statement]:
    return [
        s
        for s in statements_of(platform)
        if s.resource.type == ENDPOINT and endpoint_name(s.resource) in names
    ]


@promise
def test_p001_only_cloudfront_reaches_the_vpc(platform: Assembly) -> Verdicts:
    """Only CloudFront opens connections from outside the VPC, over TLS on port 443. No security
    group rule allows other addresses, and no load balancer is public.

    Kept by: [table of flows](../spotmusic_cdk/flows.py), `SecurityGroups`; [ADR
    4](adr/0004-vpc-origin-source.md)
    """
    prefix_lists = set()
    for resource, rule in rules(platform, "Ingress"):
        cidr = addresses(rule)
        inside = cidr is None or ip_network(cidr).subnet_of(
            IPv4Network(platform.settings.network.cidr)  # type: ignore[arg-type]
        )
        yield (
            resource,
            inside,
            f"It admits {cidr}. Name a party of the table of flows instead of addresses.",
        )
        yield (
            resource,
            rule["IpProtocol"] in {"tcp", "udp"},
            "Name ports of TCP or UDP: another protocol may be all of them.",
        )
        if "SourcePrefixListId" in rule:
            prefix_lists.add(rule["SourcePrefixListId"])
            yield (
                resource,
                (rule["FromPort"], rule["ToPort"]) == (443, 443),
                "CloudFront connects with TLS on port 443 only: set `domain`.",
            )
    yield (
        "prefix lists",
        len(prefix_lists) == 1,
        "Allow only one prefix list, that of CloudFront, from outside the VPC.",
    )
    balancers = platform.some("AWS::ElasticLoadBalancingV2::LoadBalancer")
    yield from (
        (balancer, balancer["Scheme"] == "internal", "Make the load balancer internal.")
        for balancer in balancers
    )


@promise
def test_p002_databases_and_cache_have_no_egress(platform: Assembly) -> Verdicts:
    """Databases and the cache open no connections: their security groups have no egress.

    Kept by: the table of flows, which has no flow with such a source
    """
    for store in [
        *platform.some("AWS::RDS::DBInstance"),
        *platform.some("AWS::ElastiCache::ReplicationGroup"),
    ]:
        named = store["VPCSecurityGroups"] or store["SecurityGroupIds"]
        yield store, bool(named), "Set a security group: the default one is used otherwise."
    groups = data_groups(platform)
    for group in sorted(groups, key=str):
        closed = [rule["CidrIp"] for rule in group["SecurityGroupEgress"] or []] == [NOTHING]
        yield (
            group,
            closed,
            (
                "Create the group with a rule that allows nothing: "
                "otherwise EC2 adds one that allows everything."
            ),
        )
    for resource, rule in rules(platform, "Egress"):
        if group_of(resource, rule) in groups:
            holds = rule.get("CidrIp") == NOTHING
            yield (
                resource,
                holds,
                (
                    "Remove the flow with this source: a security group of the data tier has no "
                    "egress."
                ),
            )


@promise
def test_p003_security_groups_have_descriptions(platform: Assembly) -> Verdicts:
    """Each security group and each rule has a description of its purpose.

    Kept by: the reason of a flow is the description of its rules
    """
    for group in platform.some(GROUP):
        yield group, len(group["GroupDescription"] or "") >= 20, "Describe the group."
    for direction in ("Ingress", "Egress"):
        for resource, rule in rules(platform, direction):
            yield (
                resource,
                len(rule.get("Description", "")) >= 15,
                "Give the flow a reason: it becomes the description of its rules.",
            )


@promise
def test_p004_default_security_group_has_no_rules(platform: Assembly) -> Verdicts:
    """The default security group has no rules, and no resource uses it.

    Kept by: `ThreeTierVpc`
    """
    closed = [
        resource.text("DefaultSecurityGroupId")
        for resource in platform.all("Custom::VpcRestrictDefaultSG")
    ]
    for vpc in platform.some("AWS::EC2::VPC"):
        default = f"${{{vpc.stack}/{vpc.id}.DefaultSecurityGroup}}"
        yield (
            vpc,
            default in closed,
            (
                "Set restrict_default_security_group: "
                "EC2 allows its members to reach each other and everything else."
            ),
        )
        used = [
            user
            for user in platform.resources
            if default in user.platform.text(user.stack, user["SecurityGroupIds"])
        ]
        yield (
            vpc,
            not used,
            f"{used} use the default security group. Set a group of the table of flows.",
        )


@promise
def test_p005_all_traffic_is_recorded_encrypted_and_kept(platform: Assembly) -> Verdicts:
    """VPC flow logs record all accepted and rejected traffic, encrypted, and are retained for at
    least 184 days.

    Kept by: `VpcFlowLogs`
    """
    for vpc in platform.some("AWS::EC2::VPC"):
        logs = platform.users_of(vpc, "AWS::EC2::FlowLog")
        yield (
            vpc,
            [log["TrafficType"] for log in logs] == ["ALL"],
            "Record all traffic of the VPC, accepted and rejected.",
        )
        for log in logs:
            group = log.target("LogGroupName")
            known = group is not None and group.target("KmsKeyId") is not None
            yield (
                log,
                known,
                "Write to a log group of this template that has a customer-managed key.",
            )
            yield (
                log,
                log.target("DeliverLogsPermissionArn") is not None,
                "Give it a role to write with.",
            )
            yield (
                log,
                group is not None and (group["RetentionInDays"] or 0) >= 184,
                "Keep flow logs for at least 184 days.",
            )


@promise
def test_p006_each_tier_spans_three_zones(platform: Assembly) -> Verdicts:
    """Each tier has subnets in three zones.

    Kept by: `ThreeTierVpc`, `zones` of the environment file
    """
    for tier in TIERS:
        zones = [subnet["AvailabilityZone"] for subnet in subnets(platform, tier)]
        yield (
            f"network/{tier}",
            len(zones) == len(set(zones)) == 3,
            f"Its zones are {zones}. Name three zones in the environment file.",
        )


@promise
def test_p007_data_tier_has_no_default_route(platform: Assembly) -> Verdicts:
    """Subnets of the data tier have no default route, and databases and the cache run only in these
    subnets.

    Kept by: isolated subnets without a default route
    """
    for subnet in subnets(platform, "data"):
        yield (
            subnet,
            not default_routes(subnet),
            "Make the tier PRIVATE_ISOLATED: its resources open no connections to the Internet.",
        )
    for group in platform.some("AWS::RDS::DBSubnetGroup", "AWS::ElastiCache::SubnetGroup"):
        whole = set(group.targets("SubnetIds")) == set(subnets(platform, "data"))
        yield (
            group,
            whole,
            "Use the data subnets of every zone: `vpc_subnets` with the group `data`.",
        )
    for store in [
        *platform.some("AWS::RDS::DBInstance"),
        *platform.some("AWS::ElastiCache::ReplicationGroup"),
    ]:
        in_group = store.target("DBSubnetGroupName") or store.target("CacheSubnetGroupName")
        yield store, in_group is not None, "Set a subnet group: the default VPC is used otherwise."


@promise
def test_p008_zones_have_own_nat_gateways(platform: Assembly) -> Verdicts:
    """The loss of a zone affects only its own NAT gateway: each application subnet uses the NAT
    gateway of its zone.

    Kept by: `network.nat_gateways`
    """
    for subnet in subnets(platform, "application"):
        (route,) = default_routes(subnet)
        gateway = route.target("NatGatewayId")
        zone = gateway and (gateway.target("SubnetId") or subnet)["AvailabilityZone"]
        holds = zone == subnet["AvailabilityZone"]
        yield (
            subnet,
            holds,
            "Its NAT gateway is in another zone. Set network.nat_gateways to the number of zones.",
        )


@promise
def test_p009_subnets_assign_no_public_addresses(platform: Assembly) -> Verdicts:
    """Subnets assign no public IP addresses.

    Kept by: `ThreeTierVpc`
    """
    for subnet in platform.some(SUBNET):
        yield subnet, subnet["MapPublicIpOnLaunch"] is False, "Set map_public_ip_on_launch=False."


@promise
def test_p010_aws_apis_have_vpc_endpoints(platform: Assembly) -> Verdicts:
    """AWS APIs are reached inside the VPC through a gateway endpoint for S3 and interface endpoints
    with private DNS for thirteen services.

    Kept by: `S3GatewayEndpoint`, `InterfaceEndpoints`, `network.interface_endpoints`
    """
    endpoints = {endpoint_name(endpoint): endpoint for endpoint in platform.some(ENDPOINT)}
    s3 = endpoints.get("s3")
    through = {platform.target("network", table) for table in (s3["RouteTableIds"] if s3 else [])}
    for subnet in subnets(platform, "application"):
        (association,) = platform.users_of(subnet, "AWS::EC2::SubnetRouteTableAssociation")
        yield (
            subnet,
            association.target("RouteTableId") in through,
            "Add its route table to the gateway endpoint of S3.",
        )
    for name in get_args(InterfaceEndpoint):
        endpoint = endpoints.get(name)
        yield (
            f"network/{name}",
            endpoint is not None,
            "Add it to network.interface_endpoints, or set `all`.",
        )
        if endpoint:
            zones = {subnet["AvailabilityZone"] for subnet in endpoint.targets("SubnetIds")}
            reached = (
                endpoint["VpcEndpointType"] == "Interface"
                and endpoint["PrivateDnsEnabled"] is True
                and len(zones) >= 2
            )
            yield endpoint, reached, "Enable private DNS, and use subnets in at least two zones."


@promise
def test_p011_endpoints_serve_this_account_only(platform: Assembly) -> Verdicts:
    """VPC endpoints accept connections from the VPC on port 443 and allow only principals and
    resources of this account. The exceptions are the buckets of image layers and of CloudFormation
    responses, by full name.

    Kept by:
    [`endpoint_policies.py`](../constructs/spotmusic_constructs/network/endpoint_policies.py)
    """
    for endpoint in platform.some(ENDPOINT):
        said = [
            statement for statement in statements_of(platform) if statement.resource is endpoint
        ]
        yield (
            endpoint,
            bool(said),
            "Set a policy: without one an endpoint allows all principals and resources.",
        )
        for statement in said:
            ours = statement.of_this_account or buckets_of_aws(statement)
            yield (
                endpoint,
                ours,
                f"Confine {statement} by aws:PrincipalAccount or aws:ResourceAccount.",
            )
        groups = endpoint.targets("SecurityGroupIds")
        yield (
            endpoint,
            len(groups) == (endpoint["VpcEndpointType"] == "Interface"),
            "Give it the group `endpoints`, and no other.",
        )
        for resource, rule in rules(platform, "Ingress"):
            if group_of(resource, rule) in groups:
                yield (
                    resource,
                    (rule["FromPort"], rule["ToPort"]) == (443, 443),
                    "Allow port 443 only.",
                )
    for statement in endpoint_statements(platform, "s3", "secretsmanager", "kms"):
        own = statement.values("StringEquals", "aws:ResourceAccount") == (ACCOUNT,)
        resourceless = statement.actions == ("secretsmanager:GetRandomPassword",)
        yield (
            statement.resource,
            own or resourceless or buckets_of_aws(statement),
            f"Confine {statement} by aws:ResourceAccount.",
        )


def buckets_of_aws(statement: Statement) -> bool:
    """Buckets of image layers (read) and of CloudFormation responses (write), by full name only."""
    region = statement.resource.platform.settings.region
    named: dict[tuple[str, ...], set[str]] = {
        ("s3:GetObject",): {f"arn:aws:s3:::prod-{region}-starport-layer-bucket/*"},
        ("s3:PutObject",): {
            f"arn:aws:s3:::cloudformation-custom-resource-response-{region.replace('-', '')}/*",
            f"arn:aws:s3:::cloudformation-waitcondition-{region}/*",
        },
    }
    return set(statement.texts()) <= named.get(statement.actions, set())


@promise
def test_p012_address_ranges_are_disjoint_and_sufficient(platform: Assembly) -> Verdicts:
    """Address ranges of environments do not overlap, and an application subnet has at least 4,096
    addresses.

    Kept by: `network.cidr`, layout in `ThreeTierVpc`
    """
    for one, other in combinations(ENVIRONMENTS, 2):
        if platform.name in (one, other):
            apart = not overlapping(settings_of(one), settings_of(other))
            yield (
                f"network.cidr of {one} and {other}",
                apart,
                "Give each environment its own range: overlapping networks cannot be connected.",
            )
    for vpc in platform.some("AWS::EC2::VPC"):
        yield (
            vpc,
            vpc["CidrBlock"] == platform.settings.network.cidr,
            "Use the address range of the environment file.",
        )
    for subnet in subnets(platform, "application"):
        yield (
            subnet,
            IPv4Network(subnet["CidrBlock"]).prefixlen <= 20,
            "Use /20 or larger, from a /16: each pod needs an address.",
        )


@promise
def test_p013_subnets_have_load_balancer_tags(platform: Assembly) -> Verdicts:
    """Tags of subnets select the subnets for public and for internal load balancers of Kubernetes,
    and exclude the data tier.

    Kept by: tags of `ThreeTierVpc`
    """
    for tier, tag in (
        ("public", "kubernetes.io/role/elb"),
        ("application", "kubernetes.io/role/internal-elb"),
    ):
        for subnet in subnets(platform, tier):
            yield subnet, subnet.tags.get(tag) == "1", f"Tag it {tag}=1."
    for subnet in subnets(platform, "data"):
        holds = not any(tag.startswith("kubernetes.io/role") for tag in subnet.tags)
        yield subnet, holds, "Remove the load balancer tags: the data tier has no load balancers."


@promise
def test_p014_network_acls_are_unused(platform: Assembly) -> Verdicts:
    """Stacks create no network ACLs. AWS's default ACL allows all traffic. This is moot, because
    security groups allow SSH and RDP only between nodes.

    Kept by: security groups alone, from the table of flows
    """
    for entry in platform.all("AWS::EC2::NetworkAcl", "AWS::EC2::NetworkAclEntry"):
        yield (
            entry,
            False,
            (
                "Remove the network ACL: security groups decide, from one table. "
                "Otherwise extend this test."
            ),
        )
    for resource, rule in rules(platform, "Ingress"):
        remote = any(
            rule.get("FromPort", 0) <= port <= rule.get("ToPort", 65535) for port in REMOTE_ACCESS
        )
        source = platform.target(resource.stack, rule.get("SourceSecurityGroupId"))
        among_equals = source is not None and source is group_of(resource, rule)
        yield (
            resource,
            not remote or among_equals,
            "It admits SSH or RDP. Reach machines through Systems Manager or kubectl.",
        )


@promise
def test_p015_vpc_public_access_is_decided(platform: Assembly) -> Verdicts:
    """VPC Block Public Access belongs to the owner of the account, by ADR 5. No stack sets it, and
    the test asserts the alternatives that the ADR relies on.

    Kept by: [ADR 5](adr/0005-vpc-block-public-access.md)
    """
    decision = (ROOT / "docs" / "adr" / "0005-vpc-block-public-access.md").read_text()
    written = "**Status** accepted" in decision and "block-ingress" in decision
    yield (
        "docs/adr/0005-vpc-block-public-access.md",
        written,
        "Keep the decision and the command that turns it on.",
    )
    setting = platform.all(
        "AWS::EC2::VPCBlockPublicAccessOptions", "AWS::EC2::VPCBlockPublicAccessExclusion"
    )
    yield (
        "VPC Block Public Access",
        not setting,
        "It applies to every VPC of the account: change ADR 5 first.",
    )
    public = set(subnets(platform, "public"))
    for gateway in platform.some("AWS::EC2::NatGateway"):
        yield (
            gateway,
            gateway.target("SubnetId") in public,
            "Place NAT gateways in the public tier.",
        )
    for resource in platform.resources:
        lives = {"AWS::EC2::NatGateway", "AWS::EC2::SubnetRouteTableAssociation", ROUTE}
        if resource.type not in lives and any(resource.uses(subnet) for subnet in public):
            yield (
                resource,
                False,
                "The public tier holds NAT gateways only. Put it into the application tier.",
            )

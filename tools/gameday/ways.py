"""Load balancers, NAT gateways and endpoints by zone."""

from collections.abc import Iterator
from typing import get_args

from spotmusic_cdk.settings.network import InterfaceEndpoint
from tools.gameday.scenario import RemainingCapacity, Scenario
from tools.model.assembly import Assembly, Resource

BALANCER, ENDPOINT = "AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::EC2::VPCEndpoint"


def without_zone(scenario: Scenario, zone: str) -> Iterator[RemainingCapacity]:
    """Remaining ingress and egress without one zone."""
    others = set(scenario.settings.zones) - {zone}
    for balancer in scenario.platform.some(BALANCER):
        zones = {subnet["AvailabilityZone"] for subnet in balancer.targets("Subnets")} - {zone}
        fix = "Give the load balancer a subnet in every zone."
        yield RemainingCapacity(
            balancer.name, "zones", left=len(zones), needed=len(others), fix=fix
        )
        if balancer["Type"] == "network":
            attributes = {
                entry["Key"]: entry["Value"] for entry in balancer["LoadBalancerAttributes"]
            }
            crosses = int(attributes.get("load_balancing.cross_zone.enabled") == "true")
            fix = "Enable cross-zone load balancing, because each broker is in one zone."
            yield RemainingCapacity(
                balancer.name,
                "connections to brokers in other zones",
                left=crosses,
                needed=1,
                fix=fix,
            )
    yield _ways_out(scenario, zone)
    for endpoint in endpoints(scenario.platform):
        zones = {subnet["AvailabilityZone"] for subnet in endpoint.targets("SubnetIds")} - {zone}
        name = f"endpoint {service_of(endpoint)}"
        yield RemainingCapacity(
            name, "zones", left=len(zones), needed=1, fix="Use two zones or more."
        )


def without_gateway(scenario: Scenario, zone: str) -> Iterator[RemainingCapacity]:
    """Remaining egress after the loss of a zone's NAT gateway.

    NAT gateways of other zones and endpoints remain.
    """
    yield _ways_out(scenario, zone)
    required = set(get_args(InterfaceEndpoint))
    found = {
        service_of(endpoint)
        for endpoint in endpoints(scenario.platform)
        if endpoint["PrivateDnsEnabled"] is True
    }
    missing = ", ".join(sorted(required - found))
    fix = f"Set network.interface_endpoints to all; {missing} would be unreachable."
    yield RemainingCapacity(
        "tasks and pods of the zone",
        "reachable AWS APIs",
        left=len(required & found),
        needed=len(required),
        fix=fix,
    )
    tables = {route_table(subnet) for subnet in application_subnets(scenario.platform)}
    bucket_ways = {
        table
        for gateway in endpoints(scenario.platform, "Gateway")
        for table in gateway.targets("RouteTableIds")
    }
    fix = "Associate the gateway endpoint of S3 with all route tables of the application subnets."
    yield RemainingCapacity(
        "tasks and pods of the zone",
        "routes to S3",
        left=len(tables & bucket_ways),
        needed=len(tables),
        fix=fix,
    )


def _ways_out(scenario: Scenario, zone: str) -> RemainingCapacity:
    """Other zones with a NAT gateway outside this zone."""
    others = set(scenario.settings.zones) - {zone}
    subnets = [
        subnet
        for subnet in application_subnets(scenario.platform)
        if subnet["AvailabilityZone"] in others
    ]
    left = sum(gateway_zone(subnet) not in (None, zone) for subnet in subnets)
    fix = "Give each zone its own NAT gateway: network.nat_gateways."
    return RemainingCapacity(
        "nat gateways", "zones with egress", left=left, needed=len(others), fix=fix
    )


def application_subnets(platform: Assembly) -> list[Resource]:
    return [
        subnet
        for subnet in platform.some("AWS::EC2::Subnet")
        if subnet.tags["aws-cdk:subnet-name"] == "application"
    ]


def route_table(subnet: Resource) -> Resource | None:
    (association,) = subnet.platform.users_of(subnet, "AWS::EC2::SubnetRouteTableAssociation")
    return association.target("RouteTableId")


def gateway_zone(subnet: Resource) -> str | None:
    """Return the zone of the NAT gateway that a subnet routes to."""
    table = route_table(subnet)
    for route in subnet.platform.some("AWS::EC2::Route"):
        gateway = route.target("NatGatewayId") if route.target("RouteTableId") is table else None
        public = gateway.target("SubnetId") if gateway else None
        if public:
            return str(public["AvailabilityZone"])
    return None


def endpoints(platform: Assembly, kind: str = "Interface") -> list[Resource]:
    return [endpoint for endpoint in platform.some(ENDPOINT) if endpoint["VpcEndpointType"] == kind]


def service_of(endpoint: Resource) -> str:
    """Return the name of an AWS service without prefix."""
    return endpoint.text("ServiceName").split(".", maxsplit=3)[-1]

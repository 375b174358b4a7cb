"""VPC with three tiers of subnets and their routes."""

from collections.abc import Sequence
from ipaddress import IPv4Network

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from spotmusic_constructs.acknowledge import acknowledge

PUBLIC = "public"
APPLICATION = "application"
DATA = "data"

_ZONES_WITH_ADDRESSES = 4
"""Zones with reserved addresses: adding a zone moves no subnet. No supported region has more usable
zones."""
_APPLICATION_STEPS = 4
"""An application subnet is a sixteenth of the VPC: 4,096 addresses of a /16, one for each pod (EKS
best practices, networking)."""
_SMALL_STEPS = 8
"""Public and data subnets are a 256th: 251 usable addresses of a /16 for NAT gateways, database and
cache nodes."""


class ThreeTierVpc(Construct):
    """VPC with three tiers: public, application (NAT) and data (no route to the Internet).

    Creates the VPC, a subnet of every tier in every zone, an internet gateway, NAT gateways and the
    route tables, and closes the default security group. From a /16 the addresses are, in this order
    and for four zones whether they exist or not:

    | tier          | each   | together    | default route            |
    |---------------|--------|-------------|--------------------------|
    | `application` | /20    | 0.0/18      | NAT gateway              |
    | `data`        | /24    | 64.0/22     | none                     |
    | `public`      | /24    | 68.0/22     | internet gateway         |
    | free          |        | 72.0 to end | 72% for further tiers    |

    No subnet assigns public addresses. The internet gateway also serves CloudFront, which requires
    one for VPC origins even without a route (Amazon CloudFront developer guide, VPC origins).

    Args:
        cidr: IPv4 range, /16 to /18. Smaller ranges scale every subnet alike.
        availability_zones: availability zones, at most four.
        nat_gateways: NAT gateways: one, or one in every zone, in which case each application subnet
            uses that of its own zone.

    Raises:
        ValueError: if the range is not between /16 and /18, or there are more than four zones.

    Example:
        network = ThreeTierVpc(self, "Network", cidr="10.40.0.0/16", nat_gateways=3,
                               availability_zones=["sa-east-1a", "sa-east-1b", "sa-east-1c"])
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cidr: str,
        availability_zones: Sequence[str],
        nat_gateways: int = 1,
    ) -> None:
        super().__init__(scope, construct_id)
        prefix = _checked_prefix(cidr)
        if len(availability_zones) > _ZONES_WITH_ADDRESSES:
            raise ValueError(
                f"{len(availability_zones)} zones: at most {_ZONES_WITH_ADDRESSES} have addresses. "
                "Remove some."
            )

        self.vpc = ec2.Vpc(
            self,
            "Vpc",
            ip_addresses=ec2.IpAddresses.cidr(cidr),
            availability_zones=list(availability_zones),
            reserved_azs=_ZONES_WITH_ADDRESSES - len(availability_zones),
            nat_gateways=nat_gateways,
            subnet_configuration=[
                _tier(APPLICATION, ec2.SubnetType.PRIVATE_WITH_EGRESS, prefix + _APPLICATION_STEPS),
                _tier(DATA, ec2.SubnetType.PRIVATE_ISOLATED, prefix + _SMALL_STEPS),
                ec2.SubnetConfiguration(
                    name=PUBLIC,
                    subnet_type=ec2.SubnetType.PUBLIC,
                    cidr_mask=prefix + _SMALL_STEPS,
                    map_public_ip_on_launch=False,
                ),
            ],
            # CloudFormation cannot remove the rules of the default group. CDK's function does, and
            # may change only this group.
            restrict_default_security_group=True,
        )
        self._tag_for_kubernetes()
        self._acknowledge_internet_routes()

    def _tag_for_kubernetes(self) -> None:
        """Tag subnets for load balancers of Kubernetes (EKS user guide, subnet tags)."""
        for subnet in self.vpc.public_subnets:
            cdk.Tags.of(subnet).add("kubernetes.io/role/elb", "1")
        for subnet in self.vpc.private_subnets:
            cdk.Tags.of(subnet).add("kubernetes.io/role/internal-elb", "1")

    def _acknowledge_internet_routes(self) -> None:
        reason = (
            "Public subnets contain only NAT gateways and assign no public addresses; "
            "AWS APIs and registries are reached through NAT only."
        )
        for subnet in self.vpc.public_subnets:
            acknowledge(
                subnet, {"NIST.800.53.R5::NIST.800.53.R5-VPCNoUnrestrictedRouteToIGW": reason}
            )


def _checked_prefix(cidr: str) -> int:
    prefix = IPv4Network(cidr).prefixlen
    if not 16 <= prefix <= 18:
        raise ValueError(
            f"{cidr} is not between /16 and /18. Choose a range in between: AWS accepts at most a "
            "/16, and a range below /18 has too few addresses for the pods."
        )
    return prefix


def _tier(name: str, subnet_type: ec2.SubnetType, mask: int) -> ec2.SubnetConfiguration:
    return ec2.SubnetConfiguration(name=name, subnet_type=subnet_type, cidr_mask=mask)

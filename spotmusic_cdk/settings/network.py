"""The network section of an environment file."""

import re
from ipaddress import IPv4Network
from typing import Annotated, Literal, get_args

from pydantic import Field, StringConstraints, field_validator

from spotmusic_cdk.settings.model import LogDays, Model, Unordered
from spotmusic_cdk.settings.problem import shown

InterfaceEndpoint = Literal[
    "ecr.api",
    "ecr.dkr",
    "logs",
    "secretsmanager",
    "kms",
    "sts",
    "ssm",
    "eks",
    "eks-auth",
    "ec2",
    "elasticloadbalancing",
    "monitoring",
    "sqs",
]

PRIVATE = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
"""Ranges for networks of one's own (RFC 1918)."""


class NetworkSettings(Model):
    """Address space and the ways out of it."""

    cidr: str = "10.0.0.0/16"
    """IPv4 range of the VPC, /16 to /18: application subnets are four steps smaller (/20 of a /16) for one address per pod."""
    nat_gateways: Annotated[int, Field(ge=1, le=3)] = 1
    """NAT gateways; a production environment needs one per zone, so that a lost zone takes only its own way out."""
    interface_endpoints: Annotated[tuple[InterfaceEndpoint, ...], Unordered] | Literal["all"] = ()
    """AWS services reached without leaving the VPC. Each costs per zone and hour, so dev has none; `all` is every one we use."""
    flow_log_retention_days: LogDays = 365
    """Days that flow logs are kept."""

    @property
    def endpoints(self) -> tuple[InterfaceEndpoint, ...]:
        """The interface endpoints, one by one."""
        return get_args(InterfaceEndpoint) if self.interface_endpoints == "all" else self.interface_endpoints

    @field_validator("cidr")
    @classmethod
    def _cidr_is_large_enough(cls, value: str) -> str:
        try:
            network = IPv4Network(value)
        except ValueError:
            network = None
        # Python also takes a netmask after the slash, which CloudFormation does not.
        if network is None or not re.fullmatch(r"[0-9.]+/[0-9]{1,2}", value):
            raise ValueError(f"{shown(value)} is not an IPv4 network with a prefix length. Write one such as 10.20.0.0/16.")
        if not any(network.subnet_of(private) for private in PRIVATE):
            raise ValueError(f"{value} is not a private range. Use one within 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16.")
        if not 16 <= network.prefixlen <= 18:
            raise ValueError(f"{value} has no room for pods, or more than AWS takes. Use a /16, /17 or /18.")
        return value


class DomainSettings(Model):
    """The public name of the platform, and the certificates for it."""

    name: Annotated[str, StringConstraints(pattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$", max_length=46)]
    """Domain that listeners type, such as music.example: `services.internal.` before it makes the longest name of a certificate, and ACM
    takes 64 letters (RequestCertificate, DomainName)."""
    hosted_zone_id: Annotated[str, StringConstraints(pattern=r"^Z[A-Z0-9]{6,31}$")]
    """Id of the public Route 53 zone of that domain: it is written down, so that synthesis looks nothing up."""
    edge_certificate: (
        Annotated[str, StringConstraints(pattern=r"^arn:aws:acm:us-east-1:[0-9]{12}:certificate/[0-9A-Za-z-]{1,64}$")] | None
    ) = None
    """ARN of an ACM certificate in us-east-1 to use instead of one that the edge stack requests and validates by DNS."""

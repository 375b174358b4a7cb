"""Addresses of the application subnets, which tasks and pods share."""

from collections.abc import Iterator
from ipaddress import IPv4Network
from math import ceil

from spotmusic_cdk.settings.environment import Settings
from spotmusic_cdk.settings.model import Problem

SUBNETS = 16
"""Application subnets that fit into the range of the VPC: they are four steps smaller
(network/three_tier_vpc.py)."""
RESERVED = 5
"""Addresses of a subnet that AWS reserves (Amazon VPC user guide, subnet CIDR blocks)."""
OTHERS = 150
"""Addresses of a zone for other pods, nodes, endpoints and load balancers. An assumption."""


def room(settings: Settings) -> int:
    """Return the addresses of the application subnet of a zone."""
    return IPv4Network(settings.network.cidr).num_addresses // SUBNETS - RESERVED


def needed(settings: Settings) -> int:
    """Return the maximum number of addresses in a zone: one for each task, and twice the tasks of a
    service during its deployment.
    """
    tasks = sum(2 * service.scaling.max for service in settings.running.services.values())
    pods = settings.kubernetes.kong.max_replicas + settings.kubernetes.keycloak.replicas
    return ceil((tasks + pods) / len(settings.zones)) + OTHERS


def problems(settings: Settings) -> Iterator[Problem]:
    """Find environments with more tasks than addresses."""
    if settings.zones and needed(settings) > room(settings):
        wrong = (
            f"their tasks need up to {needed(settings)} addresses in a zone, and "
            f"{settings.network.cidr} has {room(settings)}"
        )
        yield Problem(
            "services",
            wrong,
            "Lower scaling.max, or move some to another environment; a new one may have a /16.",
        )

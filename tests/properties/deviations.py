"""What an environment does without, property by property. Production does without nothing."""

from dataclasses import dataclass
from typing import get_args

from spotmusic_cdk.settings.network import InterfaceEndpoint


@dataclass(frozen=True, kw_only=True)
class Deviation:
    """Resources of an environment that do not keep a promise, and why that is right.

    Args:
        resources: names as a failing test shows them; `*` stands for anything.
        reason: what the environment gains, and why nobody is hurt.
    """

    resources: tuple[str, ...]
    reason: str


NO_UPSTREAM_ACCOUNTS = (
    "ECR caches Docker Hub and GitHub only with an account there, which a developer should not need; their images come straight from "
    "upstream by exact tags, and the synthesis warns."
)

NO_STANDBY = (
    "A second machine would double what it costs. Developers wait while a lost zone is restored (docs/recovery.md), and nobody else."
)

DEVIATIONS: dict[int, dict[str, Deviation]] = {
    1: {
        "dev": Deviation(
            resources=("network/SecurityGroupscloudfronttogatewayloadbalancer80ingress",),
            reason="Without a domain, which a developer should not need, no certificate can be had; CloudFront comes by a private path.",
        )
    },
    8: {
        "dev": Deviation(
            resources=("network/NetworkVpcapplicationSubnet2*", "network/NetworkVpcapplicationSubnet3*"),
            reason="A gateway costs by the hour whether used or not: one serves three zones, and developers wait when its zone is lost.",
        )
    },
    10: {
        "dev": Deviation(
            resources=tuple(f"network/{service}" for service in get_args(InterfaceEndpoint)),
            reason="Endpoints cost per zone and hour whether used or not, and there are a dozen. Calls leave through NAT, over TLS.",
        )
    },
    22: {"dev": Deviation(resources=("* docker.io/*", "* ghcr.io/*"), reason=NO_UPSTREAM_ACCOUNTS)},
    23: {"dev": Deviation(resources=("registry/docker.io", "registry/ghcr.io"), reason=NO_UPSTREAM_ACCOUNTS)},
    36: {"dev": Deviation(resources=("data/CatalogueInstance", "data/IdentityInstance"), reason=NO_STANDBY)},
    37: {
        environment: Deviation(
            resources=("data/CatalogueInstance DeletionProtection", "data/IdentityInstance DeletionProtection"),
            reason="No listener depends on it and it may be taken down by its stack alone, which leaves a last snapshot.",
        )
        for environment in ("dev", "staging")
    },
    52: {"dev": Deviation(resources=("data/CacheReplicationGroup replicas",), reason=NO_STANDBY)},
}

"""Declared deviations of environments from the promises. Production has none."""

from dataclasses import dataclass
from typing import get_args

from spotmusic_cdk.settings.network import InterfaceEndpoint


@dataclass(frozen=True, kw_only=True)
class Deviation:
    """Resources of an environment that break a promise, with the reason.

    Args:
        resources: names as a failing test shows them; `*` matches any text.
        reason: benefit for the environment, and why listeners are not affected.
        needed: whether the deviation fails when the resources keep the promise.
    """

    resources: tuple[str, ...]
    reason: str
    needed: bool = True


NO_UPSTREAM_ACCOUNTS = (
    "ECR caches Docker Hub and GitHub only with credentials, which dev does not need. Nodes pull "
    "these images by exact tag, and the synthesis warns."
)

NO_STANDBY = (
    "A standby doubles the cost. Only developers wait while a lost zone is restored "
    "(docs/recovery.md)."
)

APPLICATION_LOAD_BALANCERS = ("network/GatewayLoadBalancer", "ecs-services/LoadBalancer")

NO_CERTIFICATE = (
    "Without a domain there is no certificate. "
    "Load balancers are internal, and CloudFront reaches them through a VPC origin."
)

TAKEN_DOWN_AT_ONCE = "A load balancer holds no data, and may be deleted in one step."

DEVIATIONS: dict[int, dict[str, Deviation]] = {
    1: {
        "dev": Deviation(
            resources=("network/SecurityGroupscloudfronttogatewayloadbalancer80ingress",),
            reason=NO_CERTIFICATE,
        )
    },
    8: {
        "dev": Deviation(
            resources=(
                "network/NetworkVpcapplicationSubnet2*",
                "network/NetworkVpcapplicationSubnet3*",
            ),
            reason=(
                "A NAT gateway is charged by the hour: one serves three zones. "
                "Only developers wait when its zone is lost."
            ),
        )
    },
    10: {
        "dev": Deviation(
            resources=tuple(f"network/{service}" for service in get_args(InterfaceEndpoint)),
            reason="Endpoints are charged per zone and hour. Calls leave through NAT, over TLS.",
        )
    },
    22: {"dev": Deviation(resources=("* docker.io/*", "* ghcr.io/*"), reason=NO_UPSTREAM_ACCOUNTS)},
    23: {
        "dev": Deviation(
            resources=("registry/docker.io", "registry/ghcr.io"), reason=NO_UPSTREAM_ACCOUNTS
        )
    },
    36: {
        "dev": Deviation(
            resources=("data/CatalogueInstance", "data/IdentityInstance"), reason=NO_STANDBY
        )
    },
    37: {
        environment: Deviation(
            resources=(
                "data/CatalogueInstance DeletionProtection",
                "data/IdentityInstance DeletionProtection",
            ),
            reason="The database may be deleted with its stack, which leaves a final snapshot.",
        )
        for environment in ("dev", "staging")
    },
    52: {"dev": Deviation(resources=("data/CacheReplicationGroup replicas",), reason=NO_STANDBY)},
    72: {
        "dev": Deviation(
            resources=("ecs-services/*Service minimum",),
            reason=(
                "A task is charged by the hour. Only developers wait while ECS starts one in "
                "another zone."
            ),
        )
    },
    91: {
        environment: Deviation(
            resources=("eks-platform/KubernetesCluster DeletionProtection",),
            reason="The cluster may be deleted with its stack; volumes of brokers remain (P-105).",
        )
        for environment in ("dev", "staging")
    },
    100: {
        "dev": Deviation(resources=("* docker.io/*", "* ghcr.io/*"), reason=NO_UPSTREAM_ACCOUNTS)
    },
    104: {
        "dev": Deviation(
            resources=("kong service *",),
            reason=NO_CERTIFICATE,
        )
    },
    109: {
        "dev": Deviation(
            resources=("edge/Distribution certificate",),
            reason=(
                "Without a domain, CloudFront has its own certificate, with the TLS version that "
                "AWS sets."
            ),
        )
    },
    110: {
        "dev": Deviation(
            resources=(
                "edge/DistributionGateway",
                "edge/DistributionGateway certificate",
                "network/SecurityGroupscloudfronttogatewayloadbalancer80ingress",
            ),
            reason=NO_CERTIFICATE,
        )
    },
    115: {
        "dev": Deviation(
            resources=(
                *(f"{balancer} deletion" for balancer in APPLICATION_LOAD_BALANCERS),
                *(f"{balancer}Listener" for balancer in APPLICATION_LOAD_BALANCERS),
            ),
            reason=f"{NO_CERTIFICATE} {TAKEN_DOWN_AT_ONCE}",
        ),
        "staging": Deviation(
            resources=tuple(f"{balancer} deletion" for balancer in APPLICATION_LOAD_BALANCERS),
            reason=TAKEN_DOWN_AT_ONCE,
        ),
    },
    116: {
        "dev": Deviation(
            resources=(
                "eks-platform/BrokersLoadBalancer deletion",
                *(
                    f"eks-platform/BrokersLoadBalancer{listener}"
                    for listener in (
                        "KafkaBootstrap",
                        "KafkaBroker?",
                        "SchemaRegistry",
                        "Amqp",
                        "Management",
                    )
                ),
            ),
            reason=(
                "Listeners pass TCP to the brokers, which encrypt by the platform's own authority. "
                f"{TAKEN_DOWN_AT_ONCE}"
            ),
        ),
        "staging": Deviation(
            resources=("eks-platform/BrokersLoadBalancer deletion",), reason=TAKEN_DOWN_AT_ONCE
        ),
    },
    125: {
        environment: Deviation(
            resources=("protection of *",),
            reason=(
                "A stack may be deleted and created again. "
                "Resources with data have their own policies."
            ),
        )
        for environment in ("dev", "staging")
    },
}

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
    "ECR caches Docker Hub and GitHub only with an account there, which a developer should not need; their images come straight from "
    "upstream by exact tags, and the synthesis warns."
)

NO_STANDBY = "A second machine would double what it costs. Only developers wait while a lost zone is restored (docs/recovery.md)."

APPLICATION_LOAD_BALANCERS = ("network/GatewayLoadBalancer", "ecs-services/LoadBalancer")

NO_CERTIFICATE = "A certificate is for a domain, which a developer should not need. Load balancers are internal, and CloudFront comes by a private path."

TAKEN_DOWN_AT_ONCE = (
    "It has no listeners and may be deleted in one step; a load balancer holds no data."
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
            resources=(
                "network/NetworkVpcapplicationSubnet2*",
                "network/NetworkVpcapplicationSubnet3*",
            ),
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
            reason="It has no listeners and may be deleted with its stack, which leaves a final snapshot.",
        )
        for environment in ("dev", "staging")
    },
    52: {"dev": Deviation(resources=("data/CacheReplicationGroup replicas",), reason=NO_STANDBY)},
    72: {
        "dev": Deviation(
            resources=("ecs-services/*Service minimum",),
            reason="A task costs by the hour. Only developers wait for some minutes while ECS starts one in another zone.",
        )
    },
    91: {
        environment: Deviation(
            resources=("eks-platform/KubernetesCluster DeletionProtection",),
            reason="It costs by the hour and may be deleted with its stack; volumes of brokers outlive it (P-105).",
        )
        for environment in ("dev", "staging")
    },
    100: {
        "dev": Deviation(resources=("* docker.io/*", "* ghcr.io/*"), reason=NO_UPSTREAM_ACCOUNTS)
    },
    104: {
        "dev": Deviation(
            resources=("kong service *",),
            reason="Without a domain, which a developer should not need, services have no certificate; the gateway calls them in the VPC.",
        )
    },
    109: {
        "dev": Deviation(
            resources=("edge/Distribution certificate",),
            reason="Without a domain, which a developer should not need, CloudFront shows its own certificate, with TLS as AWS fixes it.",
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
            reason="Its listeners pass TCP on to brokers, who speak TLS themselves by the platform's own authority: a public certificate "
            f"is for a domain, which a developer should not need. {TAKEN_DOWN_AT_ONCE}",
        ),
        "staging": Deviation(
            resources=("eks-platform/BrokersLoadBalancer deletion",), reason=TAKEN_DOWN_AT_ONCE
        ),
    },
    125: {
        environment: Deviation(
            resources=("protection of *",),
            reason="It may be deleted and created again, and costs nothing in between. Resources with data have their own policies.",
        )
        for environment in ("dev", "staging")
    },
}

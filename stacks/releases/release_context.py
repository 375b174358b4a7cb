"""Where releases go, and what they are made from."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_secretsmanager as secretsmanager

from spotmusic_cdk.settings import Settings
from spotmusic_constructs.gateway.gateway_load_balancer import GatewayLoadBalancer
from spotmusic_constructs.kubernetes.cluster import KubernetesCluster
from spotmusic_constructs.network.flows import Flow
from spotmusic_constructs.streaming.broker_load_balancer import BrokerLoadBalancer
from stacks.data import DataStack
from stacks.environment_stack import EnvironmentStack
from stacks.network import NetworkStack
from stacks.registry import RegistryStack
from stacks.secrets import SecretsStack

CHARTS = Path(__file__).parents[2] / "charts"
"""Charts of our own."""


@dataclass(frozen=True, kw_only=True)
class ReleaseContext:
    """What the releases of the EKS platform have in common.

    Args:
        stack: stack of the cluster, in which they are.
        settings: the environment, without what is retired.
        flows: table of flows.
        network: for subnets and security groups of pods.
        registry: for the names of images.
        secrets: for the secrets that pods read.
        data: for database and cache.
        platform: the cluster.
        gateway: load balancer that Kong joins.
        brokers: load balancer that Redpanda and RabbitMQ join.
        redpanda_license: the licence of Redpanda, where the settings name one.
    """

    stack: EnvironmentStack
    settings: Settings
    flows: Sequence[Flow]
    network: NetworkStack
    registry: RegistryStack
    secrets: SecretsStack
    data: DataStack
    platform: KubernetesCluster
    gateway: GatewayLoadBalancer
    brokers: BrokerLoadBalancer
    redpanda_license: secretsmanager.ISecret | None

    @property
    def redpanda_users(self) -> dict[str, secretsmanager.ISecret]:
        """Secret of each service that talks to events; of what is retired the secrets stack alone keeps it."""
        return _of(self.settings.services_talking_to("events"), self.secrets.secrets.redpanda_users)

    @property
    def rabbitmq_users(self) -> dict[str, secretsmanager.ISecret]:
        """The same for tasks."""
        return _of(self.settings.services_talking_to("tasks"), self.secrets.secrets.rabbitmq_users)

    @property
    def cluster(self) -> eks.ICluster:
        """The cluster itself."""
        return self.platform.cluster


def _of(names: Iterable[str], users: Mapping[str, secretsmanager.ISecret]) -> dict[str, secretsmanager.ISecret]:
    return {name: users[name] for name in names}

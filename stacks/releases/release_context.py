"""Context of Helm releases: cluster, settings and other stacks."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_secretsmanager as secretsmanager

from spotmusic_cdk.settings import Settings
from spotmusic_constructs.kubernetes.cluster import KubernetesCluster
from spotmusic_constructs.network.flows import Flow
from spotmusic_constructs.streaming.broker_load_balancer import BrokerLoadBalancer
from stacks.data_values import DataValues
from stacks.environment_stack import EnvironmentStack
from stacks.network import NetworkStack
from stacks.registry import RegistryStack
from stacks.secrets import SecretsStack

CHARTS = Path(__file__).parents[2] / "charts"
"""Folder of the project's own charts."""


@dataclass(frozen=True, kw_only=True)
class ReleaseContext:
    """Common inputs of the releases of the EKS platform.

    Args:
        stack: stack of the cluster and the releases.
        settings: the environment, without retired services and words.
        flows: table of flows.
        network: subnets and security groups of pods.
        registry: names of images.
        secrets: secrets of pods.
        data: addresses and users of database and cache.
        platform: the cluster.
        brokers: load balancer of Redpanda and RabbitMQ.
        redpanda_license: licence of Redpanda, if the settings have one.
    """

    stack: EnvironmentStack
    settings: Settings
    flows: Sequence[Flow]
    network: NetworkStack
    registry: RegistryStack
    secrets: SecretsStack
    data: DataValues
    platform: KubernetesCluster
    brokers: BrokerLoadBalancer
    redpanda_license: secretsmanager.ISecret | None

    @property
    def redpanda_users(self) -> dict[str, secretsmanager.ISecret]:
        """Secrets of Redpanda's users by service, without retired services."""
        return _of(self.settings.services_talking_to("events"), self.secrets.secrets.redpanda_users)

    @property
    def rabbitmq_users(self) -> dict[str, secretsmanager.ISecret]:
        """Secrets of RabbitMQ's users by service."""
        return _of(self.settings.services_talking_to("tasks"), self.secrets.secrets.rabbitmq_users)

    @property
    def cluster(self) -> eks.ICluster:
        """EKS cluster."""
        return self.platform.cluster


def _of(
    names: Iterable[str], users: Mapping[str, secretsmanager.ISecret]
) -> dict[str, secretsmanager.ISecret]:
    return {name: users[name] for name in names}

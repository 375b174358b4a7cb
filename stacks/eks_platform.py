"""The EKS platform: the cluster, what runs on it, and the load balancers that lead to it."""

from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from spotmusic_cdk import flows, versions
from spotmusic_cdk.settings import Settings
from spotmusic_constructs.gateway.gateway_load_balancer import GatewayLoadBalancer
from spotmusic_constructs.kubernetes.cluster import KubernetesCluster
from spotmusic_constructs.kubernetes.kubectl import kubectl_layer
from spotmusic_constructs.messaging.rabbitmq import MANAGEMENT_PORT
from spotmusic_constructs.streaming.broker_load_balancer import BrokerLoadBalancer
from stacks.data import DataStack
from stacks.environment_stack import EnvironmentStack
from stacks.internal_certificate import internal_certificate
from stacks.network import NetworkStack
from stacks.platform_releases import release_platform
from stacks.registry import RegistryStack
from stacks.releases.release_context import ReleaseContext
from stacks.secrets import SecretsStack


class EksPlatformStack(EnvironmentStack):
    """Events, tasks, identity and the API gateway on Kubernetes, deployed in waves of which each needs the one before.

    Attributes:
        cluster: the EKS cluster.
        gateway: load balancer of the API gateway, which CloudFront reaches.
        brokers: load balancer of Redpanda and RabbitMQ, which services reach.
        last_wave: what monitoring waits for.
    """

    def __init__(
        self,
        scope: Construct,
        *,
        settings: Settings,
        network: NetworkStack,
        registry: RegistryStack,
        secrets: SecretsStack,
        data: DataStack,
    ) -> None:
        super().__init__(
            scope,
            "eks-platform",
            settings=settings,
            data_class="personal",
            description="Spotmusic: events, tasks, identity and API gateway",
        )
        self._settings, self._network, self._registry, self._secrets, self._data = settings.running, network, registry, secrets, data
        self._flows = flows.table(settings)
        self._cluster_name = settings.resource_prefix

        self.platform = self._make_cluster()
        self.cluster: eks.ICluster = self.platform.cluster
        certificate = internal_certificate(self, settings, host="*")
        self.gateway = self._make_gateway(certificate)
        self.brokers = self._make_brokers(certificate)
        self.last_wave: Construct = release_platform(self._context())

    def _context(self) -> ReleaseContext:
        return ReleaseContext(
            stack=self,
            settings=self._settings,
            flows=self._flows,
            network=self._network,
            registry=self._registry,
            secrets=self._secrets,
            data=self._data,
            platform=self.platform,
            gateway=self.gateway,
            brokers=self.brokers,
            redpanda_license=self._redpanda_license(),
        )

    def _redpanda_license(self) -> secretsmanager.ISecret | None:
        tiered = self._settings.kubernetes.redpanda.tiered_storage
        return secretsmanager.Secret.from_secret_complete_arn(self, "RedpandaLicense", tiered.license_secret) if tiered else None

    def _make_cluster(self) -> KubernetesCluster:
        kubernetes, groups, keys = self._settings.kubernetes, self._network.security_groups, self._secrets.keys
        platform = KubernetesCluster(
            self,
            "Kubernetes",
            name=self._cluster_name,
            version=kubernetes.version,
            kubectl_layer=kubectl_layer(self, "KubectlLayer", package=versions.KUBECTL_LAYERS[kubernetes.version]),
            vpc=self._network.vpc,
            control_plane_security_group=groups.of("kubernetes-control-plane"),
            kubectl_security_group=groups.of("kubectl"),
            key=keys.kubernetes,
            log_key=keys.logs,
            tag_keys=list(self.common_tags),
            log_retention_days=self._settings.observability.security_log_days,
            administrators=kubernetes.administrators,
            public_access_cidrs=kubernetes.public_access_cidrs,
            deletion_protection=self._settings.production,
        )
        self._registry.images.grant_pull(platform.node_role)
        return platform

    def _make_gateway(self, certificate: acm.ICertificate | None) -> GatewayLoadBalancer:
        return GatewayLoadBalancer(
            self,
            "Gateway",
            vpc=self._network.vpc,
            security_group=self._network.security_groups.of("gateway-load-balancer"),
            certificate=certificate,
            zone=self._network.private_zone,
            logs=self._data.logs.bucket,
            cluster_name=self._cluster_name,
            deletion_protection=self._settings.production,
        )

    def _make_brokers(self, certificate: acm.ICertificate | None) -> BrokerLoadBalancer:
        return BrokerLoadBalancer(
            self,
            "Brokers",
            vpc=self._network.vpc,
            security_group=self._network.security_groups.of("broker-load-balancer"),
            certificate=certificate,
            zone=self._network.private_zone,
            logs=self._data.logs.bucket,
            cluster_name=self._cluster_name,
            brokers=self._settings.kubernetes.redpanda.brokers,
            management=any(flow.target == "broker-load-balancer" and flow.port == MANAGEMENT_PORT for flow in self._flows),
            deletion_protection=self._settings.production,
        )

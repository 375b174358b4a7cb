"""The EKS platform: the cluster, what runs on it, and the load balancers that lead to it."""

from collections.abc import Iterable
from pathlib import Path

from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_route53 as route53
from constructs import Construct

from spotmusic_cdk import flows, versions
from spotmusic_cdk.namespaces import NAMESPACES
from spotmusic_cdk.settings import Settings
from spotmusic_constructs.gateway.gateway_load_balancer import GatewayLoadBalancer
from spotmusic_constructs.kubernetes.cluster import KubernetesCluster
from spotmusic_constructs.kubernetes.ground import Ground
from spotmusic_constructs.kubernetes.helm_release import LocalChart
from spotmusic_constructs.kubernetes.kubectl import kubectl_layer
from spotmusic_constructs.network.flows import Flow
from spotmusic_constructs.streaming.broker_load_balancer import BrokerLoadBalancer
from stacks.data import DataStack
from stacks.environment_stack import EnvironmentStack
from stacks.network import NetworkStack
from stacks.registry import RegistryStack
from stacks.secrets import SecretsStack

CHARTS = Path(__file__).parent.parent / "charts"


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
        kubernetes = settings.kubernetes
        table = flows.table(settings)
        certificate = _certificate(self, settings)
        self.platform = KubernetesCluster(
            self,
            "Kubernetes",
            name=f"spotmusic-{settings.name}",
            version=kubernetes.version,
            kubectl_layer=kubectl_layer(self, "KubectlLayer", package=versions.KUBECTL_LAYERS[kubernetes.version]),
            vpc=network.vpc,
            control_plane_security_group=network.security_groups.of("kubernetes-control-plane"),
            kubectl_security_group=network.security_groups.of("kubectl"),
            key=secrets.keys.kubernetes,
            log_key=secrets.keys.logs,
            log_retention_days=settings.observability.security_log_days,
            administrators=kubernetes.administrators,
            public_endpoint=kubernetes.endpoint == "public_and_private",
            deletion_protection=settings.production,
        )
        self.cluster: eks.ICluster = self.platform.cluster
        self.gateway = GatewayLoadBalancer(
            self,
            "Gateway",
            vpc=network.vpc,
            security_group=network.security_groups.of("gateway-load-balancer"),
            certificate=certificate,
            zone=network.private_zone,
            logs=data.logs.bucket,
            cluster_name=f"spotmusic-{settings.name}",
            port=flows.KONG_PROXY,
            health_port=flows.KONG_STATUS,
            deletion_protection=settings.production,
        )
        self.brokers = BrokerLoadBalancer(
            self,
            "Brokers",
            vpc=network.vpc,
            security_group=network.security_groups.of("broker-load-balancer"),
            certificate=certificate,
            zone=network.private_zone,
            logs=data.logs.bucket,
            cluster_name=f"spotmusic-{settings.name}",
            brokers=kubernetes.redpanda.brokers,
            kafka_bootstrap_port=flows.KAFKA_BOOTSTRAP,
            kafka_first_broker_port=flows.KAFKA_FIRST_BROKER,
            kafka_target_port=flows.KAFKA_EXTERNAL_LISTENER,
            amqp_port=flows.AMQPS,
            management_port=_management_port(table),
            deletion_protection=settings.production,
        )
        ground = Ground(
            self,
            "Ground",
            cluster=self.cluster,
            chart=LocalChart(path=CHARTS / "ground"),
            kubernetes_version=kubernetes.version,
            node_role=self.platform.node_role,
            subnets=network.vpc.select_subnets(subnet_group_name="application").subnets,
            node_security_group=network.security_groups.of(flows.NODES),
            key=secrets.keys.kubernetes,
            namespaces=NAMESPACES,
            flows=table,
            vpc_cidr=settings.network.cidr,
            spot=not settings.production,
            after=[self.platform.node_access],
        )
        self.last_wave: Construct = ground


def _management_port(table: Iterable[Flow]) -> int | None:
    """The listener of RabbitMQ's management API, where the table lets anybody through to it."""
    asked = any(flow.target == "broker-load-balancer" and flow.port == flows.RABBITMQ_MANAGEMENT for flow in table)
    return flows.RABBITMQ_MANAGEMENT if asked else None


def _certificate(scope: Construct, settings: Settings) -> acm.ICertificate | None:
    """The certificate of the addresses inside, where a public domain proves that they are ours."""
    if settings.domain is None:
        return None
    zone = route53.HostedZone.from_hosted_zone_attributes(
        scope, "PublicZone", hosted_zone_id=settings.domain.hosted_zone_id, zone_name=settings.domain.name
    )
    return acm.Certificate(
        scope,
        "Certificate",
        domain_name=f"*.{settings.private_domain}",
        validation=acm.CertificateValidation.from_dns(zone),
        key_algorithm=acm.KeyAlgorithm.EC_PRIME256_V1,
    )

"""Stack eks-platform: the cluster, its releases and its load balancers."""

from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_route53_targets as targets
from constructs import Construct

from spotmusic_cdk import flows, versions
from spotmusic_cdk.settings import Settings
from spotmusic_constructs.arns import secret_handle
from spotmusic_constructs.kubernetes.cluster import KubernetesCluster
from spotmusic_constructs.kubernetes.kubectl import kubectl_layer
from spotmusic_constructs.messaging.rabbitmq import MANAGEMENT_PORT
from spotmusic_constructs.streaming.broker_load_balancer import BrokerLoadBalancer
from stacks.data_values import read
from stacks.environment_stack import EnvironmentStack
from stacks.internal_certificate import internal_certificate
from stacks.network import NetworkStack
from stacks.platform_releases import release_platform
from stacks.registry import RegistryStack
from stacks.releases.release_context import ReleaseContext
from stacks.secrets import SecretsStack


class EksPlatformStack(EnvironmentStack):
    """Events, tasks, identity and the API gateway on Kubernetes, in ordered waves.

    Attributes:
        platform: construct of the cluster.
        cluster: the EKS cluster.
        brokers: load balancer of Redpanda and RabbitMQ, for services.
        last_wave: construct after which monitoring is deployed.
    """

    def __init__(
        self,
        scope: Construct,
        *,
        settings: Settings,
        network: NetworkStack,
        registry: RegistryStack,
        secrets: SecretsStack,
    ) -> None:
        description = "Spotmusic: events, tasks, identity and API gateway"
        super().__init__(
            scope, "eks-platform", settings=settings, data_class="personal", description=description
        )
        table = flows.table(settings)
        name, production = settings.resource_prefix, settings.production
        groups, running = network.security_groups, settings.running
        kubernetes, tiered = running.kubernetes, running.kubernetes.redpanda.tiered_storage

        self.platform = KubernetesCluster(
            self,
            "Kubernetes",
            name=name,
            kubernetes_version=kubernetes.version,
            kubectl_layer=kubectl_layer(
                self, "KubectlLayer", package=versions.KUBERNETES[kubernetes.version].layer.package
            ),
            vpc=network.vpc,
            control_plane_security_group=groups.of(flows.API_SERVER),
            kubectl_security_group=groups.of("kubectl"),
            key=secrets.keys.kubernetes,
            log_key=secrets.keys.logs,
            tag_keys=list(self.common_tags),
            log_retention=self.log_retention.security,
            administrators=kubernetes.administrators,
            public_access_cidrs=kubernetes.public_access_cidrs,
            deletion_protection=production,
        )
        registry.images.grant_pull(self.platform.node_role)
        self.cluster: eks.ICluster = self.platform.cluster
        certificate = internal_certificate(self, settings, host="*")
        # Version 0.1.0 had the load balancer in this stack. Two stacks cannot have the same record.
        route53.ARecord(
            Construct(self, "Gateway"),
            "Address",
            zone=network.private_zone,
            record_name="gateway",
            target=route53.RecordTarget.from_alias(
                targets.LoadBalancerTarget(network.gateway.load_balancer)
            ),
        )
        self.brokers = BrokerLoadBalancer(
            self,
            "Brokers",
            vpc=network.vpc,
            security_group=groups.of(flows.BROKERS),
            certificate=certificate,
            hosted_zone=network.private_zone,
            access_logs=network.balancer_logs,
            cluster_name=name,
            brokers=kubernetes.redpanda.brokers,
            management=any(
                flow.target == flows.BROKERS and flow.port == MANAGEMENT_PORT for flow in table
            ),
            deletion_protection=production,
        )
        license_ = secret_handle(self, "RedpandaLicense", tiered.license_secret) if tiered else None
        context = ReleaseContext(
            stack=self,
            settings=running,
            flows=table,
            network=network,
            registry=registry,
            secrets=secrets,
            data=read(self, settings=settings, secrets=secrets, after=self.cluster),
            platform=self.platform,
            brokers=self.brokers,
            redpanda_license=license_,
        )
        self.last_wave: Construct = release_platform(context)

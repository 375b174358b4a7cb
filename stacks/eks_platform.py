"""The EKS platform: the cluster, what runs on it, and the load balancers that lead to it."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct, IConstruct

from spotmusic_cdk import flows, versions
from spotmusic_cdk.namespaces import namespaces
from spotmusic_cdk.settings import Settings
from spotmusic_constructs.gateway.declarative_config import GatewayRoute
from spotmusic_constructs.gateway.gateway_load_balancer import GatewayLoadBalancer
from spotmusic_constructs.gateway.kong import Kong
from spotmusic_constructs.gateway.plugins import RateLimit, TokenCheck
from spotmusic_constructs.identity.keycloak import PATH, Keycloak
from spotmusic_constructs.identity.rds_ca import rds_ca
from spotmusic_constructs.identity.realm_configuration import RealmConfiguration
from spotmusic_constructs.kubernetes.bindings import Binding, Bindings, broker_bindings
from spotmusic_constructs.kubernetes.cert_manager import CertManager
from spotmusic_constructs.kubernetes.cluster import KubernetesCluster
from spotmusic_constructs.kubernetes.external_secrets import ExternalSecretsOperator
from spotmusic_constructs.kubernetes.ground import Ground
from spotmusic_constructs.kubernetes.helm_release import LocalChart
from spotmusic_constructs.kubernetes.kubectl import kubectl_layer
from spotmusic_constructs.kubernetes.metrics_server import MetricsServer
from spotmusic_constructs.kubernetes.prometheus_crds import PrometheusCrds
from spotmusic_constructs.kubernetes.trust import Trust
from spotmusic_constructs.messaging.rabbitmq import RabbitMQ
from spotmusic_constructs.messaging.rabbitmq_operators import RabbitMQOperators
from spotmusic_constructs.messaging.task_topology import TaskTopology
from spotmusic_constructs.messaging.topology import TaskQueue, Topology
from spotmusic_constructs.network.flows import Flow
from spotmusic_constructs.streaming.broker_load_balancer import BrokerLoadBalancer
from spotmusic_constructs.streaming.redpanda import LABELS as REDPANDA_LABELS
from spotmusic_constructs.streaming.redpanda import Redpanda
from spotmusic_constructs.streaming.redpanda_access import RedpandaAccess, Topic
from spotmusic_constructs.streaming.tiered_storage import TieredStorage
from stacks.data import DataStack
from stacks.environment_stack import EnvironmentStack
from stacks.network import NetworkStack
from stacks.realm import realm_of, secrets_of
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
        self._settings, self._network, self._registry, self._secrets, self._data = settings, network, registry, secrets, data
        self._flows = flows.table(settings)
        self._licenses = self._redpanda_licenses()
        self._cluster_name = f"spotmusic-{settings.name}"

        self.platform = self._make_cluster()
        self.cluster: eks.ICluster = self.platform.cluster
        certificate = self._certificate()
        self.gateway = self._make_gateway(certificate)
        self.brokers = self._make_brokers(certificate)
        self.last_wave: Construct = self._release_waves()

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
            log_retention_days=self._settings.observability.security_log_days,
            administrators=kubernetes.administrators,
            public_endpoint=kubernetes.endpoint == "public_and_private",
            deletion_protection=self._settings.production,
        )
        self._registry.images.grant_pull(platform.node_role)
        return platform

    def _certificate(self) -> acm.ICertificate | None:
        """The certificate of the addresses inside, where a public domain proves that they are ours."""
        domain = self._settings.domain
        if domain is None:
            return None
        zone = route53.HostedZone.from_hosted_zone_attributes(
            self, "PublicZone", hosted_zone_id=domain.hosted_zone_id, zone_name=domain.name
        )
        return acm.Certificate(
            self,
            "Certificate",
            domain_name=f"*.{self._settings.private_domain}",
            validation=acm.CertificateValidation.from_dns(zone),
        )

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
            port=flows.KONG_PROXY,
            health_port=flows.KONG_STATUS,
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
            kafka_bootstrap_port=flows.KAFKA_BOOTSTRAP,
            kafka_first_broker_port=flows.KAFKA_FIRST_BROKER,
            kafka_target_port=flows.KAFKA_EXTERNAL_LISTENER,
            schema_registry_port=flows.SCHEMA_REGISTRY,
            schema_registry_target_port=flows.SCHEMA_REGISTRY_EXTERNAL_LISTENER,
            amqp_port=flows.AMQPS,
            management_port=_management_port(self._flows),
            deletion_protection=self._settings.production,
        )

    def _release_waves(self) -> Construct:
        """Releases everything in the order in which one needs the other, and returns the last of it."""
        ground = self._lay_ground()
        MetricsServer(self, "MetricsServer", cluster=self.cluster, version=versions.METRICS_SERVER_ADD_ON, after=[ground])
        foundations = self._release_foundations(ground)

        operators = RabbitMQOperators(
            self, "RabbitMQOperators", cluster=self.cluster, chart=versions.RABBITMQ_OPERATORS, images=self._registry.images
        )
        redpanda = self._release_redpanda()
        keycloak = self._release_keycloak()
        rabbitmq = self._release_rabbitmq(after=[operators])
        self._release_task_topology(rabbitmq)
        realm = self._release_realm(keycloak)
        kong = self._release_kong(keycloak)
        components = (redpanda, keycloak, realm, rabbitmq, kong)
        trust = Trust(
            self,
            "Trust",
            cluster=self.cluster,
            chart=LocalChart(path=CHARTS / "trust"),
            region=self._settings.region,
            certificates=[certificate for component in components for certificate in component.certificates],
            external_secrets=[secret for component in components for secret in component.external_secrets],
            authority_parameter=self._settings.authority_parameter,
            after=foundations,
        )
        for component in (operators, *components):
            component.node.add_dependency(trust)
        return self._bind(after=components)

    def _lay_ground(self) -> Ground:
        return Ground(
            self,
            "Ground",
            cluster=self.cluster,
            chart=LocalChart(path=CHARTS / "ground"),
            kubernetes_version=self._settings.kubernetes.version,
            node_role=self.platform.node_role,
            subnets=self._network.vpc.select_subnets(subnet_group_name="application").subnets,
            node_security_group=self._network.security_groups.of(flows.NODES),
            key=self._secrets.keys.kubernetes,
            namespaces=namespaces(self._settings),
            flows=self._flows,
            vpc_cidr=self._settings.network.cidr,
            spot=not self._settings.production,
            after=[self.platform.node_access],
        )

    def _release_foundations(self, ground: Ground) -> tuple[Construct, ...]:
        """The kinds of Prometheus, without which charts leave their monitors out, and then what makes certificates and Secrets."""
        images = self._registry.images
        kinds = PrometheusCrds(self, "PrometheusCrds", cluster=self.cluster, chart=versions.PROMETHEUS_OPERATOR_CRDS, after=[ground])
        cert_manager = CertManager(self, "CertManager", cluster=self.cluster, chart=versions.CERT_MANAGER, images=images, after=[kinds])
        external_secrets = ExternalSecretsOperator(
            self,
            "ExternalSecrets",
            cluster=self.cluster,
            chart=versions.EXTERNAL_SECRETS,
            images=images,
            secrets=self._synced_secrets(),
            authority_parameter_arn=self._authority_parameter_arn(),
            after=[kinds],
        )
        return (cert_manager, external_secrets)

    def _authority_parameter_arn(self) -> str | None:
        name = self._settings.authority_parameter
        return name and self.format_arn(service="ssm", resource="parameter", resource_name=name.removeprefix("/"))

    def _synced_secrets(self) -> tuple[secretsmanager.ISecret, ...]:
        """Every secret that a pod reads; Grafana's too, which the observability stack releases."""
        secrets = self._secrets.secrets
        return (
            secrets.redpanda_admin,
            *self._licenses,
            *secrets.redpanda_users.values(),
            secrets.rabbitmq_default_user,
            secrets.rabbitmq_monitor,
            *secrets.rabbitmq_users.values(),
            secrets.keycloak_admin,
            secrets.keycloak_automation,
            secrets.keycloak_clients,
            secrets.grafana_admin,
            *self._data.identity.users.values(),
            self._data.cache.users["kong"],
            *(
                secretsmanager.Secret.from_secret_complete_arn(self, f"RealmSecret{place}", arn)
                for place, arn in enumerate(dict.fromkeys(secrets_of(self._settings)))
            ),
        )

    def _redpanda_licenses(self) -> tuple[secretsmanager.ISecret, ...]:
        """The licence of Redpanda, where the settings name one."""
        tiered = self._settings.kubernetes.redpanda.tiered_storage
        return (secretsmanager.Secret.from_secret_complete_arn(self, "RedpandaLicense", tiered.license_secret),) if tiered else ()

    def _tiered_storage(self) -> TieredStorage | None:
        """Where Redpanda keeps older events, if it has a licence for that."""
        for license_secret in self._licenses:
            return TieredStorage(
                self,
                "TieredStorage",
                issuer_url=self.platform.issuer_url,
                license=license_secret,
                key=self._secrets.keys.kubernetes,
                access_logs=self._data.logs.bucket,
                removal_policy=cdk.RemovalPolicy.DESTROY if self._settings.deletes_data else cdk.RemovalPolicy.RETAIN,
            )
        return None

    def _release_redpanda(self) -> Redpanda:
        redpanda, secrets = self._settings.kubernetes.redpanda, self._secrets.secrets
        release = Redpanda(
            self,
            "Redpanda",
            cluster=self.cluster,
            chart=versions.REDPANDA,
            images=self._registry.images,
            admin=secrets.redpanda_admin,
            users=secrets.redpanda_users,
            host=self.brokers.address,
            brokers=redpanda.brokers,
            cpu=redpanda.cpu,
            memory_gib=redpanda.memory_gib,
            storage_gib=redpanda.storage_gib,
            minimum_replication=redpanda.minimum_replication,
            tiered_storage=self._tiered_storage(),
        )
        RedpandaAccess(
            self,
            "RedpandaAccess",
            cluster=self.cluster,
            chart=LocalChart(path=CHARTS / "redpanda-access"),
            image=self._registry.images.image(versions.REDPANDA.images["broker"]),
            users=secrets.redpanda_users,
            topics=[Topic(name=name, **topic.model_dump()) for name, topic in self._settings.topics.items()],
            minimum_replication=redpanda.minimum_replication,
            after=[release],
        )
        return release

    def _release_keycloak(self) -> Keycloak:
        settings, database, secrets = self._settings, self._data.identity, self._secrets.secrets
        return Keycloak(
            self,
            "Keycloak",
            cluster=self.cluster,
            chart=versions.KEYCLOAK,
            images=self._registry.images,
            public_url=settings.public_url,
            database_host=database.endpoint,
            database_port=database.port,
            database_ca=rds_ca(settings.region),
            database_user=database.users["keycloak"],
            admin=secrets.keycloak_admin,
            automation=secrets.keycloak_automation,
            vpc_cidr=settings.network.cidr,
            replicas=settings.kubernetes.keycloak.replicas,
        )

    def _release_realm(self, keycloak: Keycloak) -> RealmConfiguration:
        """The realm as the settings describe it, once Keycloak is there."""
        images, secrets = self._registry.images, self._secrets.secrets
        return RealmConfiguration(
            self,
            "Realm",
            cluster=self.cluster,
            chart=LocalChart(path=CHARTS / "realm"),
            config_image=images.image(versions.KEYCLOAK.images["config"]),
            keycloak_image=images.image(versions.KEYCLOAK.images["keycloak"]),
            url=f"{keycloak.url}{PATH}",
            realm=realm_of(self._settings),
            automation=secrets.keycloak_automation,
            clients=secrets.keycloak_clients,
            after=[keycloak],
        )

    def _release_rabbitmq(self, *, after: Sequence[IConstruct]) -> RabbitMQ:
        rabbitmq, secrets = self._settings.kubernetes.rabbitmq, self._secrets.secrets
        return RabbitMQ(
            self,
            "RabbitMQ",
            cluster=self.cluster,
            chart=LocalChart(path=CHARTS / "rabbitmq"),
            image=self._registry.images.image(versions.RABBITMQ_OPERATORS.images["rabbitmq"]),
            default_user=secrets.rabbitmq_default_user,
            users=secrets.rabbitmq_users,
            monitor=secrets.rabbitmq_monitor if self.brokers.management else None,
            host=self.brokers.address,
            memory_gib=rabbitmq.memory_gib,
            storage_gib=rabbitmq.storage_gib,
            after=after,
        )

    def _release_task_topology(self, rabbitmq: RabbitMQ) -> TaskTopology:
        """The queues as the settings describe them, once the nodes answer."""
        queues = [TaskQueue(name=name, **queue.model_dump()) for name, queue in self._settings.queues.items()]
        return TaskTopology(
            self,
            "TaskTopology",
            cluster=self.cluster,
            chart=LocalChart(path=CHARTS / "rabbitmq-topology"),
            topology=Topology(queues=queues, users=rabbitmq.user_secrets, monitor=rabbitmq.monitor_secret),
            after=[rabbitmq],
        )

    def _release_kong(self, keycloak: Keycloak) -> Kong:
        settings = self._settings
        kong, zone = settings.kubernetes.kong, settings.private_domain
        return Kong(
            self,
            "Kong",
            cluster=self.cluster,
            chart=versions.KONG,
            images=self._registry.images,
            routes=[
                GatewayRoute(service=name, path=service.route, public=service.public)
                for name, service in settings.services.items()
                if service.route
            ],
            services_url=f"{'https' if settings.domain else 'http'}://services.{zone}",
            login_url=keycloak.url,
            public_url=settings.public_url,
            tokens=TokenCheck(issuer=settings.issuer, jwks_uri=keycloak.jwks_uri),
            rate_limit=RateLimit(requests_per_minute=kong.requests_per_minute, host=self._data.cache.primary_endpoint),
            cache_user=self._data.cache.users["kong"],
            vpc_cidr=settings.network.cidr,
            min_replicas=kong.min_replicas,
            max_replicas=kong.max_replicas,
            after=[keycloak],
        )

    def _bind(self, *, after: Sequence[IConstruct]) -> Bindings:
        """Joins pods to the load balancers, once their Services are there."""
        brokers = self.brokers
        bindings = [
            Binding(
                name="kong",
                namespace="kong",
                service="kong-proxy",
                port=flows.KONG_PROXY,
                target_group_arn=self.gateway.target_group.target_group_arn,
            ),
            *broker_bindings(
                namespace="redpanda",
                statefulset="redpanda",
                port=flows.KAFKA_EXTERNAL_LISTENER,
                labels=REDPANDA_LABELS,
                bootstrap=brokers.kafka_bootstrap.target_group_arn,
                brokers=[group.target_group_arn for group in brokers.kafka_brokers],
            ),
            Binding(
                name="redpanda-schema-registry",
                namespace="redpanda",
                service="redpanda-schema-registry",
                port=flows.SCHEMA_REGISTRY_EXTERNAL_LISTENER,
                target_group_arn=brokers.schema_registry.target_group_arn,
                selector=REDPANDA_LABELS,
            ),
            Binding(
                name="rabbitmq-amqp",
                namespace="rabbitmq",
                service="rabbitmq",
                port=flows.AMQPS,
                target_group_arn=brokers.amqp.target_group_arn,
            ),
        ]
        if brokers.management:
            bindings.append(
                Binding(
                    name="rabbitmq-management",
                    namespace="rabbitmq",
                    service="rabbitmq",
                    port=flows.RABBITMQ_MANAGEMENT,
                    target_group_arn=brokers.management.target_group_arn,
                )
            )
        return Bindings(self, "Bindings", cluster=self.cluster, chart=LocalChart(path=CHARTS / "bindings"), bindings=bindings, after=after)


def _management_port(table: Iterable[Flow]) -> int | None:
    """The listener of RabbitMQ's management API, where the table lets anybody through to it."""
    asked = any(flow.target == "broker-load-balancer" and flow.port == flows.RABBITMQ_MANAGEMENT for flow in table)
    return flows.RABBITMQ_MANAGEMENT if asked else None

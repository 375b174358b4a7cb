"""What runs on the EKS platform, released in waves of which each needs the one before."""

from collections.abc import Sequence
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct, IConstruct

from spotmusic_cdk import flows, versions
from spotmusic_cdk.namespaces import MONITORING, POD_LOGS, namespaces
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
from spotmusic_constructs.kubernetes.metrics_server import MetricsServer
from spotmusic_constructs.kubernetes.prometheus_crds import PrometheusCrds
from spotmusic_constructs.kubernetes.reloader import Reloader
from spotmusic_constructs.kubernetes.trust import Trust
from spotmusic_constructs.messaging.rabbitmq import RabbitMQ
from spotmusic_constructs.messaging.rabbitmq_operators import RabbitMQOperators
from spotmusic_constructs.messaging.task_topology import TaskTopology
from spotmusic_constructs.messaging.topology import TaskQueue, Topology
from spotmusic_constructs.observability.pod_logs import PodLogs
from spotmusic_constructs.services.log_retention import retention_of
from spotmusic_constructs.streaming.broker_load_balancer import BrokerLoadBalancer
from spotmusic_constructs.streaming.redpanda import LABELS as REDPANDA_LABELS
from spotmusic_constructs.streaming.redpanda import Redpanda
from spotmusic_constructs.streaming.redpanda_access import RedpandaAccess, Topic
from spotmusic_constructs.streaming.tiered_storage import TieredStorage
from stacks.data import DataStack
from stacks.network import NetworkStack
from stacks.realm import realm_of, secrets_of
from stacks.registry import RegistryStack
from stacks.secrets import SecretsStack

RELOADED = ("keycloak", "kong", MONITORING)
"""Namespaces of pods that read passwords when they start, and start again when one has changed."""
CHARTS = Path(__file__).parent.parent / "charts"


class PlatformReleases:
    """Everything that Helm puts on the cluster, in the stack given.

    Args:
        stack: stack of the cluster.
        settings: the environment.
        network: for subnets and security groups of pods.
        registry: for the names of images.
        secrets: for the secrets that pods read.
        data: for database and cache.
        platform: the cluster.
        gateway: load balancer that Kong joins.
        brokers: load balancer that Redpanda and RabbitMQ join.
    """

    def __init__(
        self,
        stack: cdk.Stack,
        *,
        settings: Settings,
        network: NetworkStack,
        registry: RegistryStack,
        secrets: SecretsStack,
        data: DataStack,
        platform: KubernetesCluster,
        gateway: GatewayLoadBalancer,
        brokers: BrokerLoadBalancer,
    ) -> None:
        self._stack, self._settings = stack, settings
        self._network, self._registry, self._secrets, self._data = network, registry, secrets, data
        self._platform, self._cluster, self._gateway, self._brokers = platform, platform.cluster, gateway, brokers
        self._flows = flows.table(settings)
        self._licenses = self._redpanda_licenses()

    def release(self) -> Construct:
        """Releases everything in the order in which one needs the other, and returns the last of it."""
        ground = self._lay_ground()
        MetricsServer(self._stack, "MetricsServer", cluster=self._cluster, version=versions.METRICS_SERVER_ADD_ON, after=[ground])
        foundations = self._release_foundations(ground)

        operators = RabbitMQOperators(
            self._stack, "RabbitMQOperators", cluster=self._cluster, chart=versions.RABBITMQ_OPERATORS, images=self._registry.images
        )
        redpanda = self._release_redpanda()
        keycloak = self._release_keycloak()
        rabbitmq = self._release_rabbitmq(after=[operators])
        self._release_task_topology(rabbitmq)
        realm = self._release_realm(keycloak)
        kong = self._release_kong(keycloak)
        components = (redpanda, keycloak, realm, rabbitmq, kong)
        trust = Trust(
            self._stack,
            "Trust",
            cluster=self._cluster,
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
            self._stack,
            "Ground",
            cluster=self._cluster,
            chart=LocalChart(path=CHARTS / "ground"),
            kubernetes_version=self._settings.kubernetes.version,
            node_role=self._platform.node_role,
            subnets=self._network.vpc.select_subnets(subnet_group_name="application").subnets,
            node_security_group=self._network.security_groups.of(flows.NODES),
            key=self._secrets.keys.kubernetes,
            namespaces=namespaces(self._settings),
            flows=self._flows,
            vpc_cidr=self._settings.network.cidr,
            spot=not self._settings.production,
            after=[self._platform.node_access],
        )

    def _release_foundations(self, ground: Ground) -> tuple[Construct, ...]:
        """The kinds of Prometheus, without which charts leave their monitors out; what makes certificates and Secrets; logs."""
        images = self._registry.images
        kinds = PrometheusCrds(
            self._stack, "PrometheusCrds", cluster=self._cluster, chart=versions.PROMETHEUS_OPERATOR_CRDS, after=[ground]
        )
        cert_manager = CertManager(
            self._stack, "CertManager", cluster=self._cluster, chart=versions.CERT_MANAGER, images=images, after=[kinds]
        )
        external_secrets = ExternalSecretsOperator(
            self._stack,
            "ExternalSecrets",
            cluster=self._cluster,
            chart=versions.EXTERNAL_SECRETS,
            images=images,
            secrets=self._synced_secrets(),
            authority_parameter_arn=self._authority_parameter_arn(),
            after=[kinds],
        )
        reloader = Reloader(
            self._stack, "Reloader", cluster=self._cluster, chart=versions.RELOADER, images=images, watched=RELOADED, after=[kinds]
        )
        PodLogs(
            self._stack,
            "PodLogs",
            cluster=self._cluster,
            chart=versions.FLUENT_BIT,
            images=images,
            key=self._secrets.keys.logs,
            retention=retention_of(self._settings.observability.access_log_days),
            removal_policy=cdk.RemovalPolicy.DESTROY if self._settings.deletes_data else cdk.RemovalPolicy.RETAIN,
            namespace=POD_LOGS,
            after=[kinds],
        )
        return (cert_manager, external_secrets, reloader)

    def _authority_parameter_arn(self) -> str | None:
        name = self._settings.authority_parameter
        return name and self._stack.format_arn(service="ssm", resource="parameter", resource_name=name.removeprefix("/"))

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
                secretsmanager.Secret.from_secret_complete_arn(self._stack, f"RealmSecret{place}", arn)
                for place, arn in enumerate(dict.fromkeys(secrets_of(self._settings)))
            ),
        )

    def _redpanda_licenses(self) -> tuple[secretsmanager.ISecret, ...]:
        """The licence of Redpanda, where the settings name one."""
        tiered = self._settings.kubernetes.redpanda.tiered_storage
        return (secretsmanager.Secret.from_secret_complete_arn(self._stack, "RedpandaLicense", tiered.license_secret),) if tiered else ()

    def _tiered_storage(self) -> TieredStorage | None:
        """Where Redpanda keeps older events, if it has a licence for that."""
        for license_secret in self._licenses:
            return TieredStorage(
                self._stack,
                "TieredStorage",
                issuer_url=self._platform.issuer_url,
                license=license_secret,
                key=self._secrets.keys.kubernetes,
                access_logs=self._data.logs.bucket,
                removal_policy=cdk.RemovalPolicy.DESTROY if self._settings.deletes_data else cdk.RemovalPolicy.RETAIN,
            )
        return None

    def _release_redpanda(self) -> Redpanda:
        redpanda, secrets = self._settings.kubernetes.redpanda, self._secrets.secrets
        release = Redpanda(
            self._stack,
            "Redpanda",
            cluster=self._cluster,
            chart=versions.REDPANDA,
            images=self._registry.images,
            admin=secrets.redpanda_admin,
            users=secrets.redpanda_users,
            host=self._brokers.address,
            brokers=redpanda.brokers,
            cpu=redpanda.cpu,
            memory_gib=redpanda.memory_gib,
            storage_gib=redpanda.storage_gib,
            minimum_replication=redpanda.minimum_replication,
            tiered_storage=self._tiered_storage(),
        )
        RedpandaAccess(
            self._stack,
            "RedpandaAccess",
            cluster=self._cluster,
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
            self._stack,
            "Keycloak",
            cluster=self._cluster,
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
            self._stack,
            "Realm",
            cluster=self._cluster,
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
            self._stack,
            "RabbitMQ",
            cluster=self._cluster,
            chart=LocalChart(path=CHARTS / "rabbitmq"),
            image=self._registry.images.image(versions.RABBITMQ_OPERATORS.images["rabbitmq"]),
            default_user=secrets.rabbitmq_default_user,
            users=secrets.rabbitmq_users,
            monitor=secrets.rabbitmq_monitor if self._brokers.management else None,
            host=self._brokers.address,
            memory_gib=rabbitmq.memory_gib,
            storage_gib=rabbitmq.storage_gib,
            after=after,
        )

    def _release_task_topology(self, rabbitmq: RabbitMQ) -> TaskTopology:
        """The queues as the settings describe them, once the nodes answer."""
        queues = [TaskQueue(name=name, **queue.model_dump()) for name, queue in self._settings.queues.items()]
        return TaskTopology(
            self._stack,
            "TaskTopology",
            cluster=self._cluster,
            chart=LocalChart(path=CHARTS / "rabbitmq-topology"),
            topology=Topology(queues=queues, users=rabbitmq.user_secrets, monitor=rabbitmq.monitor_secret),
            after=[rabbitmq],
        )

    def _release_kong(self, keycloak: Keycloak) -> Kong:
        settings = self._settings
        kong, zone = settings.kubernetes.kong, settings.private_domain
        return Kong(
            self._stack,
            "Kong",
            cluster=self._cluster,
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
        brokers = self._brokers
        bindings = [
            Binding(
                name="kong",
                namespace="kong",
                service="kong-proxy",
                port=flows.KONG_PROXY,
                target_group_arn=self._gateway.target_group.target_group_arn,
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
        return Bindings(
            self._stack, "Bindings", cluster=self._cluster, chart=LocalChart(path=CHARTS / "bindings"), bindings=bindings, after=after
        )

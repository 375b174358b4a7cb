"""Stack ecs-services: application services and their load balancer."""

from collections.abc import Mapping

from aws_cdk import aws_ecs as ecs
from constructs import Construct

from spotmusic_cdk import flows
from spotmusic_cdk.settings import Settings
from spotmusic_constructs.services.fargate_service import FargateService
from spotmusic_constructs.services.load_balancer import ServicesLoadBalancer
from spotmusic_constructs.services.service_names import ServiceNames
from spotmusic_constructs.services.services_cluster import ServicesCluster
from stacks.connection_exports import import_connections
from stacks.data import DataStack
from stacks.environment_stack import EnvironmentStack
from stacks.fargate_services import fargate_services
from stacks.internal_certificate import internal_certificate
from stacks.migrations import migrations
from stacks.network import NetworkStack
from stacks.registry import RegistryStack
from stacks.secrets import SecretsStack
from stacks.service_access import ServiceAccess


class EcsServicesStack(EnvironmentStack):
    """Fargate services of the environment file, with their cluster and load balancer.

    Attributes:
        cluster: ECS cluster.
        load_balancer: internal load balancer at `services.<private zone>`.
        services: services by name.
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
        description = "Spotmusic: application services on ECS Fargate"
        super().__init__(
            scope, "ecs-services", settings=settings, data_class="personal", description=description
        )
        access = ServiceAccess(self, settings=settings, secrets=secrets, data=data)

        cluster = ServicesCluster(
            self,
            "Cluster",
            vpc=network.vpc,
            namespace=f"svc.{settings.private_domain}",
            key=secrets.keys.logs,
            log_retention=self.log_retention.access,
        )
        self.cluster: ecs.Cluster = cluster.cluster
        balancer = ServicesLoadBalancer(
            self,
            "LoadBalancer",
            vpc=network.vpc,
            security_group=network.security_groups.of(flows.SERVICES),
            certificate=internal_certificate(self, settings, host="services"),
            hosted_zone=network.private_zone,
            access_logs=network.balancer_logs,
            deletion_protection=settings.production,
            capacity_units=settings.network.load_balancer_units,
        )
        self.load_balancer = balancer.load_balancer
        self.services: Mapping[str, FargateService] = fargate_services(
            self,
            settings=settings,
            network=network,
            registry=registry,
            secrets=secrets,
            access=access,
            cluster=self.cluster,
            balancer=balancer,
        )
        run = migrations(
            self,
            settings=settings,
            network=network,
            registry=registry,
            secrets=secrets,
            access=access,
            cluster=self.cluster,
        )
        for service in self.services.values():
            service.service_node.add_dependency(cluster.log_group, *run)
        import_connections(self, settings=settings)
        names = {name: service.name for name, service in self.services.items()}
        ServiceNames(self, "Names", path=names_path(settings), service_names=names)


def names_path(settings: Settings) -> str:
    """Return the path of the parameters with the names of the ECS services."""
    return f"{settings.parameter_path}/ecs-services"

"""The ecs-services stack: the application services, and the load balancer that leads requests to them."""

from collections.abc import Mapping
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs
from constructs import Construct

from spotmusic_cdk import versions
from spotmusic_cdk.flows import service_party
from spotmusic_cdk.settings import Settings
from spotmusic_cdk.settings.services import ServiceSettings
from spotmusic_constructs.messaging.rabbitmq import MANAGEMENT_PORT
from spotmusic_constructs.services.cluster import ServicesCluster
from spotmusic_constructs.services.fargate_service import FargateService
from spotmusic_constructs.services.image import ServiceImage, bootstrap_image, given_image, own_image
from spotmusic_constructs.services.infrastructure_role import InfrastructureRole
from spotmusic_constructs.services.load_balancer import ServicesLoadBalancer
from spotmusic_constructs.services.one_off_task import OneOffTask
from spotmusic_constructs.services.queue_depth import QueueDepth
from spotmusic_constructs.services.route import Route
from spotmusic_constructs.services.route_priority import route_priorities
from spotmusic_constructs.services.scaling import Scaling
from spotmusic_constructs.services.service_names import ServiceNames
from spotmusic_constructs.services.task_run import TaskRun
from stacks.data import DataStack
from stacks.environment_stack import EnvironmentStack
from stacks.internal_certificate import internal_certificate
from stacks.network import NetworkStack, connection_export
from stacks.registry import RegistryStack
from stacks.secrets import SecretsStack
from stacks.service_access import ServiceAccess

WORKER_PORT = 8080
"""Port on which the bootstrap image answers the health check of a service that has none of its own."""


class EcsServicesStack(EnvironmentStack):
    """One Fargate service for each entry of the environment file, with everything around it.

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
        super().__init__(
            scope, "ecs-services", settings=settings, data_class="personal", description="Spotmusic: application services on ECS Fargate"
        )
        self._settings, self._network, self._registry, self._secrets, self._data = settings, network, registry, secrets, data
        self._access = ServiceAccess(self, settings=settings, secrets=secrets, data=data)

        cluster = ServicesCluster(
            self,
            "Cluster",
            vpc=network.vpc,
            namespace=f"svc.{settings.private_domain}",
            key=secrets.keys.logs,
            retention=self.log_retention,
        )
        self.cluster: ecs.Cluster = cluster.cluster
        balancer = ServicesLoadBalancer(
            self,
            "LoadBalancer",
            vpc=network.vpc,
            security_group=network.security_groups.of("services-load-balancer"),
            certificate=internal_certificate(self, settings, host="services"),
            zone=network.private_zone,
            logs=data.logs.bucket,
            deletion_protection=settings.production,
        )
        self.load_balancer = balancer.load_balancer
        paths = [service.route for service in settings.services.values() if service.route]
        self._routes = {
            path: Route(listener=balancer.listener, load_balancer=balancer.load_balancer, path=path, priority=priority)
            for path, priority in route_priorities(paths).items()
        }
        self._infrastructure_role = self._shifting_role()
        self._queue_depth = self._count_messages()
        self.services: Mapping[str, FargateService] = {name: self._service(name, service) for name, service in settings.services.items()}
        for service in self.services.values():
            service.service.node.add_dependency(cluster.log_group)
        self._start_after_the_called()
        self._migrate()
        names = {name: service.service.service_name for name, service in self.services.items()}
        self._use_connections()
        ServiceNames(self, "Names", path=names_path(settings), names=names)

    def _migrate(self) -> None:
        """Makes the task that changes tables of the catalogue, where its owner has an image (docs/runbooks/migrate-the-catalogue.md)."""
        name = self._settings.migrated_by
        if name is None:
            return
        service = self._settings.services[name]
        task = OneOffTask(
            self,
            "Migrations",
            name=f"{name}-migrations",
            image=self._image(name, service),
            command=service.migrations,
            access=self._access.of_migrations(service),
            log_key=self._secrets.keys.logs,
            log_retention=self.log_retention.access,
            removal_policy=self.data_removal,
        )
        group = self._network.security_groups.of(service_party(name)).security_group_id
        run = TaskRun(
            self,
            "MigrationsRun",
            task=task,
            cluster=self.cluster,
            subnet_ids=self._network.vpc.select_subnets(subnet_group_name="application").subnet_ids,
            security_group=self._network.security_groups.of(service_party(name)),
            log_key=self._secrets.keys.logs,
            log_retention=self.log_retention.access,
        )
        for running in self.services.values():
            running.service.node.add_dependency(run)
        outputs = {"MigrationsTask": task.task_definition.task_definition_arn, "MigrationsGroup": group}
        for output, value in outputs.items():
            cdk.CfnOutput(self, output, value=value, description="Task that changes tables of the catalogue, or its security group")

    def _start_after_the_called(self) -> None:
        """Creates a caller after the services that it calls: running tasks never learn of a Service Connect endpoint that came after them
        (Amazon ECS developer guide, Service Connect, deployment order, 2026-11). Settings refuse cycles."""
        resources = {name: service.service.node.find_child("Service") for name, service in self.services.items()}
        for name, service in self._settings.services.items():
            for called in [word for word in service.talks_to if word in resources]:
                cast("ecs.CfnService", resources[name]).add_dependency(cast("ecs.CfnService", resources[called]))

    def _use_connections(self) -> None:
        """Imports each connection of a service, so that the network keeps it until the service goes without (docs/adr/0001)."""
        for name, service in self._settings.services.items():
            if service.connections:
                held = [cdk.Fn.import_value(connection_export(self._settings, name, word)) for word in service.connections]
                cdk.CfnOutput(self, f"Connections-{name}", value=cdk.Fn.join(" ", held), description=f"Connections of {name}")

    def _shifting_role(self) -> InfrastructureRole | None:
        services = self._settings.services.values()
        return InfrastructureRole(self, "Infrastructure") if any(service.deployment == "blue_green" for service in services) else None

    def _count_messages(self) -> QueueDepth | None:
        settings = self._settings
        queues = [name for name, service in settings.services.items() if service.scaling.messages_per_task]
        if not queues:
            return None
        return QueueDepth(
            self,
            "QueueDepth",
            endpoint=f"https://brokers.{settings.private_domain}:{MANAGEMENT_PORT}",
            user=self._secrets.secrets.rabbitmq_monitor,
            queues=queues,
            environment=settings.name,
            vpc=self._network.vpc,
            security_group=self._network.security_groups.of("queue-depth"),
            log_key=self._secrets.keys.logs,
            retention=self.log_retention,
            authority_parameter=settings.authority_parameter,
        )

    def _service(self, name: str, service: ServiceSettings) -> FargateService:
        role = self._infrastructure_role
        return FargateService(
            self,
            name,
            name=name,
            cluster=self.cluster,
            security_group=self._network.security_groups.of(service_party(name)),
            image=self._image(name, service),
            access=self._access.of(name, service),
            log_key=self._secrets.keys.logs,
            log_retention=self.log_retention.access,
            cpu=service.cpu,
            memory=service.memory,
            port=service.port,
            health_path=service.health_path,
            route=self._routes[service.route] if service.route else None,
            deployment=service.deployment,
            infrastructure_role=role.role if role else None,
            scaling=self._scaling(name, service),
            removal_policy=self.data_removal,
        )

    def _image(self, name: str, service: ServiceSettings) -> ServiceImage:
        if service.image_tag:
            return own_image(self._registry.repositories[name], tag=service.image_tag)
        if service.image:
            return given_image(service.image)
        image = self._registry.images.image(versions.BOOTSTRAP_IMAGE)
        return bootstrap_image(image, port=service.port or WORKER_PORT, health_path=service.health_path)

    def _scaling(self, name: str, service: ServiceSettings) -> Scaling:
        scaling = service.scaling
        return Scaling(
            minimum=scaling.min,
            maximum=scaling.max,
            cpu_percent=scaling.cpu_percent,
            requests_per_target=service.requests_per_target,
            messages_per_task=scaling.messages_per_task,
            queue=self._queue_depth.queue(name) if self._queue_depth and scaling.messages_per_task else None,
        )


def names_path(settings: Settings) -> str:
    """Path of the parameters with the names of the ECS services, which the observability stack reads."""
    return f"{settings.parameter_path}/ecs-services"

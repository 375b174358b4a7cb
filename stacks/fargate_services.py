"""Fargate services of an environment, with their routes and scaling."""

from typing import cast

from aws_cdk import aws_ecs as ecs

from spotmusic_cdk.connections.connection import service_party
from spotmusic_cdk.settings import Settings
from spotmusic_constructs.services.fargate_service import FargateService
from spotmusic_constructs.services.infrastructure_role import InfrastructureRole
from spotmusic_constructs.services.load_balancer import ServicesLoadBalancer
from spotmusic_constructs.services.route import Route
from spotmusic_constructs.services.route_priority import route_priorities
from stacks.environment_stack import EnvironmentStack
from stacks.network import NetworkStack
from stacks.registry import RegistryStack
from stacks.secrets import SecretsStack
from stacks.service_access import ServiceAccess
from stacks.service_image import service_image
from stacks.service_scaling import queue_depth, scaling_of


def fargate_services(
    stack: EnvironmentStack,
    *,
    settings: Settings,
    network: NetworkStack,
    registry: RegistryStack,
    secrets: SecretsStack,
    access: ServiceAccess,
    cluster: ecs.Cluster,
    balancer: ServicesLoadBalancer,
) -> dict[str, FargateService]:
    """Create a service for each entry of the environment file, callers last.

    Running tasks have no access to Service Connect endpoints that were created after them (Amazon
    ECS developer guide, Service Connect, deployment order, 2026-11). Settings reject cycles.
    """
    described = settings.services
    priorities = route_priorities(
        [service.route for service in described.values() if service.route]
    )
    routes = {
        path: Route(
            listener=balancer.listener,
            load_balancer=balancer.load_balancer,
            path=path,
            priority=priority,
        )
        for path, priority in priorities.items()
    }
    blue_green = any(service.deployment == "blue_green" for service in described.values())
    infrastructure = InfrastructureRole(stack, "Infrastructure").role if blue_green else None
    depth = queue_depth(stack, settings=settings, network=network, secrets=secrets)
    services = {
        name: FargateService(
            stack,
            name,
            name=name,
            cluster=cluster,
            security_group=network.security_groups.of(service_party(name)),
            image=service_image(name, service, registry),
            access=access.of(name, service),
            log_key=secrets.keys.logs,
            log_retention=stack.log_retention.access,
            cpu=service.cpu,
            memory=service.memory,
            port=service.port,
            health_path=service.health_path,
            route=routes[service.route] if service.route else None,
            deployment=service.deployment,
            infrastructure_role=infrastructure,
            scaling=scaling_of(name, service, depth),
            removal_policy=stack.data_removal,
        )
        for name, service in described.items()
    }
    resources = {
        name: cast("ecs.CfnService", service.service_node.find_child("Service"))
        for name, service in services.items()
    }
    for name, service in described.items():
        for called in [word for word in service.talks_to if word in resources]:
            resources[name].add_resource_dependency(resources[called])
    return services

"""Composition root: creates the eight stacks of an environment."""

from functools import partial

import aws_cdk as cdk
from constructs import Construct

from spotmusic_cdk.settings import Settings
from stacks.data import DataStack
from stacks.ecs_services import EcsServicesStack
from stacks.edge import EdgeStack
from stacks.eks_platform import EksPlatformStack
from stacks.environment_stack import common_tags, tag
from stacks.kept_exports import keep_exports
from stacks.network import NetworkStack
from stacks.observability.stack import ObservabilityStack
from stacks.registry import RegistryStack
from stacks.secrets import SecretsStack


class Platform(cdk.Stage):
    """Spotmusic in one environment: `cdk deploy dev/network` deploys one stack, `"dev/*"` all.

    Attributes:
        network: VPC, flows and private names.
        secrets: keys, passwords and configuration.
        registry: container images.
        data: databases, caches, buckets and backups.
        eks_platform: events, tasks, identity and the API gateway.
        ecs_services: application services.
        edge: CloudFront, its web ACL and its certificate.
        observability: alarms, their recipients, and metrics.
    """

    def __init__(self, scope: Construct, *, settings: Settings) -> None:
        super().__init__(
            scope, settings.name, permissions_boundary=boundary_of(settings.permissions_boundary)
        )
        tag(self, common_tags(settings))
        # Producers retain resources until consumers release them (docs/adr/0001). eks-platform is
        # a producer and a consumer.
        kept, running = settings.kept, settings.running

        self.network = NetworkStack(self, settings=kept)
        self.secrets = SecretsStack(self, settings=kept)
        self.registry = RegistryStack(self, settings=kept, secrets=self.secrets)
        self.data = DataStack(self, settings=kept, network=self.network, secrets=self.secrets)
        self.eks_platform = EksPlatformStack(
            self,
            settings=settings,
            network=self.network,
            registry=self.registry,
            secrets=self.secrets,
        )
        self.ecs_services = EcsServicesStack(
            self,
            settings=running,
            network=self.network,
            registry=self.registry,
            secrets=self.secrets,
            data=self.data,
        )
        for pulls_images in (self.eks_platform, self.ecs_services):
            # Pulls require the rules of the registry, to which the stacks have no reference.
            pulls_images.add_stack_dependency(self.registry)
        self.edge = EdgeStack(
            self, settings=running, secrets=self.secrets, data=self.data, network=self.network
        )
        self.observability = ObservabilityStack(
            self,
            settings=running,
            network=self.network,
            registry=self.registry,
            secrets=self.secrets,
            data=self.data,
            eks_platform=self.eks_platform,
            ecs_services=self.ecs_services,
            edge=self.edge,
        )
        # Names of services are parameters instead of exports (ServiceNames).
        self.observability.add_stack_dependency(self.ecs_services)
        if kept != settings:
            # Tasks stop before brokers delete their users.
            self.eks_platform.add_stack_dependency(self.ecs_services)
            producers = (self.network, self.secrets, self.registry, self.data, self.eks_platform)
            keep_exports(producers, before=partial(Platform, settings=kept))


def boundary_of(policy: str | None) -> cdk.PermissionsBoundary | None:
    """Return the permissions boundary of all roles, from the name or ARN of a policy."""
    if policy is None:
        return None
    return (
        cdk.PermissionsBoundary.from_arn(policy)
        if policy.startswith("arn:")
        else cdk.PermissionsBoundary.from_name(policy)
    )

"""The composition root: builds the eight stacks of an environment and hands objects from one to the next."""

import aws_cdk as cdk
from constructs import Construct

from spotmusic_cdk.settings import Settings
from stacks.data import DataStack
from stacks.ecs_services import EcsServicesStack
from stacks.edge import EdgeStack
from stacks.eks_platform import EksPlatformStack
from stacks.network import NetworkStack
from stacks.observability import ObservabilityStack
from stacks.registry import RegistryStack
from stacks.secrets import SecretsStack


class Platform(cdk.Stage):
    """All of Spotmusic in one environment, so that `cdk deploy dev/network` deploys one stack and `"dev/*"` all of them."""

    def __init__(self, scope: Construct, *, settings: Settings) -> None:
        super().__init__(scope, settings.name)

        self.network = NetworkStack(self, settings=settings)
        self.secrets = SecretsStack(self, settings=settings)
        self.registry = RegistryStack(self, settings=settings, secrets=self.secrets)
        self.data = DataStack(self, settings=settings, network=self.network, secrets=self.secrets)
        self.eks_platform = EksPlatformStack(
            self,
            settings=settings,
            network=self.network,
            registry=self.registry,
            secrets=self.secrets,
            data=self.data,
        )
        self.ecs_services = EcsServicesStack(
            self,
            settings=settings,
            network=self.network,
            registry=self.registry,
            secrets=self.secrets,
            data=self.data,
        )
        for pulls_images in (self.eks_platform, self.ecs_services):
            # Through the registry's rules, which nothing in them refers to.
            pulls_images.add_stack_dependency(self.registry)
        self.edge = EdgeStack(self, settings=settings, secrets=self.secrets, data=self.data, eks_platform=self.eks_platform)
        self.observability = ObservabilityStack(
            self,
            settings=settings,
            network=self.network,
            registry=self.registry,
            secrets=self.secrets,
            data=self.data,
            eks_platform=self.eks_platform,
            ecs_services=self.ecs_services,
            edge=self.edge,
        )

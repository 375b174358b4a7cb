"""Registry stack: repositories of the platform's images, and caches of upstream images."""

from collections.abc import Mapping

from aws_cdk import aws_ecr as ecr
from constructs import Construct

from spotmusic_cdk.settings import Settings
from spotmusic_constructs.registry.pull_through_cache import PullThroughCache
from spotmusic_constructs.registry.registry_scanning import RegistryScanning
from spotmusic_constructs.registry.service_repositories import ServiceRepositories
from stacks.environment_stack import EnvironmentStack
from stacks.secrets import SecretsStack


class RegistryStack(EnvironmentStack):
    """Repositories and caches of all images of an environment.

    Attributes:
        repositories: repository of each service by its name.
        images: names of upstream images in the registry of the account.
    """

    def __init__(self, scope: Construct, *, settings: Settings, secrets: SecretsStack) -> None:
        super().__init__(
            scope,
            "registry",
            settings=settings,
            data_class="internal",
            description="Spotmusic: container images",
        )
        registry = settings.registry

        self.repositories: Mapping[str, ecr.IRepository] = ServiceRepositories(
            self,
            "Services",
            services=settings.services,
            key=secrets.keys.images,
            keep_images=registry.keep_images,
            untagged_days=registry.untagged_days,
            removal_policy=self.data_removal,
        ).repositories
        credentials = {
            "docker.io": registry.docker_hub_credentials,
            "ghcr.io": registry.github_credentials,
        }
        self.images = PullThroughCache(
            self,
            "Images",
            namespace=settings.name,
            key=secrets.keys.images,
            credentials={host: arn for host, arn in credentials.items() if arn},
            settings_keys={
                "docker.io": "registry.docker_hub_credentials",
                "ghcr.io": "registry.github_credentials",
            },
            keep_images=registry.keep_images,
            untagged_days=registry.untagged_days,
        )
        if registry.account_scanning:
            RegistryScanning(self, "Scanning", continuous=settings.production)

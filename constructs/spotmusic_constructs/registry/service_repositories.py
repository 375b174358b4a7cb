"""Repositories of the platform's own images."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_kms as kms
from constructs import Construct

from spotmusic_constructs.registry.retention import retention
from spotmusic_constructs.resource import resource_of

_KMS = ecr.RepositoryEncryption.KMS


class ServiceRepositories(Construct):
    """ECR repositories of the services, with immutable tags.

    Creates the repositories, encrypted with `key`, scanned at every push, with immutable tags and a
    lifecycle policy, and an output with the address of each. They have no repository policy: rights
    to pull and push belong to the roles.

    Args:
        services: names of the services.
        key: customer-managed key of the data class "images". ECR creates its own grant on it, so
            readers need no right on it.
        keep_images: tagged images kept in each repository.
        untagged_days: days until an untagged image is deleted.
        removal_policy: policy of the repositories when the stack is deleted. `DESTROY` deletes
            their images too.

    Example:
        repositories = ServiceRepositories(self, "Repositories", services=["playback"],
                                           key=keys.images)
        repositories.repositories["playback"].grant_pull(role)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        services: Iterable[str],
        key: kms.IKey,
        keep_images: int = 50,
        untagged_days: int = 14,
        removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.RETAIN,
    ) -> None:
        super().__init__(scope, construct_id)
        self._key = key
        self._lifecycle = ecr.CfnRepository.LifecyclePolicyProperty(
            lifecycle_policy_text=retention(keep_images=keep_images, untagged_days=untagged_days)
        )
        self.repositories: Mapping[str, ecr.IRepository] = MappingProxyType(
            {name: self._repository(name, removal_policy) for name in services}
        )
        for name, repository in self.repositories.items():
            cdk.CfnOutput(
                self,
                f"{name}-address",
                value=repository.repository_uri,
                description=f"Where to push images of {name}",
            )

    def _repository(self, service: str, removal_policy: cdk.RemovalPolicy) -> ecr.Repository:
        repository = ecr.Repository(
            self,
            service,
            encryption=_KMS,
            encryption_key=self._key,
            image_tag_mutability=ecr.TagMutability.IMMUTABLE,
            image_scan_on_push=True,
            removal_policy=removal_policy,
            empty_on_delete=removal_policy == cdk.RemovalPolicy.DESTROY,
        )
        resource_of(repository, ecr.CfnRepository).lifecycle_policy = self._lifecycle
        return repository

"""Pull-through caches of upstream registries."""

from collections.abc import Mapping
from functools import cached_property

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from spotmusic_constructs.arns import key_arn
from spotmusic_constructs.location import facts_of, location_of
from spotmusic_constructs.registry.cache_rights import CachePullPolicy, RepositoryCreationRole
from spotmusic_constructs.registry.retention import retention
from spotmusic_constructs.registry.upstream_registries import (
    DOCKER_HUB,
    UPSTREAM_REGISTRIES,
    split,
)
from spotmusic_constructs.resource import resource_of
from spotmusic_constructs.tagging import tag_like

_Encryption = ecr.CfnRepositoryCreationTemplate.EncryptionConfigurationProperty


class PullThroughCache(Construct):
    """Pull-through caches in one namespace, and names of cached images.

    Creates for each registry a pull-through cache rule `<namespace>/<prefix>`, a template for the
    repositories that ECR creates (key, lifecycle policy, immutable image tags, tags of the stack),
    and the role for it. A tag always refers to the image of its first pull: ECR ignores tags that
    move upstream, because the platform pins exact versions.

    A registry that requires credentials is cached only with `credentials`. Without them its images
    keep their upstream names, and the synthesis warns with the setting to add.

    Args:
        namespace: first part of the repositories' names, such as the environment's name: rules are
            unique per account and region.
        key: customer-managed key of the data class "images".
        credentials: ARN of a Secrets Manager secret (named `ecr-pullthroughcache/…`) by host, for
            `docker.io` and `ghcr.io`.
        settings_keys: name of the setting that gives the credentials by host, for warnings.
        keep_images: tagged images kept in each repository.
        untagged_days: days until an untagged image is deleted.

    Example:
        images = PullThroughCache(self, "Images", namespace="dev", key=keys.images)
        images.image("quay.io/keycloak/keycloak:26.8.2")
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        namespace: str,
        key: kms.IKey,
        credentials: Mapping[str, str] | None = None,
        settings_keys: Mapping[str, str] | None = None,
        keep_images: int = 50,
        untagged_days: int = 14,
    ) -> None:
        super().__init__(scope, construct_id)
        self._namespace = namespace
        self._settings_keys = settings_keys or {}
        self._advised: set[str] = set()
        given = credentials or {}
        cached = [
            upstream
            for upstream in UPSTREAM_REGISTRIES
            if upstream.host in given or not upstream.needs_credentials
        ]
        self._prefixes = {upstream.host: f"{namespace}/{upstream.prefix}" for upstream in cached}

        role = RepositoryCreationRole(self, "CreationRole", namespace=namespace, key=key).role
        role_arn = role.role_arn
        lifecycle = retention(keep_images=keep_images, untagged_days=untagged_days)
        templates = []
        for upstream in cached:
            prefix = self._prefixes[upstream.host]
            template = ecr.CfnRepositoryCreationTemplate(
                self,
                f"{upstream.prefix}-template",
                prefix=prefix,
                description=f"Images of {upstream.host}",
                applied_for=["PULL_THROUGH_CACHE"],
                encryption_configuration=_Encryption(encryption_type="KMS", kms_key=key_arn(key)),
                image_tag_mutability="IMMUTABLE",
                lifecycle_policy=lifecycle,
                custom_role_arn=role_arn,
            )
            templates.append(template)
            ecr.CfnPullThroughCacheRule(
                self,
                f"{upstream.prefix}-rule",
                ecr_repository_prefix=prefix,
                upstream_registry=upstream.kind,
                upstream_registry_url=upstream.url,
                credential_arn=given.get(upstream.host),
            ).add_resource_dependency(template)
        tag_like(resource_of(role, iam.CfnRole), *templates, property_name="ResourceTags")

    def image(self, reference: str) -> str:
        """Return the cached name of an upstream image, or its own name without a cache.

        Raises:
            ValueError: if the name has neither tag nor digest, or the tag is `latest`.
        """
        host, path = split(reference)
        hint = (
            f", or take public.ecr.aws/docker/{path}, which is the same image"
            if host == DOCKER_HUB and path.startswith("library/")
            else ""
        )
        return f"{self._address(host, hint)}/{path}"

    def registry(self, host: str) -> str:
        """Return the address of a registry's cache, or its host if it is not cached."""
        return self._address(host)

    def grant_pull(self, role: iam.Role) -> None:
        """Let a role of any stack pull cached images, and import images at their first pull."""
        CachePullPolicy(role, "CachedImages", namespace=self._namespace, role=role)

    def _address(self, host: str, hint: str = "") -> str:
        if host not in self._prefixes:
            self._warn(host, hint)
            return host
        return f"{self._registry}/{self._prefixes[host]}"

    @cached_property
    def _registry(self) -> str:
        """Host name of the account's own registry."""
        stack = cdk.Stack.of(self)
        location = location_of(stack)
        facts = facts_of(location.region)
        suffix = facts.domain_suffix if facts else None
        return f"{location.account}.dkr.ecr.{location.region}.{suffix or stack.url_suffix}"

    def _warn(self, host: str, hint: str) -> None:
        cacheable = any(upstream.host == host for upstream in UPSTREAM_REGISTRIES)
        setting = self._settings_keys.get(host, f"the credentials of {host}")
        advice = (
            f"Set {setting}{hint}."
            if cacheable
            else "ECR has no cache for it: push a copy to a registry that it can cache."
        )
        if advice not in self._advised:
            self._advised.add(advice)
            cdk.Annotations.of(self).add_warning_v2(
                f"spotmusic:uncached-registry:{host}",
                f"Images of {host} are not cached and are pulled from the Internet. {advice}",
            )

"""Registries that ECR can cache, and parsing of image names."""

from dataclasses import dataclass

DOCKER_HUB = "docker.io"


@dataclass(frozen=True, kw_only=True)
class UpstreamRegistry:
    """Registry that ECR can cache.

    Args:
        host: host in image names.
        url: URL in the cache rule.
        kind: kind of registry in the cache rule.
        prefix: path of its images in our registry, below the namespace of the environment.
        needs_credentials: whether ECR requires an account of the registry.
    """

    host: str
    url: str
    kind: str
    prefix: str
    needs_credentials: bool = False


UPSTREAM_REGISTRIES: tuple[UpstreamRegistry, ...] = (
    UpstreamRegistry(
        host="public.ecr.aws", url="public.ecr.aws", kind="ecr-public", prefix="ecr-public"
    ),
    UpstreamRegistry(host="quay.io", url="quay.io", kind="quay", prefix="quay"),
    UpstreamRegistry(host="registry.k8s.io", url="registry.k8s.io", kind="k8s", prefix="k8s"),
    UpstreamRegistry(
        host=DOCKER_HUB,
        url="registry-1.docker.io",
        kind="docker-hub",
        prefix="docker-hub",
        needs_credentials=True,
    ),
    UpstreamRegistry(
        host="ghcr.io",
        url="ghcr.io",
        kind="github-container-registry",
        prefix="github",
        needs_credentials=True,
    ),
)
"""Every upstream registry of the platform's images. Source: Amazon ECR user guide, pull through
cache rules, 2026-11."""


def split(reference: str) -> tuple[str, str]:
    """Split an image's name into registry and full path, as Docker does.

    Args:
        reference: name of an image with a tag or a digest, such as
            `quay.io/keycloak/keycloak:26.8.2` or `rabbitmq:4.3`.

    Raises:
        ValueError: if the name has neither tag nor digest, or the tag is `latest`: the image could
            change between deployments.
    """
    first, slash, rest = reference.partition("/")
    named = bool(slash) and ("." in first or ":" in first or first == "localhost")
    host, path = (first, rest) if named else (DOCKER_HUB, reference)
    if host == DOCKER_HUB and "/" not in path:
        path = f"library/{path}"
    name, _, version = path.rpartition("@") if "@" in path else path.rpartition(":")
    if not name or not version or version == "latest":
        raise ValueError(
            f"{reference} names no exact image. Add a tag other than latest, or a digest."
        )
    return host, path

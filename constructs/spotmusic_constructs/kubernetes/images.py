"""Container images of charts in the platform's registry."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from spotmusic_constructs.kubernetes.helm_release import Chart


class Images(Protocol):
    """Mapping from upstream images to names in the platform's registry."""

    def image(self, reference: str) -> str:
        """Return the mirrored name of an image such as `quay.io/keycloak/keycloak:26.8.2`."""
        ...


class ChartWithImages(Chart, Protocol):
    """Chart in a repository at an exact version, with its images by role."""

    @property
    def images(self) -> Mapping[str, str]: ...  # noqa: D102


@dataclass(frozen=True, kw_only=True)
class Image:
    """Registry, repository and tag of an image, in the forms that charts expect.

    Args:
        registry: host of the registry.
        repository: path in the registry.
        tag: exact tag.
    """

    registry: str
    repository: str
    tag: str

    @property
    def name(self) -> str:
        """Registry and repository."""
        return f"{self.registry}/{self.repository}"

    @property
    def parts(self) -> dict[str, object]:
        """Chart values with `registry`, `repository` and `tag`."""
        return {"registry": self.registry, "repository": self.repository, "tag": self.tag}

    @property
    def named(self) -> dict[str, object]:
        """Chart values with `repository`, including the registry, and `tag`."""
        return {"repository": self.name, "tag": self.tag}


def images_of(chart: ChartWithImages, images: Images) -> dict[str, Image]:
    """Return the images of a chart by role, with their names in the platform's registry."""
    return {role: _image(images.image(reference)) for role, reference in chart.images.items()}


def _image(reference: str) -> Image:
    """Parse a reference; CDK tokens in the registry contain neither slashes nor colons."""
    name, _, tag = reference.rpartition(":")
    registry, _, repository = name.partition("/")
    if not repository or not tag:
        raise ValueError(
            f"{reference} is not registry/repository:tag. "
            "Use a complete reference with registry and exact tag."
        )
    return Image(registry=registry, repository=repository, tag=tag)

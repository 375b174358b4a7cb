"""Images of charts, named by the platform's own registry."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


class Images(Protocol):
    """Whatever knows the name that an upstream image has in our registry."""

    def image(self, reference: str) -> str:
        """Returns the name to pull by, for an upstream reference such as `quay.io/keycloak/keycloak:26.8.2`."""
        ...


class ChartWithImages(Protocol):
    """A chart in a repository at one exact version, with the images that it runs by their role."""

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def version(self) -> str: ...  # noqa: D102

    @property
    def repository(self) -> str: ...  # noqa: D102

    @property
    def images(self) -> Mapping[str, str]: ...  # noqa: D102


@dataclass(frozen=True, kw_only=True)
class Image:
    """The three parts of an image's name, which charts want apart in different ways.

    Args:
        registry: host of the registry.
        repository: path below it.
        tag: exact tag.
    """

    registry: str
    repository: str
    tag: str

    @property
    def name(self) -> str:
        """Registry and repository together."""
        return f"{self.registry}/{self.repository}"

    @property
    def parts(self) -> dict[str, object]:
        """The three apart, as most charts call them."""
        return {"registry": self.registry, "repository": self.repository, "tag": self.tag}

    @property
    def named(self) -> dict[str, object]:
        """Repository with its registry, and the tag."""
        return {"repository": self.name, "tag": self.tag}


def images_of(chart: ChartWithImages, images: Images) -> dict[str, Image]:
    """Returns the images of a chart by role, under the names that they have in our registry."""
    return {role: _image(images.image(reference)) for role, reference in chart.images.items()}


def _image(reference: str) -> Image:
    """Takes a name apart. A registry may hold tokens for account and region; neither a slash nor a colon is in those."""
    name, _, tag = reference.rpartition(":")
    registry, _, repository = name.partition("/")
    if not repository or not tag:
        raise ValueError(f"{reference} is not registry/repository:tag. Name an image in full, with its registry and an exact tag.")
    return Image(registry=registry, repository=repository, tag=tag)

"""Image of a service."""

from spotmusic_cdk import versions
from spotmusic_cdk.settings.services import ServiceSettings
from spotmusic_constructs.services.image import (
    ServiceImage,
    bootstrap_image,
    given_image,
    own_image,
)
from stacks.registry import RegistryStack

WORKER_PORT = 8080
"""Port of the health check of the bootstrap image, for services without a port."""


def service_image(name: str, service: ServiceSettings, registry: RegistryStack) -> ServiceImage:
    """Return the image of a service, by tag or by address, or the bootstrap image."""
    if service.image_tag:
        return own_image(registry.repositories[name], tag=service.image_tag)
    if service.image:
        return given_image(service.image)
    image = registry.images.image(versions.BOOTSTRAP_IMAGE)
    return bootstrap_image(image, port=service.port or WORKER_PORT, health_path=service.health_path)

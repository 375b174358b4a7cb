"""Helm releases of an environment: their values as Helm gets them, and the images that these name."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from tests.properties.resources import Json, Platform, Resource

HELM = "Custom::AWSCDK-EKS-HelmChart"


@dataclass(frozen=True, kw_only=True)
class Release:
    """A Helm release.

    Args:
        resource: what the template says of it.
        values: what Helm gets, with `${stack/LogicalId.Attribute}` for what is only known at deployment.
    """

    resource: Resource
    values: Json


@cache
def releases_of(platform: Platform) -> dict[str, Release]:
    """Every Helm release by name."""
    return {
        release["Release"]: Release(resource=release, values=json.loads(release.text("Values")) if release["Values"] else {})
        for release in platform.some(HELM)
    }


def images_in(values: Any) -> Iterator[str]:
    """Yields every image that Helm values name, however the chart wants its parts."""
    if isinstance(values, Mapping):
        if isinstance(values.get("repository"), str) and isinstance(values.get("tag"), str):
            yield "/".join(filter(None, (values.get("registry"), values["repository"]))) + f":{values['tag']}"
        for key, item in values.items():
            if str(key).lower().endswith("image") and isinstance(item, str) and item:
                yield item
            yield from images_in(item)
    elif isinstance(values, list):
        for item in values:
            yield from images_in(item)

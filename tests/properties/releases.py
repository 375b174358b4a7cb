"""Helm releases of an environment: their resolved values and the images in them."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from tools.model.assembly import Assembly, Resource
from tools.model.templates import RELEASE
from tools.model.values import Json

_WITHIN_A_TEXT = re.compile(
    r"\bimage[\"']?:\s*[\"']?([\w.${}-]+(?:/[\w.-]+)+(?::[\w.-]+|@sha256:[0-9a-f]+)?)"
)


@dataclass(frozen=True, kw_only=True)
class Release:
    """Helm release.

    Args:
        resource: its resource in the template.
        values: values of Helm, with `${stack/LogicalId.Attribute}` for deploy-time values.
    """

    resource: Resource
    values: Json


@cache
def releases_of(platform: Assembly) -> dict[str, Release]:
    """Helm releases by name."""
    return {
        release["Release"]: Release(
            resource=release, values=json.loads(release.text("Values")) if release["Values"] else {}
        )
        for release in platform.some(RELEASE)
    }


def images_in(values: Any) -> Iterator[str]:
    """Yield every image in Helm values: in parts, as one text, or in embedded YAML."""
    if isinstance(values, dict):
        if isinstance(values.get("repository"), str) and isinstance(values.get("tag"), str):
            yield (
                "/".join(filter(None, (values.get("registry"), values["repository"])))
                + f":{values['tag']}"
            )
        for key, item in values.items():
            if str(key).lower().endswith("image") and isinstance(item, str) and item:
                yield item
            yield from images_in(item)
    elif isinstance(values, list):
        for item in values:
            yield from images_in(item)
    elif isinstance(values, str):
        yield from _WITHIN_A_TEXT.findall(values)

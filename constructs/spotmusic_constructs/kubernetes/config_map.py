"""Manifest of a ConfigMap that is part of a release."""

from collections.abc import Mapping


def config_map(name: str, namespace: str, data: Mapping[str, str]) -> dict[str, object]:
    """Return the manifest of a ConfigMap, for charts that accept extra manifests as values."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace},
        "data": dict(data),
    }

"""Checks of the API server: schemas, definitions of custom resources, duplicate list entries."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import kubernetes_validate
from kubernetes_validate import utils

from tests.helm_values import resource_errors
from tools.model.values import Json

# Otherwise each manifest lists all versions and loads its schemas again, which takes most of the
# time.
utils.all_versions = cache(utils.all_versions)
utils.schema_contents = cache(utils.schema_contents)

LIST_MAPS: dict[str, tuple[str, ...]] = {
    "containers": ("name",),
    "initContainers": ("name",),
    "env": ("name",),
    "volumes": ("name",),
    "volumeMounts": ("mountPath",),
    "imagePullSecrets": ("name",),
    "hostAliases": ("ip",),
    "conditions": ("type",),
}
"""Lists that server-side apply treats as maps, with their key fields. It rejects duplicate keys.
Source: x-kubernetes-list-map-keys of the Kubernetes API. `ports` differs for containers and
Services.
"""


def errors(manifests: Iterable[Json], kubernetes: str) -> list[str]:
    """Return schema errors of Kubernetes manifests. A kind that the version lacks is an error."""
    return [
        error
        for manifest in manifests
        if is_core(manifest) and (error := _error(json.dumps(manifest, sort_keys=True), kubernetes))
    ]


def is_core(manifest: Json) -> bool:
    """Return whether a kind belongs to Kubernetes."""
    group = manifest["apiVersion"].rpartition("/")[0]
    return "." not in group or group.endswith(".k8s.io")


@cache
def _error(text: str, kubernetes: str) -> str | None:
    manifest = json.loads(text)
    if manifest["kind"] == "CustomResourceDefinition":
        # Upstream definitions are unchanged, and their schema is recursive and the largest of all.
        return None
    try:
        kubernetes_validate.validate(manifest, kubernetes, strict=True)
    except kubernetes_validate.SchemaNotFoundError as error:
        return (
            f"{name_of(manifest)}: Kubernetes {kubernetes} has no {manifest['apiVersion']} "
            f"{manifest['kind']} ({error.message})"
        )
    except kubernetes_validate.ValidationError as error:
        return f"{name_of(manifest)}: {'.'.join(map(str, error.path))}: {error.message[:300]}"
    return None


def name_of(manifest: Json) -> str:
    """Return kind, namespace and name of a manifest."""
    metadata = manifest["metadata"]
    return f"{manifest['kind']} {metadata.get('namespace', '')}/{metadata['name']}"


SERVED = {
    "cert-manager.io": "v1",
    "eks.amazonaws.com": "v1",
    "external-secrets.io": "v1",
    "karpenter.sh": "v1",
    "monitoring.coreos.com": "v1",
    "rabbitmq.com": "v1beta1",
}
"""Served version of each API group. Sources: definitions in the pinned charts, Amazon EKS guide."""
SERVED_APART = {"PushSecret": "v1alpha1"}
"""Kinds with another served version."""


def unserved(manifests: Iterable[Json]) -> list[str]:
    """Return custom resources with a group or version that no operator serves."""
    found = []
    for manifest in manifests:
        group, _, version = manifest["apiVersion"].rpartition("/")
        if not is_core(manifest) and version != SERVED_APART.get(
            manifest["kind"], SERVED.get(group)
        ):
            found.append(f"{name_of(manifest)}: nothing serves {manifest['apiVersion']}")
    return found


def custom_errors(manifests: Iterable[Json]) -> list[str]:
    """Return schema errors of custom resources, or skip the test without the definitions."""
    return resource_errors([manifest for manifest in manifests if not is_core(manifest)])


def doubles(manifests: Iterable[Json]) -> list[str]:
    """Return duplicate manifests, and duplicate keys in lists that are maps for the API server."""
    manifests = list(manifests)
    names = Counter(
        (manifest["apiVersion"].rpartition("/")[0], name_of(manifest)) for manifest in manifests
    )
    found = [
        f"{name} is there {count} times: the last would win, or the release fail"
        for (_, name), count in names.items()
        if count > 1
    ]
    return found + [
        f"{name_of(manifest)}: {double}"
        for manifest in manifests
        for double in _doubles(manifest, "")
    ]


def _doubles(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            if isinstance(item, list):
                yield from _repeated(key, item, f"{path}.{key}")
            yield from _doubles(item, f"{path}.{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _doubles(item, f"{path}[{index}]")


def _repeated(key: str, items: list[Any], path: str) -> Iterator[str]:
    fields = LIST_MAPS.get(key, ("containerPort", "protocol") if key == "ports" else None)
    if key == "ports" and items and isinstance(items[0], dict) and "containerPort" not in items[0]:
        fields = ("port", "protocol") if "port" in items[0] else None
    if fields is None:
        return
    entries = [
        tuple(item.get(field) or {"protocol": "TCP"}.get(field) for field in fields)
        for item in items
        if isinstance(item, dict)
    ]
    for entry, count in Counter(entries).items():
        if count > 1 and any(entry):
            yield (
                f"{path} has {', '.join(map(str, entry))} {count} times, which Helm 4 (server-side "
                "apply) refuses"
            )

"""Releases in Helm's records, and their objects in the API server."""

import base64
import gzip
import json
from dataclasses import asdict, dataclass
from typing import Any

import yaml

from tools.local_aws.kubernetes import pods
from tools.local_aws.kubernetes.api import Json, KubernetesApi

_RELEASES = "/api/v1/secrets?labelSelector=owner%3Dhelm"
# Names only: one definition can take a megabyte.
_NAMES_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
_KEEP = ("helm.sh/resource-policy", "keep")


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc] # the fast one where PyYAML has it
    """Reads `=`, which definitions of Prometheus contain, as text, like YAML 1.2."""


_Loader.add_constructor("tag:yaml.org,2002:value", lambda _loader, node: node.value)


@dataclass(frozen=True, kw_only=True, order=True)
class ReleasedObject:
    """Object of a release.

    Args:
        kind: its kind.
        api_version: group and version.
        namespace: its namespace; empty for cluster-scoped objects.
        name: its name.
        is_kept: True if Helm keeps it when the release is uninstalled.
    """

    kind: str
    api_version: str
    namespace: str
    name: str
    is_kept: bool = False


@dataclass(frozen=True, kw_only=True)
class Release:
    """Helm release.

    Args:
        name: its name.
        namespace: its namespace.
        chart: name and version of its chart.
        status: Helm's status; `deployed` after success.
        objects: its objects.
        missing: objects that are not in the API server.
        hooks: hooks that did not run, such as `Job prepare`.
        refused: objects with pods that the API server would reject, with the reason.
    """

    name: str
    namespace: str
    chart: str
    status: str
    objects: list[ReleasedObject]
    missing: list[ReleasedObject]
    hooks: list[str]
    refused: list[str]

    def plain(self) -> dict[str, Any]:
        """Release as JSON-compatible data."""
        return asdict(self)


class Kinds:
    """Kinds of an API server by discovery: their list paths and objects."""

    def __init__(self, api: KubernetesApi) -> None:
        self._api = api
        self._resources: dict[str, dict[str, Json]] = {}
        self._standing: dict[tuple[str, str], set[tuple[str, str]]] = {}

    def is_namespaced(self, api_version: str, kind: str) -> bool:
        """Returns True if a kind is namespaced; unknown kinds are."""
        return bool(self._resource(api_version, kind).get("namespaced", True))

    def stands(self, item: ReleasedObject) -> bool:
        """Returns True if the API server has an object."""
        key = (item.api_version, item.kind)
        if key not in self._standing:
            self._standing[key] = set(self._names(*key))
        return (item.namespace, item.name) in self._standing[key]

    def _names(self, api_version: str, kind: str) -> list[tuple[str, str]]:
        plural = self._resource(api_version, kind).get("name")
        found = self._api.items(f"{_root(api_version)}/{plural}", accept=_NAMES_ONLY) if plural else []
        return [(entry["metadata"].get("namespace", ""), entry["metadata"]["name"]) for entry in found]

    def _resource(self, api_version: str, kind: str) -> Json:
        if api_version not in self._resources:
            found = (self._api.request("GET", _root(api_version)) or {}).get("resources") or []
            self._resources[api_version] = {entry["kind"]: entry for entry in found if "/" not in entry["name"]}
        return self._resources[api_version].get(kind, {})


def releases(api: KubernetesApi) -> list[Release]:
    """Returns the last revision of every release, ordered by namespace and name.

    Args:
        api: the API server.
    """
    kinds, last = Kinds(api), {}
    for secret in sorted(api.items(_RELEASES), key=lambda entry: int(entry["metadata"]["labels"]["version"])):
        record = _decoded(secret)
        last[(record["namespace"], record["name"])] = record
    return [_release(record, kinds, api) for _key, record in sorted(last.items())]


def is_released(api: KubernetesApi, *, name: str, namespace: str) -> bool:
    """Returns True if a release of this name exists.

    Args:
        api: the API server.
        name: the release's name.
        namespace: its namespace.
    """
    return bool(api.items(f"/api/v1/namespaces/{namespace}/secrets?labelSelector=owner%3Dhelm%2Cname%3D{name}"))


def _decoded(secret: Json) -> Json:
    # Base64 twice: by the API and by Helm.
    record: Json = json.loads(gzip.decompress(base64.b64decode(base64.b64decode(secret["data"]["release"]))))
    return record


def _release(record: Json, kinds: Kinds, api: KubernetesApi) -> Release:
    documents = _documents(record.get("manifest", ""))
    objects = sorted(_object(document, record["namespace"], kinds) for document in documents)
    hooks = record.get("hooks") or []
    hooked = [document for hook in hooks for document in _documents(hook.get("manifest", ""))]
    chart = record["chart"]["metadata"]
    return Release(
        name=record["name"],
        namespace=record["namespace"],
        chart=f"{chart['name']} {chart['version']}",
        status=record["info"]["status"],
        objects=objects,
        missing=[item for item in objects if not kinds.stands(item)],
        hooks=sorted(f"{hook['kind']} {hook['name']}" for hook in hooks),
        refused=pods.refused(api, [*documents, *hooked], record["namespace"]),
    )


def _documents(manifest: str) -> list[Json]:
    return [document for document in yaml.load_all(manifest, Loader=_Loader) if document]


def _object(document: Json, namespace: str, kinds: Kinds) -> ReleasedObject:
    api_version, kind, metadata = document["apiVersion"], document["kind"], document["metadata"]
    own = metadata.get("namespace") or namespace
    return ReleasedObject(
        kind=kind,
        api_version=api_version,
        namespace=own if kinds.is_namespaced(api_version, kind) else "",
        name=metadata["name"],
        is_kept=(metadata.get("annotations") or {}).get(_KEEP[0]) == _KEEP[1],
    )


def _root(api_version: str) -> str:
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"

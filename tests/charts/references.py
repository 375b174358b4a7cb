"""References to Secrets, ConfigMaps, service accounts, issuers, classes and target groups.

The search covers manifests, values of charts, and YAML texts within values.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from tests.charts.validation import name_of
from tools.model.cluster import RenderedCluster
from tools.model.expected_objects import operated
from tools.model.values import Json

SERVICE_BINDING = ("username", "password", "default_user.conf", "host", "port", "provider", "type")
"""Keys of the administrator's Secret that the RabbitMQ cluster operator reads."""
CREDENTIALS = ("username", "password")
EVERYWHERE = {("ConfigMap", "kube-root-ca.crt"), ("ServiceAccount", "default")}
"""Objects that Kubernetes creates in every namespace."""
SYSTEM_CLASSES = {"system-cluster-critical", "system-node-critical"}
CLASSES = {
    "storageClassName": "StorageClass",
    "storageClass": "StorageClass",
    "priorityClassName": "PriorityClass",
    "serviceAccountName": "ServiceAccount",
    "karpenter.sh/nodepool": "NodePool",
}
"""Kind of object of an entry."""
CLUSTER_WIDE = (
    "ClusterIssuer",
    "ClusterSecretStore",
    "StorageClass",
    "PriorityClass",
    "NodePool",
    "NodeClass",
)
MAKERS = {
    "Secret": (
        "an ExternalSecret or a Certificate of the release `trust` (`external_secrets` and "
        "`certificates` of the component)"
    ),
    "ConfigMap": "the release itself (`config_map` among its further manifests)",
    "ServiceAccount": "the chart that runs the pods",
    "ClusterIssuer": "the chart `trust`",
    "ClusterSecretStore": "the chart `trust`",
    "StorageClass": "the chart `ground`",
    "PriorityClass": "the chart `ground`",
    "NodePool": "the chart `ground`",
    "NodeClass": "the chart `ground`",
}
"""Owner of a missing object by its kind."""


@dataclass(frozen=True)
class Use:
    """Reference to an object.

    Args:
        kind: kind of the object.
        namespace: namespace of the object; empty for cluster-wide kinds.
        name: name of the object.
        keys: used keys of the object.
        user: object with the reference, and its place.
        release: release of the user.
    """

    kind: str
    namespace: str
    name: str
    keys: tuple[str, ...]
    user: str
    release: str


def uses(platform: RenderedCluster) -> Iterator[Use]:
    """Yield all references in manifests and values."""
    for release, manifest in platform.everything():
        namespace = manifest["metadata"].get("namespace", platform.releases[release].namespace)
        yield from _in_manifest(manifest, namespace, release)
    for installed in platform.releases.values():
        if installed.folder is None:
            yield from _walk(
                installed.values, installed.namespace, f"values of {installed}", installed.name, ""
            )


def _in_manifest(manifest: Json, namespace: str, release: str) -> Iterator[Use]:
    user = f"{name_of(manifest)} of release {release}"
    for part in (manifest, *operated(manifest)):
        yield from _walk(part.get("spec"), namespace, user, release, "")
        yield from _mounted_files(part, namespace, user, release)
    yield from _walk(manifest.get("webhooks"), namespace, user, release, "")
    for subject in manifest.get("subjects") or []:
        if subject["kind"] == "ServiceAccount":
            yield Use(
                "ServiceAccount",
                subject.get("namespace", namespace),
                subject["name"],
                (),
                user,
                release,
            )


def _walk(value: Any, namespace: str, user: str, release: str, path: str) -> Iterator[Use]:
    if isinstance(value, Mapping):
        if {"apiVersion", "kind", "metadata"} <= value.keys():
            return  # a manifest within values is processed separately
        for key, item in value.items():
            yield from (
                Use(
                    kind,
                    "" if kind in CLUSTER_WIDE else namespace,
                    name,
                    keys,
                    f"{user}, {path}.{key}".replace(", .", ", "),
                    release,
                )
                for kind, name, keys in _named(key, item, value, path)
            )
            yield from _walk(
                item, value.get("namespaceOverride", namespace), user, release, f"{path}.{key}"
            )
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _walk(item, namespace, user, release, f"{path}[{index}]")
    elif (
        isinstance(value, str)
        and ("secretKeyRef" in value or "secretName" in value or "configMap" in value)
        and value.startswith("- ")
    ):
        yield from _walk(yaml.safe_load(value), namespace, user, release, path)


def _named(
    key: str, item: Any, around: Mapping[str, Any], path: str
) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Kind, name and keys of an entry."""
    if around.get("optional") is True or (
        isinstance(item, Mapping) and item.get("optional") is True
    ):
        return
    yield from _secret_key(key, item)
    yield from _whole_secret(key, item, around, path)
    yield from _config_map(key, item, around)
    yield from _reference(key, item)
    if (
        (kind := CLASSES.get(key))
        and isinstance(item, str)
        and item not in {"", "-", *SYSTEM_CLASSES}
    ):
        yield kind, item, ()


def _secret_key(key: str, item: Any) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    match key, item:
        case (("secretKeyRef" | "licenseSecretRef" | "secret"), {"name": name, "key": field}):
            yield "Secret", name, (field,)
        case "secret", {"name": name, "items": items}:
            yield "Secret", name, tuple(entry["key"] for entry in items)
        case "importCredentialsSecret", {"name": name}:
            yield "Secret", name, CREDENTIALS
        case "externalSecret", {"name": name}:
            yield "Secret", name, SERVICE_BINDING


def _whole_secret(
    key: str, item: Any, around: Mapping[str, Any], path: str
) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    match key, item:
        case (("secretRef" | "imagePullSecret"), ({"name": str(name)} | str(name))) if name:
            yield "Secret", name, ()
        case "existingSecret", str(name) if name:
            yield (
                "Secret",
                name,
                tuple(around[field] for field in ("userKey", "passwordKey") if field in around),
            )
        case "secretVolumes", list(names):
            yield from (("Secret", name, ("tls.crt", "tls.key")) for name in names)
        case "secretName", str(name) if (
            name and "dnsNames" not in around and "issuerRef" not in around
        ):
            items = tuple(entry["key"] for entry in around.get("items") or [])
            yield (
                "Secret",
                name,
                items or (("tls.crt", "tls.key") if path.endswith((".tls", ".ca")) else ()),
            )


def _config_map(
    key: str, item: Any, around: Mapping[str, Any]
) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    match key, item:
        case "configMapKeyRef", {"name": name, "key": field}:
            yield "ConfigMap", name, (field,)
        case "configMap", {"name": name, "items": items}:
            yield "ConfigMap", name, tuple(entry["key"] for entry in items)
        case "configMap", {"name": name}:
            yield "ConfigMap", name, ()
        case "configMap", str(name) if name and "mountPath" in around:
            yield "ConfigMap", name, ()
        case "configMaps", list(entries):
            yield from (
                ("ConfigMap", entry["name"], ("handler.lua", "schema.lua"))
                for entry in entries
                if "pluginName" in entry
            )


def _reference(key: str, item: Any) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    match key, item:
        case "issuerRef", {"name": name}:
            yield item.get("kind", "Issuer"), name, ()
        case "secretStoreRef", {"kind": kind, "name": name}:
            yield kind, name, ()
        case "nodeClassRef", {"name": name}:
            yield "NodeClass", name, ()


def _mounted_files(manifest: Json, namespace: str, user: str, release: str) -> Iterator[Use]:
    """Yield the references of containers to files of Secrets and ConfigMaps. Each file is a key."""
    spec = pod_of(manifest)
    if spec is None:
        return
    volumes = {
        volume["name"]: source
        for volume in spec.get("volumes") or []
        if (source := _source(volume))
    }
    for container in [*spec.get("containers", []), *(spec.get("initContainers") or [])]:
        arguments = " ".join(
            [
                *(str(variable.get("value", "")) for variable in container.get("env") or []),
                *map(str, _words(container)),
            ]
        )
        for mount in container.get("volumeMounts") or []:
            if mount["name"] in volumes and not mount.get("subPath"):
                kind, name, paths = volumes[mount["name"]]
                files = _files_below(mount["mountPath"], arguments)
                keys = tuple(paths.get(file, file) for file in files)
                if keys:
                    yield Use(
                        kind,
                        namespace,
                        name,
                        keys,
                        f"{user}, files of container {container['name']}",
                        release,
                    )


def _words(container: Json) -> Iterator[Any]:
    for part in ("command", "args"):
        yield from container.get(part) or []


def _source(volume: Json) -> tuple[str, str, dict[str, str]] | None:
    for key, kind, name in (("secret", "Secret", "secretName"), ("configMap", "ConfigMap", "name")):
        if key in volume and not volume[key].get("optional"):
            return (
                kind,
                volume[key][name],
                {entry["path"]: entry["key"] for entry in volume[key].get("items") or []},
            )
    return None


def _files_below(folder: str, text: str) -> list[str]:
    """Files of a folder in a text, such as `ca.crt` in `system,/etc/secrets/tls/ca.crt`."""
    parts = text.replace(",", " ").replace('"', " ").replace("=", " ").replace("'", " ").split()
    prefix = folder.rstrip("/") + "/"
    return sorted(
        {
            part.removeprefix(prefix).rstrip(";:")
            for part in parts
            if part.startswith(prefix) and len(part) > len(prefix)
        }
    )


def pod_of(manifest: Json) -> Json | None:
    """Return the pod specification of a workload."""
    match manifest["kind"]:
        case "Deployment" | "StatefulSet" | "DaemonSet" | "Job" | "ReplicaSet":
            return dict(manifest["spec"]["template"]["spec"])
        case "CronJob":
            return dict(manifest["spec"]["jobTemplate"]["spec"]["template"]["spec"])
        case "Pod":
            return dict(manifest["spec"])
    return None


@dataclass(frozen=True)
class Made:
    """Object that a release creates.

    Args:
        keys: keys of the object.
        release: release that creates it.
    """

    keys: frozenset[str]
    release: str


def made(platform: RenderedCluster) -> dict[tuple[str, str, str], Made]:
    """Return created objects by kind, namespace and name. Cluster-wide kinds have no namespace."""
    found: dict[tuple[str, str, str], Made] = {}
    for release, manifest in platform.everything():
        for thing in (manifest, *operated(manifest)):
            kind, metadata = thing["kind"], thing["metadata"]
            namespace = (
                ""
                if kind in CLUSTER_WIDE
                else metadata.get("namespace", platform.releases[release].namespace)
            )
            keys = frozenset({*(thing.get("data") or {}), *(thing.get("stringData") or {})})
            found.setdefault((kind, namespace, metadata["name"]), Made(keys, release))
    return found


AWAITED = {"ConfigMap", "Secret"}
"""Kinds that the kubelet waits for. Their release may be parallel to that of the pods, but not
later."""


def missing(platform: RenderedCluster) -> Mapping[str, set[str]]:
    """Return references to objects that are missing, lack a key, or are created after their user,
    by kind of the object.
    """
    there = made(platform)
    found: defaultdict[str, set[str]] = defaultdict(set)
    for use in uses(platform):
        if (use.kind, use.name) in EVERYWHERE or "{{" in use.name:
            continue  # only a rendered chart resolves a template in a name
        findings = found[use.kind]
        thing = f"{use.kind} {use.namespace + '/' if use.namespace else ''}{use.name}"
        maker = there.get((use.kind, use.namespace, use.name))
        if maker is None:
            findings.add(
                f"{use.user} uses {thing}, which nothing makes: "
                f"it should come from {MAKERS.get(use.kind, 'a chart of ours')}"
            )
            continue
        if absent := sorted(set(use.keys) - maker.keys):
            findings.add(
                f"{use.user} reads {', '.join(absent)} of {thing}, which release {maker.release} "
                f"makes with {sorted(maker.keys)}"
            )
        ordered = maker.release in {use.release, *platform.before[use.release]}
        later = use.release in platform.before[maker.release]
        if later or not (ordered or use.kind in AWAITED):
            findings.add(
                f"{use.user} uses {thing}, which only release {maker.release} makes, and nothing "
                "says that it comes before"
            )
    return found

"""Stubs of custom resource definitions that EKS Auto Mode or an unavailable chart would install.

If `SPOTMUSIC_SCHEMAS` names a folder with `crd/<group>/<Kind>.<version>.json`, a stub has the real
structure, and the API server rejects wrong fields. Otherwise it accepts any field and verifies only
names, order and ownership.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.local_aws.kubernetes.api import Json, KubernetesApi
from tools.local_aws.kubernetes.source import SCHEMAS_VARIABLE

LABEL = "spotmusic.local/stand-in"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"

# Installed by EKS itself: Auto Mode's nodes and load balancers.
BY_EKS = "EKS Auto Mode"


@dataclass(frozen=True, kw_only=True)
class CustomKind:
    """Kind that this project's charts use and a third-party chart defines.

    Args:
        chart: chart with the definition, or `BY_EKS`.
        group: API group.
        version: version of the group.
        kind: kind; its plural is regular.
        namespaced: True for namespaced kinds.
    """

    chart: str
    group: str
    version: str
    kind: str
    namespaced: bool = True

    @property
    def plural(self) -> str:
        """Resource name in API paths."""
        lower = self.kind.lower()
        if lower.endswith(("s", "x")):
            return f"{lower}es"
        return f"{lower[:-1]}ies" if lower.endswith("y") else f"{lower}s"


def _kinds(chart: str, group: str, version: str, *kinds: str, namespaced: bool = True) -> list[CustomKind]:
    return [CustomKind(chart=chart, group=group, version=version, kind=kind, namespaced=namespaced) for kind in kinds]


KINDS: tuple[CustomKind, ...] = (
    *_kinds(BY_EKS, "eks.amazonaws.com", "v1", "NodeClass", namespaced=False),
    *_kinds(BY_EKS, "eks.amazonaws.com", "v1", "TargetGroupBinding"),
    *_kinds(BY_EKS, "karpenter.sh", "v1", "NodePool", namespaced=False),
    *_kinds("cert-manager", "cert-manager.io", "v1", "Certificate", "Issuer"),
    *_kinds("cert-manager", "cert-manager.io", "v1", "ClusterIssuer", namespaced=False),
    *_kinds("external-secrets", "external-secrets.io", "v1", "ExternalSecret", "SecretStore"),
    *_kinds("external-secrets", "external-secrets.io", "v1", "ClusterSecretStore", namespaced=False),
    *_kinds("external-secrets", "external-secrets.io", "v1alpha1", "PushSecret"),
    *_kinds("prometheus-operator-crds", "monitoring.coreos.com", "v1", "PodMonitor", "PrometheusRule", "ServiceMonitor", "Probe"),
    *_kinds("prometheus-operator-crds", "monitoring.coreos.com", "v1", "Alertmanager", "Prometheus"),
    *_kinds("prometheus-operator-crds", "monitoring.coreos.com", "v1alpha1", "ScrapeConfig", "AlertmanagerConfig"),
    *_kinds("rabbitmq-cluster-operator", "rabbitmq.com", "v1beta1", "RabbitmqCluster", "Binding", "Exchange", "OperatorPolicy"),
    *_kinds("rabbitmq-cluster-operator", "rabbitmq.com", "v1beta1", "Permission", "Policy", "Queue", "TopicPermission", "User", "Vhost"),
    *_kinds("kong", "configuration.konghq.com", "v1", "KongConsumer", "KongPlugin"),
    *_kinds("kong", "configuration.konghq.com", "v1", "KongClusterPlugin", namespaced=False),
)


class StandIns:
    """Stub definitions of one API server.

    Args:
        schemas: folder of schemas; None if there is none.
    """

    def __init__(self, schemas: Path | None) -> None:
        self._schemas = schemas

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "StandIns":
        """Returns the stubs with the schemas that the environment names."""
        named = environment.get(SCHEMAS_VARIABLE)
        return cls(Path(named) if named else None)

    def define(self, api: KubernetesApi, chart: str) -> None:
        """Creates the missing definitions of a chart.

        Args:
            api: the API server.
            chart: the chart's name, or `BY_EKS`.
        """
        for kind in (kind for kind in KINDS if kind.chart == chart):
            if api.request("GET", f"{DEFINITIONS}/{kind.plural}.{kind.group}") is None:
                api.request("POST", DEFINITIONS, definition(kind, self.schema(kind)))

    def schema(self, kind: CustomKind) -> Json | None:
        """Returns the structure of a kind; None without a schema."""
        file = (self._schemas or Path()) / "crd" / kind.group / f"{kind.kind}.{kind.version}.json"
        return _kind_of(json.loads(file.read_text())) if self._schemas and file.is_file() else None


def names(api: KubernetesApi) -> list[str]:
    """Returns the stub definitions by group, such as `cert-manager.io/v1: Certificate, Issuer`."""
    groups: dict[str, list[str]] = {}
    for entry in api.items(f"{DEFINITIONS}?labelSelector={LABEL}"):
        version = entry["spec"]["versions"][0]
        openness = "" if "properties" in version["schema"]["openAPIV3Schema"] else " (any field)"
        groups.setdefault(f"{entry['spec']['group']}/{version['name']}{openness}", []).append(entry["spec"]["names"]["kind"])
    return [f"{group}: {', '.join(sorted(kinds))}" for group, kinds in sorted(groups.items())]


def remove(api: KubernetesApi) -> None:
    """Deletes every stub definition, and with it the objects of its kind."""
    api.request("DELETE", f"{DEFINITIONS}?labelSelector={LABEL}")


def definition(kind: CustomKind, schema: Json | None) -> Json:
    """Returns a custom resource definition.

    Args:
        kind: the kind.
        schema: its structure; None accepts any field.
    """
    version = {
        "name": kind.version,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema or {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
        "subresources": {"status": {}},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{kind.plural}.{kind.group}",
            "labels": {LABEL: "true"},
            # Groups below k8s.io require an approval annotation.
            "annotations": {"api-approved.kubernetes.io": "unapproved, a stand-in"},
        },
        "spec": {
            "group": kind.group,
            "scope": "Namespaced" if kind.namespaced else "Cluster",
            "names": {"kind": kind.kind, "listKind": f"{kind.kind}List", "plural": kind.plural, "singular": kind.kind.lower()},
            "versions": [version],
        },
    }


_LIMITS = ("required", "enum", "pattern", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "nullable", "format")


def _kind_of(schema: Json) -> Json:
    """Returns the structure of a whole object; the API server validates its metadata."""
    return structural({**schema, "properties": {name: member for name, member in schema["properties"].items() if name != "metadata"}})


def structural(schema: Any) -> Json:
    """Converts a JSON schema to the structural form: one type everywhere, without combined rules.

    Args:
        schema: JSON schema of a kind, closed by `additionalProperties: false` where the definition
            was.
    """
    if not isinstance(schema, dict) or not isinstance(schema.get("type"), str):
        return _open(schema if isinstance(schema, dict) else {})
    kept: Json = {"type": schema["type"], **{name: schema[name] for name in _LIMITS if name in schema}}
    if schema["type"] == "array":
        kept["items"] = structural(schema.get("items"))
    if schema["type"] == "object":
        kept.update(_members(schema))
    return kept


def _members(schema: Json) -> Json:
    properties, others = schema.get("properties"), schema.get("additionalProperties")
    if properties:
        return {"properties": {name: structural(member) for name, member in properties.items()}}
    if isinstance(others, dict) and others:
        return {"additionalProperties": structural(others)}
    return {} if others is False else {"x-kubernetes-preserve-unknown-fields": True}


def _open(schema: Json) -> Json:
    listed = schema.get("type") or []
    kinds = {*listed, *(option.get("type") for option in _options(schema))} - {"null"}
    number_or_text = kinds == {"string", "integer"} or schema.get("x-kubernetes-int-or-string")
    return {"x-kubernetes-int-or-string": True} if number_or_text else {"x-kubernetes-preserve-unknown-fields": True}


def _options(schema: Json) -> Iterable[Json]:
    return [option for word in ("oneOf", "anyOf") for option in schema.get(word, []) if isinstance(option, dict)]

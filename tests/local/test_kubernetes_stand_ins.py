"""Stub definitions for unavailable charts."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.helm_values import schemas
from tools.local_aws.kubernetes import stand_ins
from tools.local_aws.kubernetes.stand_ins import KINDS, StandIns, definition, structural

ROOT = Path(__file__).parents[2]
# Groups of Kubernetes have no dot or end in k8s.io.
_CUSTOM = re.compile(r"^apiVersion: ([a-z0-9-]+(?:\.[a-z0-9-]+)+)/(\w+)\n(?:#.*\n)*kind: (\w+)", re.MULTILINE)


class Cluster:
    """Stub of an API server that has some definitions and accepts others."""

    def __init__(self, *known: str) -> None:
        self.known, self.made = set(known), list[str]()

    def request(self, method: str, path: str, body: Any = None) -> Any:
        if method == "GET":
            return {} if path.rpartition("/")[2] in self.known else None
        self.made.append(body["metadata"]["name"])
        return body


def test_custom_kinds_have_stand_ins() -> None:
    used = {
        found
        for template in (ROOT / "charts").glob("*/templates/*.yaml")
        for found in _CUSTOM.findall(template.read_text())
        if not found[0].endswith("k8s.io")
    }
    assert used
    assert used - {(kind.group, kind.version, kind.kind) for kind in KINDS} == set()


def test_stand_ins_define_missing_kinds_only() -> None:
    cluster: Any = Cluster("certificates.cert-manager.io")
    StandIns(None).define(cluster, "cert-manager")
    assert cluster.made == ["issuers.cert-manager.io", "clusterissuers.cert-manager.io"]


@pytest.mark.parametrize(
    ("kind", "plural"),
    [
        ("Certificate", "certificates"),
        ("Policy", "policies"),
        ("NodeClass", "nodeclasses"),
        ("Prometheus", "prometheuses"),
        ("Queue", "queues"),
    ],
)
def test_plurals_are_those_of_the_real_definitions(kind: str, plural: str) -> None:
    assert next(known for known in KINDS if known.kind == kind).plural == plural


def test_without_schemas_every_field_is_taken() -> None:
    made = definition(KINDS[0], StandIns(None).schema(KINDS[0]))
    assert made["spec"]["versions"][0]["schema"]["openAPIV3Schema"] == {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


def test_schema_becomes_structural_schema() -> None:
    schema = {
        "type": "object",
        "additionalProperties": False,
        "required": ["port"],
        "properties": {
            "port": {"oneOf": [{"type": "string"}, {"type": "integer"}]},
            "limit": {"type": ["string", "integer", "null"]},
            "labels": {"type": "object", "additionalProperties": {"type": "string"}},
            "anything": {"type": "object"},
            "modes": {"type": "array", "items": {"type": "string", "enum": ["a", "b"]}},
        },
    }
    assert structural(schema) == {
        "type": "object",
        "required": ["port"],
        "properties": {
            "port": {"x-kubernetes-int-or-string": True},
            "limit": {"x-kubernetes-int-or-string": True},
            "labels": {"type": "object", "additionalProperties": {"type": "string"}},
            "anything": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
            "modes": {"type": "array", "items": {"type": "string", "enum": ["a", "b"]}},
        },
    }


def test_schemas_at_hand_give_structure() -> None:
    with_structure = [kind.kind for kind in KINDS if StandIns(schemas()).schema(kind)]
    assert {"Certificate", "ExternalSecret", "RabbitmqCluster", "ServiceMonitor", "NodePool"} <= set(with_structure)


def test_names_tell_which_ones_take_any_field() -> None:
    class Answering:
        def items(self, _path: str) -> list[Any]:
            certificate = next(kind for kind in KINDS if kind.kind == "Certificate")
            return [definition(KINDS[0], None), definition(certificate, {"type": "object", "properties": {"spec": {"type": "object"}}})]

    answering: Any = Answering()
    assert stand_ins.names(answering) == ["cert-manager.io/v1: Certificate", "eks.amazonaws.com/v1 (any field): NodeClass"]

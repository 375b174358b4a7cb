"""Reading of Helm's records, and their summary."""

import base64
import gzip
import json
from typing import Any

from tools.local_aws.custom_resources import HELM_CHART
from tools.local_aws.kubernetes import summary
from tools.local_aws.kubernetes.released import is_released, releases
from tools.local_aws.kubernetes.status_endpoint import ClusterState

MANIFEST = """
apiVersion: v1
kind: Namespace
metadata:
  name: kong
  annotations: {helm.sh/resource-policy: keep}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {operator: =}
---
apiVersion: batch/v1
kind: Job
metadata: {name: topics, namespace: redpanda}
"""
RESOURCES = {
    "/api/v1": [
        {"kind": "Namespace", "name": "namespaces", "namespaced": False},
        {"kind": "ConfigMap", "name": "configmaps", "namespaced": True},
        {"kind": "Namespace", "name": "namespaces/finalize", "namespaced": False},
    ],
    "/apis/batch/v1": [{"kind": "Job", "name": "jobs", "namespaced": True}],
}
STANDING: dict[str, list[tuple[str, str]]] = {
    "/api/v1/namespaces": [("", "kong")],
    "/api/v1/configmaps": [("kube-system", "settings")],
    "/apis/batch/v1/jobs": [],
}


def secret(name: str, revision: int, status: str = "deployed") -> dict[str, Any]:
    """Record like Helm's."""
    record = {
        "name": name,
        "namespace": "kube-system",
        "manifest": MANIFEST,
        "info": {"status": status},
        "chart": {"metadata": {"name": name, "version": "1.0.0"}},
        "hooks": [{"kind": "Job", "name": "prepare"}],
    }
    packed = base64.b64encode(gzip.compress(json.dumps(record).encode()))
    return {"metadata": {"labels": {"version": str(revision)}}, "data": {"release": base64.b64encode(packed).decode()}}


class Cluster:
    """Stub of an API server with two revisions of one release, and one missing object."""

    def request(self, _method: str, path: str, _body: Any = None) -> Any:
        return {"resources": RESOURCES.get(path, [])}

    def items(self, path: str, *, accept: str = "") -> list[Any]:
        if "secrets" in path:
            return [secret("ground", 10), secret("ground", 9, "superseded")] if "name%3Dkong" not in path else []
        return [{"metadata": {"namespace": namespace, "name": name}} for namespace, name in STANDING[path]]


def state() -> ClusterState:
    cluster: Any = Cluster()
    found = [release.plain() for release in releases(cluster)]
    return ClusterState(version="v1.36.3", has_own_server=True, stand_ins=["karpenter.sh/v1: NodePool"], releases=found)


def test_the_last_revision_counts() -> None:
    (release,) = state().releases
    assert (release["name"], release["chart"], release["status"], release["hooks"]) == (
        "ground",
        "ground 1.0.0",
        "deployed",
        ["Job prepare"],
    )


def test_objects_are_listed_from_api_server() -> None:
    (release,) = state().releases
    found = {(item["kind"], item["namespace"], item["name"]) for item in release["objects"]}
    assert found == {("Namespace", "", "kong"), ("ConfigMap", "kube-system", "settings"), ("Job", "redpanda", "topics")}


def test_missing_objects_and_releases_are_reported() -> None:
    found = summary.problems(state(), expected=[("kube-system", "ground"), ("kong", "kong")])
    assert found == ["release kong/kong is not in the cluster", "release kube-system/ground: Job redpanda/topics is not in the cluster"]


def test_summary_counts_kinds_by_namespace() -> None:
    records = [{"type": HELM_CHART, "properties": {"Release": "kong", "Chart": "kong", "Version": "3.4.1"}}]
    assert summary.text(state(), records=records).splitlines() == [
        "Kubernetes v1.36.3: 1 Helm releases installed by the layer's Helm. Without nodes,",
        "  Helm does not wait (--wait, --atomic), no hook runs, no webhook is called, no pod starts (each passed a dry run)",
        "  ground (ground 1.0.0): 3 objects",
        "    cluster: Namespace 1",
        "    kube-system: ConfigMap 1",
        "    redpanda: Job 1",
        "    hooks that did not run: Job prepare",
        "  recorded, because their charts are not available (SPOTMUSIC_CHARTS):",
        "    kong (kong 3.4.1)",
        "  stub definitions for Auto Mode and unavailable charts:",
        "    karpenter.sh/v1: NodePool",
    ]


def test_listing_has_all_objects() -> None:
    assert "ground\tJob\tredpanda\ttopics\n" in summary.listing(state())


def test_kept_objects_are_listed() -> None:
    assert summary.kept(state()) == ["ground: Namespace kong"]
    assert summary.left(state()) == ["release kube-system/ground (deployed)"]
    assert summary.kept(None) == summary.left(None) == []


def test_summary_without_api_server_says_so() -> None:
    records = [{"type": HELM_CHART, "properties": {"Release": "kong", "Chart": "kong"}}]
    assert "1 Helm releases recorded, none installed" in summary.text(None, records=records)
    assert summary.text(None, records=[]) == ""


def test_a_name_that_is_taken_is_known() -> None:
    cluster: Any = Cluster()
    assert is_released(cluster, name="ground", namespace="kube-system")
    assert not is_released(cluster, name="kong", namespace="kong")

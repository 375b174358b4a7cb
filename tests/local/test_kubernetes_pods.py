"""Dry-run admission of pods that no controller creates."""

from typing import Any

import pytest

from tools.local_aws.kubernetes.api import KubernetesError
from tools.local_aws.kubernetes.pods import pod_of, refused

SPEC = {"containers": [{"name": "main"}]}


def workload(kind: str, spec: dict[str, Any], **metadata: str) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"name": "kong", **metadata}, "spec": spec}


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet", "Job"])
def test_workload_pod_follows_template(kind: str) -> None:
    pod = pod_of(workload(kind, {"template": {"metadata": {"labels": {"app": "kong"}}, "spec": SPEC}}))
    assert pod == {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"labels": {"app": "kong"}, "generateName": "kong-"},
        "spec": {**SPEC, "volumes": []},
    }


def test_cron_job_template_is_found() -> None:
    assert pod_of(workload("CronJob", {"jobTemplate": {"spec": {"template": {"spec": SPEC}}}})) is not None


def test_volume_claim_replaces_volume() -> None:
    template = {"spec": {**SPEC, "volumes": [{"name": "data", "emptyDir": {}}, {"name": "settings", "configMap": {"name": "x"}}]}}
    pod = pod_of(workload("StatefulSet", {"template": template, "volumeClaimTemplates": [{"metadata": {"name": "data"}}]}))
    assert pod is not None
    assert pod["spec"]["volumes"] == [
        {"name": "settings", "configMap": {"name": "x"}},
        {"name": "data", "persistentVolumeClaim": {"claimName": "data"}},
    ]


@pytest.mark.parametrize("kind", ["Service", "RabbitmqCluster"])
def test_other_objects_make_none(kind: str) -> None:
    assert pod_of(workload(kind, {})) is None


def test_refusal_names_object_and_reason() -> None:
    asked: list[str] = []

    class Cluster:
        def request(self, method: str, path: str, _body: Any) -> None:
            asked.append(path)
            if "redpanda" in path:
                raise KubernetesError(f"{method} {path}", 403, '{"message": "violates PodSecurity"}')

    cluster: Any = Cluster()
    spec = {"template": {"spec": SPEC}}
    found = refused(cluster, [workload("Deployment", spec), workload("Job", spec, namespace="redpanda"), workload("Service", {})], "kong")
    assert found == ["pods of Job redpanda/kong would be rejected: violates PodSecurity"]
    assert asked[0] == "/api/v1/namespaces/kong/pods?dryRun=All&fieldValidation=Strict"

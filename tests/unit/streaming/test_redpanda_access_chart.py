"""Chart of topics and access rules, rendered by the Helm version that deploys it.

test_redpanda_access_job.py tests its job.
"""

from typing import Any

import pytest

from tests.conftest import ROOT
from tests.helm_values import render
from tests.model.values import Json

CHART = ROOT / "charts" / "redpanda-access"
TOPIC = {"partitions": 12, "replication": 3, "cleanupPolicy": "delete", "retentionHours": 168}
VALUES: Json = {
    "image": "registry.example.com/redpanda:v26.2.1",
    "topics": {"events.listening": TOPIC},
    "users": {"playback": {"produces": ["events.listening"], "consumes": []}},
}


def job(**changes: Any) -> Json:
    (manifest,) = render(CHART, "redpanda-access", "redpanda", VALUES | changes)
    return manifest


@pytest.fixture(scope="module")
def rendered() -> Json:
    return job()


def container(manifest: Json) -> Json:
    (found,) = manifest["spec"]["template"]["spec"]["containers"]
    return dict(found)


def test_access_job_authenticates_over_tls(rendered: Json) -> None:
    variables = {variable["name"]: variable for variable in container(rendered)["env"]}
    assert variables["RPK_TLS_ENABLED"]["value"] == "true"
    assert variables["RPK_PASS"]["valueFrom"]["secretKeyRef"] == {"name": "redpanda-bootstrap-user", "key": "password"}
    assert "value" not in variables["RPK_PASS"]


def test_access_job_is_release_hook(rendered: Json) -> None:
    assert rendered["metadata"]["annotations"]["helm.sh/hook"] == "post-install,post-upgrade"
    assert rendered["spec"]["activeDeadlineSeconds"] < 13 * 60


def test_access_job_does_not_retry_impossible_changes(rendered: Json) -> None:
    fails, _ = rendered["spec"]["podFailurePolicy"]["rules"]
    assert fails == {"action": "FailJob", "onExitCodes": {"containerName": container(rendered)["name"], "operator": "In", "values": [65]}}


def test_access_job_name_follows_values(rendered: Json) -> None:
    assert rendered["metadata"]["name"] == job()["metadata"]["name"]
    assert rendered["metadata"]["name"] != job(topics={"events.listening": TOPIC | {"partitions": 24}})["metadata"]["name"]


def test_topic_retention_renders_as_integer(rendered: Json) -> None:
    script = container(job(topics={"events.listening": TOPIC | {"retentionHours": 8760}}))["args"][0]
    assert "topic events.listening 12 3 delete 31536000000\n" in script


def test_access_job_meets_restricted_pod_security(rendered: Json) -> None:
    pod = rendered["spec"]["template"]["spec"]
    security = container(rendered)["securityContext"]
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert security["readOnlyRootFilesystem"] is security["runAsNonRoot"] is True
    assert security["capabilities"] == {"drop": ["ALL"]}


REFUSED: dict[str, tuple[Json, str]] = {
    "one replica where three must be": ({"topics": {"events.listening": TOPIC | {"replication": 1}}}, "replication"),
    "an even replication": ({"topics": {"events.listening": TOPIC | {"replication": 2}}}, "replication"),
    "no partitions": ({"topics": {"events.listening": TOPIC | {"partitions": 0}}}, "partitions"),
    "an unknown policy": ({"topics": {"events.listening": TOPIC | {"cleanupPolicy": "keep"}}}, "cleanupPolicy"),
    "a misspelt key": ({"topics": {"events.listening": TOPIC | {"partition": 1}}}, "partition"),
    "a topic without retention": (
        {"topics": {"events.listening": {"partitions": 1, "replication": 3, "cleanupPolicy": "delete"}}},
        "retentionHours",
    ),
    "a user that a shell could misread": ({"users": {"a;b": {"produces": [], "consumes": []}}}, "a;b"),
    "a topic that a shell could misread": ({"topics": {"$(id)": TOPIC}}, r"\$\(id\)"),
    "a moving image": ({"image": "x/y:latest"}, "image"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_access_chart_rejects_unsafe_values(case: str) -> None:
    change, key = REFUSED[case]
    with pytest.raises(ValueError, match=key):
        job(**change)


def test_access_chart_allows_one_replica() -> None:
    assert job(minimumReplication=1, topics={"events.listening": TOPIC | {"replication": 1}})

"""The chart of topics and access rules, rendered by the very Helm that deploys it."""

from typing import Any

import pytest

from tests.conftest import ROOT
from tests.helm_values import render

Json = dict[str, Any]
CHART = ROOT / "charts" / "redpanda-access"
VALUES: Json = {
    "image": "registry.example.com/redpanda:v26.2.1",
    "topics": {"events.listening": {"partitions": 12, "retentionHours": 168}},
    "users": ["playback"],
}


def job(**changes: Any) -> Json:
    (manifest,) = render(CHART, "redpanda-access", "redpanda", VALUES | changes)
    return manifest


def container(manifest: Json) -> Json:
    (found,) = manifest["spec"]["template"]["spec"]["containers"]
    return dict(found)


def lines(manifest: Json) -> list[str]:
    return [line for line in container(manifest)["args"][0].splitlines() if line]


def test_a_topic_is_made_with_three_replicas_and_keeps_events_for_its_hours() -> None:
    assert lines(job())[:2] == [
        "rpk topic create events.listening --if-not-exists --partitions 12 --replicas 3",
        "rpk topic alter-config events.listening --set retention.ms=604800000",
    ]


def test_a_user_has_topics_below_the_prefix_and_groups_and_transactions_of_its_name() -> None:
    rules = lines(job())[2:]
    assert all("--allow-principal User:playback" in rule and "--resource-pattern-type prefixed" in rule for rule in rules)
    assert [word for rule in rules for word in ("--topic events.", "--group playback", "--transactional-id playback") if word in rule] == [
        "--topic events.",
        "--group playback",
        "--transactional-id playback",
    ]


def test_nobody_may_delete_or_alter() -> None:
    assert not [line for line in lines(job()) if "delete" in line or "--operation all" in line or "alter," in line]


def test_the_superuser_is_checked_over_tls_with_a_password_from_its_secret() -> None:
    variables = {variable["name"]: variable for variable in container(job())["env"]}
    assert variables["RPK_TLS_ENABLED"]["value"] == "true"
    assert variables["RPK_PASS"]["valueFrom"]["secretKeyRef"] == {"name": "redpanda-bootstrap-user", "key": "password"}
    assert "value" not in variables["RPK_PASS"]


def test_a_change_makes_a_new_job_and_none_leaves_it_alone() -> None:
    assert job()["metadata"]["name"] == job()["metadata"]["name"]
    assert job()["metadata"]["name"] != job(users=["playback", "trends"])["metadata"]["name"]


def test_the_job_keeps_to_the_restricted_standard() -> None:
    pod = job()["spec"]["template"]["spec"]
    security = container(job())["securityContext"]
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert security["readOnlyRootFilesystem"] is security["runAsNonRoot"] is True
    assert security["capabilities"] == {"drop": ["ALL"]}


@pytest.mark.parametrize(
    "change", [{"users": ["a;b"]}, {"topics": {"$(id)": {"partitions": 1, "retentionHours": 1}}}, {"image": "x/y:latest"}]
)
def test_names_that_a_shell_could_misread_are_refused(change: Json) -> None:
    with pytest.raises(ValueError, match="schema"):
        job(**change)

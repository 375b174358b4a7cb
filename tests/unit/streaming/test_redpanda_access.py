"""Topics and access rules, and their chart rendered by the Helm that deploys it.

test_redpanda_access_job.py tests its job.
"""

from dataclasses import replace
from typing import Any

import aws_cdk as cdk
import pytest

from spotmusic_constructs.kubernetes.helm_release import LocalChart
from spotmusic_constructs.streaming.redpanda_access import RedpandaAccess, Topic, access_values
from tests.conftest import new_stack
from tests.helm_values import cluster_in, releases
from tools.checkout import ROOT
from tools.model.helm import render
from tools.model.values import Json

CHART = ROOT / "charts" / "redpanda-access"
DEAD_LETTERS = {"partitions": 1, "replication": 3, "cleanupPolicy": "delete", "retentionHours": 336}
LISTENING = Topic(
    name="events.listening",
    partitions=24,
    retention_hours=48,
    producers=["playback"],
    consumers=["trends"],
)
TRENDS = Topic(
    name="events.trends",
    partitions=3,
    cleanup_policy="compact",
    producers=["trends"],
    consumers=["playback"],
)


def access_in(stack: cdk.Stack, **changes: Any) -> RedpandaAccess:
    arguments: Json = {
        "cluster": cluster_in(stack),
        "chart": LocalChart(path=CHART),
        "redpanda_image": "registry.example.com/redpanda:v26.2.1",
        "event_users": ["playback", "trends"],
        "topics": [LISTENING, TRENDS],
    }
    return RedpandaAccess(stack, "Access", **{**arguments, **changes})


@pytest.fixture(scope="module")
def release() -> Json:
    stack: cdk.Stack = new_stack()
    access_in(stack)
    return releases(stack)["redpanda-access"]


@pytest.fixture(scope="module")
def values(release: Json) -> Json:
    return dict(release["Values"])


def test_redpanda_access_values_contain_topics(values: Json) -> None:
    assert values["topics"] == {
        "events.listening": {
            "partitions": 24,
            "replication": 3,
            "cleanupPolicy": "delete",
            "retentionHours": 48,
        },
        "events.trends": {
            "partitions": 3,
            "replication": 3,
            "cleanupPolicy": "compact",
            "retentionHours": 168,
        },
        "dead-letters.playback": DEAD_LETTERS,
        "dead-letters.trends": DEAD_LETTERS,
    }


def test_dead_letter_topics_have_three_replicas() -> None:
    """Replication must not follow other topics: the job rejects fewer replicas.

    The removal of a topic with five replicas would reduce it.
    """
    values: Json = access_values(
        [LISTENING, replace(TRENDS, replication=5)], ["playback", "trends"]
    )
    assert (
        values["topics"]["dead-letters.playback"]
        == values["topics"]["dead-letters.trends"]
        == DEAD_LETTERS
    )


def test_redpanda_users_have_their_topics(values: Json) -> None:
    assert values["users"] == {
        "playback": {
            "produces": ["events.listening", "dead-letters.playback"],
            "consumes": ["events.trends"],
        },
        "trends": {
            "produces": ["events.trends", "dead-letters.trends"],
            "consumes": ["events.listening"],
        },
    }


def test_topic_requires_minimum_replication() -> None:
    single = Topic(name="events.plays", replication=1)
    with pytest.raises(ValueError, match=r"events.plays: replication 1 is less than the minimum 3"):
        access_in(new_stack(), topics=[single])
    access_in(new_stack(), topics=[single], minimum_replication=1)


def test_topic_rejects_unknown_user() -> None:
    with pytest.raises(ValueError, match=r"events.trends: trends have no user"):
        access_in(new_stack(), event_users=["playback"], topics=[TRENDS])


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
    assert variables["RPK_PASS"]["valueFrom"]["secretKeyRef"] == {
        "name": "redpanda-bootstrap-user",
        "key": "password",
    }
    assert "value" not in variables["RPK_PASS"]


def test_access_job_ends_before_its_release(rendered: Json, release: Json) -> None:
    assert rendered["metadata"]["annotations"]["helm.sh/hook"] == "post-install,post-upgrade"
    assert rendered["spec"]["activeDeadlineSeconds"] < int(release["Timeout"].removesuffix("s"))


def test_access_job_does_not_retry_impossible_changes(rendered: Json) -> None:
    fails, _ = rendered["spec"]["podFailurePolicy"]["rules"]
    assert fails == {
        "action": "FailJob",
        "onExitCodes": {
            "containerName": container(rendered)["name"],
            "operator": "In",
            "values": [65],
        },
    }


def test_access_job_name_follows_values(rendered: Json) -> None:
    assert rendered["metadata"]["name"] == job()["metadata"]["name"]
    assert (
        rendered["metadata"]["name"]
        != job(topics={"events.listening": TOPIC | {"partitions": 24}})["metadata"]["name"]
    )


def test_topic_retention_renders_as_integer(rendered: Json) -> None:
    script = container(job(topics={"events.listening": TOPIC | {"retentionHours": 8760}}))["args"][
        0
    ]
    assert "topic events.listening 12 3 delete 31536000000\n" in script


REFUSED: dict[str, tuple[Json, str]] = {
    "one replica where three must be": (
        {"topics": {"events.listening": TOPIC | {"replication": 1}}},
        "replication",
    ),
    "an even replication": (
        {"topics": {"events.listening": TOPIC | {"replication": 2}}},
        "replication",
    ),
    "no partitions": ({"topics": {"events.listening": TOPIC | {"partitions": 0}}}, "partitions"),
    "an unknown policy": (
        {"topics": {"events.listening": TOPIC | {"cleanupPolicy": "keep"}}},
        "cleanupPolicy",
    ),
    "a misspelt key": ({"topics": {"events.listening": TOPIC | {"partition": 1}}}, "partition"),
    "a topic without retention": (
        {
            "topics": {
                "events.listening": {"partitions": 1, "replication": 3, "cleanupPolicy": "delete"}
            }
        },
        "retentionHours",
    ),
    "a user that a shell could misread": (
        {"users": {"a;b": {"produces": [], "consumes": []}}},
        "a;b",
    ),
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

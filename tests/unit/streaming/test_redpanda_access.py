from dataclasses import replace
from typing import Any

import aws_cdk as cdk
import pytest

from spotmusic_constructs.kubernetes.helm_release import LocalChart
from spotmusic_constructs.streaming.redpanda_access import RedpandaAccess, Topic, access_values
from tests.conftest import ROOT, new_stack
from tests.helm_values import cluster_in, releases
from tests.model.values import Json

DEAD_LETTERS = {"partitions": 1, "replication": 3, "cleanupPolicy": "delete", "retentionHours": 336}
LISTENING = Topic(name="events.listening", partitions=24, retention_hours=48, producers=["playback"], consumers=["trends"])
TRENDS = Topic(name="events.trends", partitions=3, cleanup_policy="compact", producers=["trends"], consumers=["playback"])


def access_in(stack: cdk.Stack, **changes: Any) -> RedpandaAccess:
    arguments: Json = {
        "cluster": cluster_in(stack),
        "chart": LocalChart(path=ROOT / "charts" / "redpanda-access"),
        "image": "registry.example.com/redpanda:v26.2.1",
        "users": ["playback", "trends"],
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
        "events.listening": {"partitions": 24, "replication": 3, "cleanupPolicy": "delete", "retentionHours": 48},
        "events.trends": {"partitions": 3, "replication": 3, "cleanupPolicy": "compact", "retentionHours": 168},
        "dead-letters.playback": DEAD_LETTERS,
        "dead-letters.trends": DEAD_LETTERS,
    }


def test_dead_letter_topics_have_three_replicas() -> None:
    """Replication must not follow other topics: the job rejects fewer replicas.

    The removal of a topic with five replicas would reduce it.
    """
    values: Json = access_values([LISTENING, replace(TRENDS, replication=5)], ["playback", "trends"])
    assert values["topics"]["dead-letters.playback"] == values["topics"]["dead-letters.trends"] == DEAD_LETTERS


def test_redpanda_users_have_their_topics(values: Json) -> None:
    assert values["users"] == {
        "playback": {"produces": ["events.listening", "dead-letters.playback"], "consumes": ["events.trends"]},
        "trends": {"produces": ["events.trends", "dead-letters.trends"], "consumes": ["events.listening"]},
    }


def test_access_job_uses_bootstrap_secrets(values: Json) -> None:
    assert (values["superuserSecret"], values["tlsSecret"]) == ("redpanda-bootstrap-user", "redpanda-default-cert")


def test_access_release_timeout_exceeds_job_deadline(release: Json) -> None:
    assert release["Timeout"] == "780s"
    assert not release.get("Atomic")


def test_topic_requires_minimum_replication() -> None:
    single = Topic(name="events.plays", replication=1)
    with pytest.raises(ValueError, match=r"events.plays: replication 1 is less than the minimum 3"):
        access_in(new_stack(), topics=[single])
    access_in(new_stack(), topics=[single], minimum_replication=1)


def test_topic_rejects_unknown_user() -> None:
    with pytest.raises(ValueError, match=r"events.trends: trends have no user"):
        access_in(new_stack(), users=["playback"], topics=[TRENDS])

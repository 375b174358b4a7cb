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


def test_topics_are_made_as_described(values: Json) -> None:
    assert values["topics"] == {
        "events.listening": {"partitions": 24, "replication": 3, "cleanupPolicy": "delete", "retentionHours": 48},
        "events.trends": {"partitions": 3, "replication": 3, "cleanupPolicy": "compact", "retentionHours": 168},
        "dead-letters.playback": DEAD_LETTERS,
        "dead-letters.trends": DEAD_LETTERS,
    }


def test_redpanda_access_holds_dead_letters_three_times() -> None:
    """A topic that five brokers hold comes and goes, and fewer replicas would be refused."""
    values: Json = access_values([LISTENING, replace(TRENDS, replication=5)], ["playback", "trends"])
    assert values["topics"]["dead-letters.playback"] == values["topics"]["dead-letters.trends"] == DEAD_LETTERS


def test_a_user_has_the_topics_that_name_it(values: Json) -> None:
    assert values["users"] == {
        "playback": {"produces": ["events.listening", "dead-letters.playback"], "consumes": ["events.trends"]},
        "trends": {"produces": ["events.trends", "dead-letters.trends"], "consumes": ["events.listening"]},
    }


def test_the_job_takes_the_superusers_password_and_the_brokers_authority_from_their_secrets(values: Json) -> None:
    assert (values["superuserSecret"], values["tlsSecret"]) == ("redpanda-bootstrap-user", "redpanda-default-cert")


def test_helm_waits_longer_than_the_job_tries_and_less_than_its_function_lives(release: Json) -> None:
    assert release["Timeout"] == "780s"
    assert not release.get("Atomic")


def test_a_topic_that_a_lost_zone_would_harm_is_refused() -> None:
    single = Topic(name="events.plays", replication=1)
    with pytest.raises(ValueError, match=r"events.plays: replication 1 is less than 3"):
        access_in(new_stack(), topics=[single])
    access_in(new_stack(), topics=[single], minimum_replication=1)


def test_a_topic_of_somebody_without_a_user_is_refused() -> None:
    with pytest.raises(ValueError, match=r"events.trends: trends have no user"):
        access_in(new_stack(), users=["playback"], topics=[TRENDS])

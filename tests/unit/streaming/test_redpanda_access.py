from typing import Any

import aws_cdk as cdk
import pytest

from spotmusic_constructs.kubernetes.helm_release import LocalChart
from spotmusic_constructs.streaming.redpanda_access import RedpandaAccess, Topic
from tests.conftest import ROOT, new_stack
from tests.helm_values import cluster_in, values_of


@pytest.fixture(scope="module")
def values() -> dict[str, Any]:
    stack: cdk.Stack = new_stack()
    RedpandaAccess(
        stack,
        "Access",
        cluster=cluster_in(stack),
        chart=LocalChart(path=ROOT / "charts" / "redpanda-access"),
        image="registry.example.com/redpanda:v26.2.1",
        users=["playback", "trends"],
        topics=[Topic(name="events.listening", partitions=24, retention_hours=48)],
    )
    return values_of(stack, "redpanda-access")


def test_topics_are_made_as_described(values: dict[str, Any]) -> None:
    assert values["topics"] == {"events.listening": {"partitions": 24, "retentionHours": 48}}


def test_every_user_is_named_below_one_prefix(values: dict[str, Any]) -> None:
    assert values["users"] == ["playback", "trends"]
    assert values["prefix"] == "events."


def test_the_job_takes_the_superusers_password_and_the_brokers_authority_from_their_secrets(values: dict[str, Any]) -> None:
    assert (values["superuserSecret"], values["tlsSecret"]) == ("redpanda-bootstrap-user", "redpanda-default-cert")

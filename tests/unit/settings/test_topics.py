"""Topics of an environment: defaults, and additions, changes and removals of its file."""

from typing import Any

from spotmusic_cdk.settings.brokers import (
    DEFAULT_TOPICS,
    RedpandaSettings,
    TopicSettings,
    topics_of,
)
from spotmusic_cdk.settings.services import ServiceSettings
from tests.conftest import sample_of

SERVICES = ("playback", "recommendations", "trends", "notifications")


def topics(
    given: dict[str, TopicSettings | None], *, services: tuple[str, ...] = SERVICES
) -> dict[str, Any]:
    clients = {name: ServiceSettings.model_validate({"talks_to": ("events",)}) for name in services}
    return {
        name: topic.model_dump()
        for name, topic in topics_of(RedpandaSettings(topics=given), clients).items()
    }


def test_topics_without_settings_are_defaults() -> None:
    assert topics({}) == {name: topic.model_dump() for name, topic in DEFAULT_TOPICS.items()}


def test_added_topic_keeps_default_topics() -> None:
    likes = TopicSettings(partitions=6, producers=("playback",), consumers=("trends",))
    assert topics({"events.likes": likes}) == topics({}) | {"events.likes": likes.model_dump()}


def test_default_topic_keeps_unnamed_keys() -> None:
    found = topics({"events.playback-telemetry": TopicSettings(partitions=24)})
    assert found == topics({}) | {
        "events.playback-telemetry": topics({})["events.playback-telemetry"] | {"partitions": 24}
    }


def test_default_topic_accepts_consumers() -> None:
    found = topics({"events.listening": TopicSettings(consumers=("notifications",))})
    assert found["events.listening"]["producers"] == ("playback",)
    assert found["events.listening"]["consumers"] == ("notifications",)


def test_null_removes_only_its_topic() -> None:
    assert topics({"events.listening": None}) == {
        name: topic for name, topic in topics({}).items() if name != "events.listening"
    }


def test_absent_services_leave_default_topics() -> None:
    found = topics(
        {"events.listening": TopicSettings(partitions=24)}, services=("playback", "trends")
    )
    assert found["events.listening"]["consumers"] == ("trends",)
    assert found["events.trends"]["consumers"] == ()


def test_copy_computes_its_own_topics() -> None:
    """Properties are computed once for each object. `model_copy` does not copy them."""
    settings = sample_of("dev")
    redpanda, removed = settings.kubernetes.redpanda, {"topics": {"events.listening": None}}
    assert {"events.listening"} <= settings.topics.keys() & redpanda.effective_topics.keys()
    kubernetes = settings.kubernetes.model_copy(
        update={"redpanda": redpanda.model_copy(update=removed)}
    )
    assert "events.listening" not in kubernetes.redpanda.effective_topics
    assert "events.listening" not in settings.model_copy(update={"kubernetes": kubernetes}).topics

"""Topics, queues and rights of services on the brokers."""

import copy
from collections.abc import Callable

from tests.charts import brokers
from tests.model.cluster import RenderedCluster

Deployed = Callable[[str], RenderedCluster]


def test_services_have_rights_on_their_topics(deployed: Deployed, environment: str) -> None:
    assert brokers.topic_findings(deployed(environment)) == []


def test_services_have_rights_on_their_queues(deployed: Deployed, environment: str) -> None:
    assert brokers.queue_findings(deployed(environment)) == []


def test_brokers_have_no_service_superusers(deployed: Deployed, environment: str) -> None:
    assert brokers.superuser_findings(deployed(environment)) == []


def broken(platform: RenderedCluster, release: str) -> RenderedCluster:
    copied = copy.copy(platform)
    copied.releases = {**platform.releases, release: copy.deepcopy(platform.releases[release])}
    return copied


def test_missing_topic_right_is_reported(deployed: Deployed) -> None:
    platform = broken(deployed("dev"), "redpanda-access")
    platform.releases["redpanda-access"].values["users"]["playback"]["produces"].remove("events.listening")
    assert brokers.topic_findings(platform) == [
        "playback: events.listening is in EVENTS_PRODUCES, and the job of redpanda-access gives no such right"
    ]


def test_service_superuser_is_reported(deployed: Deployed) -> None:
    platform = broken(deployed("dev"), "redpanda")
    values = platform.releases["redpanda"].values
    del values["statefulset"]["sideCars"]["args"], values["post_install_job"]["podTemplate"]["spec"]["containers"][0]["command"]
    values["config"]["cluster"]["superusers"] = ["playback"]
    assert [finding.partition(" ")[0] for finding in brokers.superuser_findings(platform)] == ["the", "the", "playback"]


def test_user_without_password_is_reported(deployed: Deployed) -> None:
    platform = broken(deployed("dev"), "redpanda-access")
    platform.releases["redpanda-access"].values["users"]["radio"] = {"produces": [], "consumes": []}
    assert brokers.topic_findings(platform) == ["radio has rights and no password in redpanda-users"]


def test_missing_queue_is_reported(deployed: Deployed) -> None:
    platform = broken(deployed("dev"), "rabbitmq-topology")
    del platform.releases["rabbitmq-topology"].values["queues"]["notifications"]
    assert brokers.queue_findings(platform) == [
        "notifications: notifications is in TASKS_QUEUES, and no queue of this name is for it",
        "notifications is counted, and no queue has this name",
    ]

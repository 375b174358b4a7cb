"""Chart of the RabbitMQ topology, rendered by the deploying Helm with the construct's values."""

import copy
from collections.abc import Callable

import pytest

from spotmusic_constructs.kubernetes.helm_release import LocalChart
from spotmusic_constructs.messaging.definitions import definitions
from spotmusic_constructs.messaging.task_topology import TaskTopology
from spotmusic_constructs.messaging.topology import TaskQueue, Topology
from tests.conftest import ROOT, new_stack
from tests.helm_values import cluster_in, releases, render, resource_errors
from tests.model.values import Json

CHART = ROOT / "charts" / "rabbitmq-topology"
TOPOLOGY = Topology(
    queues=[TaskQueue(name="notifications", consumers=["notifications"], publishers=["web-api", "notifications"], max_length=5_000_000)],
    users={"web-api": "rabbitmq-user-web-api", "notifications": "rabbitmq-user-notifications"},
    monitor="rabbitmq-user-queue-depth",
)


@pytest.fixture(scope="module")
def release() -> Json:
    stack = new_stack()
    TaskTopology(stack, "TaskTopology", cluster=cluster_in(stack), chart=LocalChart(path=CHART), topology=TOPOLOGY)
    return releases(stack)["rabbitmq-topology"]


@pytest.fixture(scope="module")
def manifests(release: Json) -> list[Json]:
    return render(CHART, "rabbitmq-topology", "rabbitmq", release["Values"])


def of_kind(manifests: list[Json], kind: str) -> dict[str, Json]:
    return {item["metadata"]["name"]: dict(item["spec"]) for item in manifests if item["kind"] == kind}


def test_topology_release_waits(release: Json) -> None:
    assert release["Wait"] is True
    assert not release.get("Atomic")


def test_queues_and_vhosts_are_retained(manifests: list[Json]) -> None:
    holders = [*of_kind(manifests, "Queue").values(), *of_kind(manifests, "Vhost").values()]
    assert {holder["deletionPolicy"] for holder in holders} == {"retain"}


def test_queues_are_quorum_queues(manifests: list[Json]) -> None:
    assert {queue["type"] for queue in of_kind(manifests, "Queue").values()} == {"quorum"}
    assert of_kind(manifests, "Vhost")["spotmusic"]["defaultQueueType"] == "quorum"


def test_queue_limits_render_as_integers(manifests: list[Json]) -> None:
    definition = of_kind(manifests, "Policy")["notifications"]["definition"]
    assert (definition["max-length"], definition["message-ttl"]) == (5_000_000, 604_800_000)
    assert {type(definition[key]) for key in ("max-length", "message-ttl")} == {int}


def test_topology_resources_match_definitions(manifests: list[Json]) -> None:
    """Engine tests verify the file in a real RabbitMQ, so equal resources need no other test."""
    document = definitions(TOPOLOGY, dict.fromkeys(("web-api", "notifications", "queue-depth"), "secret"))
    assert policies_of(of_kind(manifests, "Policy")) == {
        policy["name"]: (policy["pattern"], policy["apply-to"], policy["definition"]) for policy in document["policies"]
    }
    assert set(of_kind(manifests, "Queue")) == {queue["name"] for queue in document["queues"]}
    assert {name: exchange["type"] for name, exchange in of_kind(manifests, "Exchange").items()} == {
        exchange["name"]: exchange["type"] for exchange in document["exchanges"]
    }
    assert {(b["source"], b["destination"], b["routingKey"]) for b in of_kind(manifests, "Binding").values()} == {
        (b["source"], b["destination"], b["routing_key"]) for b in document["bindings"]
    }
    assert {name: spec["permissions"] for name, spec in of_kind(manifests, "Permission").items()} == {
        p["user"]: {key: p[key] for key in ("configure", "write", "read")} for p in document["permissions"]
    }
    assert {name: spec["permissions"] for name, spec in of_kind(manifests, "TopicPermission").items()} == {
        p["user"]: {key: p[key] for key in ("exchange", "write", "read")} for p in document["topic_permissions"]
    }
    assert {name: ",".join(spec.get("tags", [])) for name, spec in of_kind(manifests, "User").items()} == {
        user["name"]: user["tags"] for user in document["users"]
    }


def policies_of(policies: dict[str, Json]) -> dict[str, tuple[str, str, Json]]:
    return {name: (spec["pattern"], spec["applyTo"], spec["definition"]) for name, spec in policies.items()}


def test_topology_resources_match_crds(manifests: list[Json]) -> None:
    assert resource_errors(manifests) == []


def without_limit(values: Json) -> None:
    del values["queues"]["notifications"]["policy"]["max-length"]


def dropping(values: Json) -> None:
    values["queues"]["notifications"]["policy"]["overflow"] = "drop-head"


def without_dead_letters(values: Json) -> None:
    del values["queues"]["notifications"]["policy"]["dead-letter-exchange"]


def without_retry_delay(values: Json) -> None:
    del values["queues"]["notifications"]["policy"]["delayed-retry-type"]


def without_delivery_limit(values: Json) -> None:
    values["queues"]["notifications"]["policy"]["delivery-limit"] = -1


def misspelt(values: Json) -> None:
    values["queues"]["notifications"]["policy"]["max-lenght"] = 1


def unbound(values: Json) -> None:
    values["queues"]["notifications"]["bindings"] = []


def administrator(values: Json) -> None:
    values["users"]["web-api"]["tags"] = ["administrator"]


def reading_everything(values: Json) -> None:
    values["users"]["web-api"]["read"] = ".*"


def any_key(values: Json) -> None:
    del values["users"]["web-api"]["publishes"]


BROKEN: dict[Callable[[Json], None], str] = {
    without_limit: "max-length",
    dropping: "overflow",
    without_dead_letters: "dead-letter-exchange",
    without_delivery_limit: "policy",
    without_retry_delay: "delayed-retry-type",
    misspelt: "max-lenght",
    unbound: "bindings",
    administrator: "tags",
    reading_everything: "read",
    any_key: "publishes",
}


@pytest.mark.parametrize("breaking", BROKEN, ids=lambda breaking: breaking.__name__)
def test_topology_chart_rejects_unsafe_values(release: Json, breaking: Callable[[Json], None]) -> None:
    values = copy.deepcopy(release["Values"])
    breaking(values)
    with pytest.raises(ValueError, match=BROKEN[breaking]):
        render(CHART, "rabbitmq-topology", "rabbitmq", values)

"""Topology of the task queues, and its chart rendered by the Helm that deploys it."""

import copy
from typing import Any

import pytest

from spotmusic_constructs.kubernetes.helm_release import LocalChart
from spotmusic_constructs.messaging.definitions import definitions
from spotmusic_constructs.messaging.task_topology import TaskTopology
from spotmusic_constructs.messaging.topology import TaskQueue, Topology
from tests.conftest import new_stack
from tests.helm_values import cluster_in, values_of
from tools.checkout import ROOT
from tools.model.helm import render
from tools.model.values import Json

CHART = ROOT / "charts" / "rabbitmq-topology"
PASSWORDS = {"web-api": "a", "notifications": "b", "queue-depth": "c"}
MAIL = TaskQueue(
    name="mail",
    consumers=["notifications"],
    publishers=["web-api", "notifications"],
    delivery_limit=3,
    max_length=5_000_000,
)
PUSH = TaskQueue(
    name="push-urgent", consumers=["notifications"], publishers=["web-api"], message_ttl_hours=1
)
TOPOLOGY = Topology(
    queues=[MAIL, PUSH],
    users={"web-api": "user-web-api", "notifications": "user-notifications"},
    monitor="user-monitor",
)


@pytest.fixture(scope="module")
def values() -> Json:
    stack = new_stack()
    TaskTopology(
        stack,
        "TaskTopology",
        cluster=cluster_in(stack),
        chart=LocalChart(path=CHART),
        topology=TOPOLOGY,
    )
    return values_of(stack, "rabbitmq-topology")


@pytest.fixture(scope="module")
def manifests(values: Json) -> list[Json]:
    return render(CHART, "rabbitmq-topology", "rabbitmq", values)


def of_kind(manifests: list[Json], kind: str) -> dict[str, Json]:
    return {
        item["metadata"]["name"]: dict(item["spec"]) for item in manifests if item["kind"] == kind
    }


def test_task_queue_policy_bounds_messages(values: Json) -> None:
    assert values["queues"]["mail"]["policy"] == {
        "delivery-limit": 3,
        "delayed-retry-type": "all",
        "delayed-retry-min": 5_000,
        "delayed-retry-max": 60_000,
        "max-length": 5_000_000,
        "overflow": "reject-publish",
        "message-ttl": 7 * 24 * 3_600_000,
        "dead-letter-exchange": "dead-letters",
        "dead-letter-routing-key": "mail",
        "dead-letter-strategy": "at-least-once",
    }


def test_dead_letter_queue_is_bounded(values: Json) -> None:
    queue = values["queues"]["dead-letters.mail"]
    assert queue["bindings"] == [{"exchange": "dead-letters", "routingKey": "mail"}]
    assert queue["policy"] == {
        "delivery-limit": -1,
        "max-length": 5_000_000,
        "overflow": "reject-publish",
        "message-ttl": 14 * 24 * 3_600_000,
    }


def test_queue_users_have_own_permissions(values: Json) -> None:
    assert values["users"]["web-api"] == {
        "secret": "user-web-api",
        "write": "^tasks$",
        "read": "",
        "publishes": r"^(mail|push-urgent)(\.|$)",
    }
    assert values["users"]["notifications"]["read"] == "^(mail|push-urgent)$"
    assert values["users"]["notifications"]["publishes"] == r"^(mail)(\.|$)"


def test_queue_monitor_cannot_read_messages(values: Json) -> None:
    assert values["users"]["queue-depth"] == {
        "secret": "user-monitor",
        "tags": ["monitoring"],
        "write": "",
        "read": "",
    }


def test_queue_definitions_contain_passwords() -> None:
    document = definitions(TOPOLOGY, PASSWORDS)
    assert {user["name"]: user["password"] for user in document["users"]} == PASSWORDS
    assert {queue["name"] for queue in document["queues"]} == {
        policy["name"] for policy in document["policies"]
    }


@pytest.mark.parametrize(
    "change", [{"consumers": []}, {"publishers": []}, {"max_length": 0}, {"delivery_limit": 0}]
)
def test_queue_requires_users_and_limits(change: Json) -> None:
    with pytest.raises(ValueError, match="mail: "):
        TaskQueue(**{"name": "mail", "consumers": ["a"], "publishers": ["b"], **change})


def test_queue_rejects_service_without_user() -> None:
    with pytest.raises(ValueError, match="web-api use queues but have no user"):
        Topology(queues=[MAIL], users={"notifications": "secret"})


def test_queues_and_vhosts_are_retained(manifests: list[Json]) -> None:
    holders = [*of_kind(manifests, "Queue").values(), *of_kind(manifests, "Vhost").values()]
    assert {holder["deletionPolicy"] for holder in holders} == {"retain"}
    assert of_kind(manifests, "Vhost")["spotmusic"]["defaultQueueType"] == "quorum"


def test_queue_limits_render_as_integers(manifests: list[Json]) -> None:
    definition = of_kind(manifests, "Policy")["mail"]["definition"]
    assert (definition["max-length"], definition["message-ttl"]) == (5_000_000, 604_800_000)
    assert {type(definition[key]) for key in ("max-length", "message-ttl")} == {int}


def test_topology_resources_match_definitions(manifests: list[Json]) -> None:
    """Engine tests verify the file in a real RabbitMQ, so equal resources need no other test."""
    document = definitions(TOPOLOGY, PASSWORDS)
    assert {
        name: (spec["pattern"], spec["applyTo"], spec["definition"])
        for name, spec in of_kind(manifests, "Policy").items()
    } == {
        policy["name"]: (policy["pattern"], policy["apply-to"], policy["definition"])
        for policy in document["policies"]
    }
    assert set(of_kind(manifests, "Queue")) == {queue["name"] for queue in document["queues"]}
    assert {
        name: exchange["type"] for name, exchange in of_kind(manifests, "Exchange").items()
    } == {exchange["name"]: exchange["type"] for exchange in document["exchanges"]}
    assert {
        (b["source"], b["destination"], b["routingKey"])
        for b in of_kind(manifests, "Binding").values()
    } == {(b["source"], b["destination"], b["routing_key"]) for b in document["bindings"]}
    assert {
        name: spec["permissions"] for name, spec in of_kind(manifests, "Permission").items()
    } == {
        p["user"]: {key: p[key] for key in ("configure", "write", "read")}
        for p in document["permissions"]
    }
    assert {
        name: spec["permissions"] for name, spec in of_kind(manifests, "TopicPermission").items()
    } == {
        p["user"]: {key: p[key] for key in ("exchange", "write", "read")}
        for p in document["topic_permissions"]
    }
    assert {
        name: ",".join(spec.get("tags", [])) for name, spec in of_kind(manifests, "User").items()
    } == {user["name"]: user["tags"] for user in document["users"]}


POLICY, BINDINGS, USER = ("queues", "mail", "policy"), ("queues", "mail"), ("users", "web-api")
UNSAFE: dict[str, tuple[tuple[str, ...], str, Any, str]] = {
    "no-limit": (POLICY, "max-length", None, "max-length"),
    "dropped-messages": (POLICY, "overflow", "drop-head", "overflow"),
    "no-dead-letters": (POLICY, "dead-letter-exchange", None, "dead-letter-exchange"),
    "no-retry-delay": (POLICY, "delayed-retry-type", None, "delayed-retry-type"),
    "no-delivery-limit": (POLICY, "delivery-limit", -1, "policy"),
    "misspelt-key": (POLICY, "max-lenght", 1, "max-lenght"),
    "no-binding": (BINDINGS, "bindings", [], "bindings"),
    "administrator": (USER, "tags", ["administrator"], "tags"),
    "every-queue": (USER, "read", ".*", "read"),
    "every-key": (USER, "publishes", None, "publishes"),
}
"""Path of a value, its key, the unsafe value (none: without it) and part of the message."""


@pytest.mark.parametrize("case", UNSAFE)
def test_topology_chart_rejects_unsafe_values(values: Json, case: str) -> None:
    path, key, value, message = UNSAFE[case]
    unsafe = copy.deepcopy(values)
    place = unsafe
    for step in path:
        place = place[step]
    if value is None:
        del place[key]
    else:
        place[key] = value
    with pytest.raises(ValueError, match=message):
        render(CHART, "rabbitmq-topology", "rabbitmq", unsafe)

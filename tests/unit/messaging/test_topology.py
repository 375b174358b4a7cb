import pytest

from spotmusic_constructs.messaging.definitions import definitions
from spotmusic_constructs.messaging.topology import TaskQueue, Topology
from tests.model.values import Json

MAIL = TaskQueue(name="mail", consumers=["notifications"], publishers=["web-api", "notifications"], delivery_limit=3, max_length=10)
PUSH = TaskQueue(name="push-urgent", consumers=["notifications"], publishers=["web-api"], message_ttl_hours=1)
TOPOLOGY = Topology(queues=[MAIL, PUSH], users={"web-api": "user-web-api", "notifications": "user-notifications"}, monitor="user-monitor")


@pytest.fixture(scope="module")
def values() -> Json:
    return dict(TOPOLOGY.to_values())


def test_task_queue_policy_bounds_messages(values: Json) -> None:
    assert values["queues"]["mail"]["policy"] == {
        "delivery-limit": 3,
        "delayed-retry-type": "all",
        "delayed-retry-min": 5_000,
        "delayed-retry-max": 60_000,
        "max-length": 10,
        "overflow": "reject-publish",
        "message-ttl": 7 * 24 * 3_600_000,
        "dead-letter-exchange": "dead-letters",
        "dead-letter-routing-key": "mail",
        "dead-letter-strategy": "at-least-once",
    }


def test_dead_letter_queue_is_bounded(values: Json) -> None:
    queue = values["queues"]["dead-letters.mail"]
    assert queue["bindings"] == [{"exchange": "dead-letters", "routingKey": "mail"}]
    assert queue["policy"] == {"delivery-limit": -1, "max-length": 10, "overflow": "reject-publish", "message-ttl": 14 * 24 * 3_600_000}


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
    assert values["users"]["queue-depth"] == {"secret": "user-monitor", "tags": ["monitoring"], "write": "", "read": ""}


def test_queue_definitions_contain_passwords() -> None:
    document = definitions(TOPOLOGY, {"web-api": "a", "notifications": "b", "queue-depth": "c"})
    assert {user["name"]: user["password"] for user in document["users"]} == {"web-api": "a", "notifications": "b", "queue-depth": "c"}
    assert {queue["name"] for queue in document["queues"]} == {policy["name"] for policy in document["policies"]}


@pytest.mark.parametrize("change", [{"consumers": []}, {"publishers": []}, {"max_length": 0}, {"delivery_limit": 0}])
def test_queue_requires_users_and_limits(change: Json) -> None:
    with pytest.raises(ValueError, match="mail: "):
        TaskQueue(**{"name": "mail", "consumers": ["a"], "publishers": ["b"], **change})


def test_queue_rejects_service_without_user() -> None:
    with pytest.raises(ValueError, match="web-api use queues but have no user"):
        Topology(queues=[MAIL], users={"notifications": "secret"})

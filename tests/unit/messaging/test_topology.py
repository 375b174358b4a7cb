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


def test_a_queue_refuses_what_is_too_much_and_keeps_what_cannot_be_done(values: Json) -> None:
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


def test_dead_letters_have_a_queue_of_their_own_that_ends(values: Json) -> None:
    queue = values["queues"]["dead-letters.mail"]
    assert queue["bindings"] == [{"exchange": "dead-letters", "routingKey": "mail"}]
    assert queue["policy"] == {"delivery-limit": -1, "max-length": 10, "overflow": "reject-publish", "message-ttl": 14 * 24 * 3_600_000}


def test_a_service_publishes_to_its_queues_only_and_takes_from_those_it_consumes(values: Json) -> None:
    assert values["users"]["web-api"] == {
        "secret": "user-web-api",
        "write": "^tasks$",
        "read": "",
        "publishes": r"^(mail|push-urgent)(\.|$)",
    }
    assert values["users"]["notifications"]["read"] == "^(mail|push-urgent)$"
    assert values["users"]["notifications"]["publishes"] == r"^(mail)(\.|$)"


def test_the_monitor_touches_no_message(values: Json) -> None:
    assert values["users"]["queue-depth"] == {"secret": "user-monitor", "tags": ["monitoring"], "write": "", "read": ""}


def test_definitions_say_the_same_and_hold_the_passwords() -> None:
    document = definitions(TOPOLOGY, {"web-api": "a", "notifications": "b", "queue-depth": "c"})
    assert {user["name"]: user["password"] for user in document["users"]} == {"web-api": "a", "notifications": "b", "queue-depth": "c"}
    assert {queue["name"] for queue in document["queues"]} == {policy["name"] for policy in document["policies"]}


@pytest.mark.parametrize("change", [{"consumers": []}, {"publishers": []}, {"max_length": 0}, {"delivery_limit": 0}])
def test_a_queue_without_users_or_limits_is_refused(change: Json) -> None:
    with pytest.raises(ValueError, match="mail: "):
        TaskQueue(**{"name": "mail", "consumers": ["a"], "publishers": ["b"], **change})


def test_a_queue_of_somebody_without_a_user_is_refused() -> None:
    with pytest.raises(ValueError, match="web-api use queues and have no user"):
        Topology(queues=[MAIL], users={"notifications": "secret"})

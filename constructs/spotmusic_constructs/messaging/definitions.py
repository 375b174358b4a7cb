"""Topology of the task broker as a RabbitMQ definitions file."""

from collections.abc import Iterator, Mapping
from typing import Any

from spotmusic_constructs.messaging.topology import TASKS, VIRTUAL_HOST, Topology, policy_pattern

Json = dict[str, Any]
_KEPT = {"durable": True, "auto_delete": False}


def definitions(topology: Topology, passwords: Mapping[str, str]) -> Json:
    """Return the topology in the format of `rabbitmqctl import_definitions`.

    Args:
        topology: topology that also gives the values of the chart `rabbitmq-topology`.
        passwords: password by user; on the cluster they come from Secrets.

    Example:
        json.dumps(definitions(topology, {"web-api": "…", "notifications": "…"}))
    """
    values: Json = topology.to_values()
    return {
        "vhosts": [{"name": VIRTUAL_HOST, "default_queue_type": "quorum"}],
        "users": [
            {"name": name, "password": passwords[name], "tags": ",".join(user.get("tags", []))}
            for name, user in values["users"].items()
        ],
        "permissions": [
            {
                "user": name,
                "vhost": VIRTUAL_HOST,
                "configure": "",
                "write": user["write"],
                "read": user["read"],
            }
            for name, user in values["users"].items()
        ],
        "topic_permissions": [
            {
                "user": name,
                "vhost": VIRTUAL_HOST,
                "exchange": TASKS,
                "write": user["publishes"],
                "read": "",
            }
            for name, user in values["users"].items()
            if "publishes" in user
        ],
        "exchanges": [
            {
                "name": name,
                "vhost": VIRTUAL_HOST,
                "type": exchange["type"],
                **_KEPT,
                "internal": False,
                "arguments": {},
            }
            for name, exchange in values["exchanges"].items()
        ],
        "queues": [
            {"name": name, "vhost": VIRTUAL_HOST, **_KEPT, "arguments": {"x-queue-type": "quorum"}}
            for name in values["queues"]
        ],
        "bindings": list(_bindings(values["queues"])),
        "policies": [
            {
                "name": name,
                "vhost": VIRTUAL_HOST,
                "pattern": policy_pattern(name),
                "apply-to": "quorum_queues",
                "priority": 0,
                "definition": queue["policy"],
            }
            for name, queue in values["queues"].items()
        ],
    }


def _bindings(queues: Mapping[str, Json]) -> Iterator[Json]:
    for name, queue in queues.items():
        for binding in queue["bindings"]:
            yield {
                "source": binding["exchange"],
                "vhost": VIRTUAL_HOST,
                "destination": name,
                "destination_type": "queue",
                "routing_key": binding["routingKey"],
                "arguments": {},
            }

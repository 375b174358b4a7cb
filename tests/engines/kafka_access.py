"""Topics and permissions of the platform's events in Kafka, as the job of the chart
`redpanda-access` creates them in Redpanda.
"""

from collections.abc import Mapping
from typing import Any

from tests.engines.programs import wait_until
from tools.checkout import ROOT
from tools.model.helm import render

CHART = ROOT / "charts" / "redpanda-access"
KINDS = {"cluster": "BROKER"}
"""Resource types with different names in the library and `rpk`."""
WITHIN_SECONDS = 60


def apply(admin: Any, administration: Any, access: Mapping[str, Any]) -> None:
    """Create topics and permissions from the job's script as rendered by Helm.

    Args:
        admin: the module `confluent_kafka.admin`.
        administration: client of an administrator.
        access: values of the chart with topics and permissions.
    """
    values = {"image": "registry.example.com/redpanda:v1", "minimumReplication": 1, **access}
    (job,) = render(CHART, "redpanda-access", "redpanda", values)
    script = job["spec"]["template"]["spec"]["containers"][0]["args"][0]
    topics, rights, user = [], [], ""
    for words in map(str.split, script.partition("\nwait_for_brokers\n")[2].splitlines()):
        match words:
            case ["topic", name, partitions, _, policy, milliseconds] if milliseconds.isdigit():
                config = {"cleanup.policy": policy, "retention.ms": milliseconds}
                topics.append(admin.NewTopic(name, int(partitions), 1, config=config))
            case ["rights", user, _]:
                pass
            case [kind, pattern, name, operations]:
                resource = KINDS.get(kind, kind.upper().replace("-", "_"))
                rights += [
                    admin.AclBinding(
                        admin.ResourceType[resource],
                        name,
                        admin.ResourcePatternType[pattern.upper()],
                        f"User:{user}",
                        "*",
                        admin.AclOperation[operation.upper()],
                        admin.AclPermissionType.ALLOW,
                    )
                    for operation in operations.split(",")
                ]
    for made in (administration.create_topics(topics), administration.create_acls(rights)):
        for result in made.values():
            result.result(WITHIN_SECONDS)
    kind, pattern = admin.ResourceType.ANY, admin.ResourcePatternType.ANY
    every = admin.AclBindingFilter(
        kind, None, pattern, None, None, admin.AclOperation.ANY, admin.AclPermissionType.ANY
    )
    # The controller has them first, the broker a moment later.
    wait_until(
        lambda: len(administration.describe_acls(every).result(WITHIN_SECONDS)) == len(rights),
        "all permissions exist",
    )

"""Alarms of caches on ElastiCache."""

from collections.abc import Iterator, Mapping, Sequence

from constructs import Construct

from spotmusic_constructs.observability.alarm import (
    AlarmGroup,
    AlarmRule,
    Formula,
    MetricSource,
    Recipients,
    Thresholds,
)

CPU_PERCENT: Thresholds = {"warning": 70, "critical": 90}
"""CPU of the core that runs commands (ElastiCache user guide, which metrics should I monitor)."""
MEMORY_PERCENT: Thresholds = {"warning": 80, "critical": 95}
LAG_SECONDS: Thresholds = {"warning": 1, "critical": 10}
EVICTIONS: Thresholds = {"warning": 1000}
"""Keys per minute. Evicted keys are read from the database again."""
CONNECTIONS: Thresholds = {"warning": 45_000, "critical": 60_000}
"""A node accepts 65,000 clients (ElastiCache user guide, Redis and Valkey configuration)."""

_NODE_RULES: Mapping[str, tuple[str, str, str]] = {
    "Cpu": (
        "EngineCPUUtilization",
        "Average",
        "its cpu is fully used, or it reports nothing because it is down.",
    ),
    "Memory": ("DatabaseMemoryUsagePercentage", "Maximum", "its memory is almost full."),
    "Evictions": ("Evictions", "Sum", "it evicts keys of the cache to make room."),
    "Lag": (
        "ReplicationLag",
        "Maximum",
        "this replica is behind the primary; a failover to it would lose writes.",
    ),
    "Connections": (
        "CurrConnections",
        "Maximum",
        "clients hold almost as many connections as it takes.",
    ),
    "Logins": (
        "AuthenticationFailures",
        "Sum",
        "logins fail in each of five minutes, by a wrong password or an unknown user.",
    ),
}
"""Metric, statistic and problem of the rules of a node."""


class CacheAlarms(AlarmGroup):
    """Alarms of a replication group: failovers, and limits and refused logins of each node.

    Args:
        recipients: topics.
        nodes: identifiers of the cache clusters in the group, such as `spotmusic-001`.
        name: client of the cache, in the text of each alarm. Default: none, for a shared cache.
        cpu_percent: engine CPU, in percent.
        memory_percent: memory in use, in percent of the memory for data.
        lag_seconds: seconds that a replica is behind its primary.
        evictions: keys evicted per minute.
        connections: clients of a node.

    Example:
        CacheAlarms(self, "CacheAlarms", recipients=recipients,
                    nodes=["spotmusic-001", "spotmusic-002"])
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        recipients: Recipients,
        nodes: Sequence[str],
        name: str = "",
        cpu_percent: Thresholds = CPU_PERCENT,
        memory_percent: Thresholds = MEMORY_PERCENT,
        lag_seconds: Thresholds = LAG_SECONDS,
        evictions: Thresholds = EVICTIONS,
        connections: Thresholds = CONNECTIONS,
    ) -> None:
        of = f" of {name}," if name else ""
        thresholds: dict[str, Thresholds] = {
            "Cpu": cpu_percent,
            "Memory": memory_percent,
            "Evictions": evictions,
            "Lag": lag_seconds,
            "Connections": connections,
            "Logins": {"warning": 1},
        }
        super().__init__(
            scope,
            construct_id,
            recipients=recipients,
            runbook="cache",
            rules=[_failover(nodes, of), *_node_rules(nodes, of, thresholds)],
        )


def _node_rules(
    nodes: Sequence[str], of: str, thresholds: Mapping[str, Thresholds]
) -> Iterator[AlarmRule]:
    for number, node in enumerate(nodes, start=1):
        for name, (source, statistic, problem) in _NODE_RULES.items():
            yield AlarmRule(
                name=f"Node{number}{name}",
                summary=f"Cache{of} node {number}: {problem}",
                watch=_metric(node, source, statistic),
                thresholds=thresholds[name],
                # A node that reports no cpu is down.
                missing_data="breaching" if name == "Cpu" else "notBreaching",
            )


def _failover(nodes: Sequence[str], of: str) -> AlarmRule:
    """Return the rule on a change of the primary.

    ElastiCache publishes no events of node-based clusters to EventBridge, and none to encrypted
    topics (ElastiCache user guide, events for node-based clusters; event notifications and Amazon
    SNS). `IsMaster` is 1 on the primary and 0 on replicas.
    """
    roles = {
        f"node{number}": _metric(node, "IsMaster", "Maximum")
        for number, node in enumerate(nodes, start=1)
    }
    changes = Formula(
        expression=" + ".join(f"FILL(ABS(DIFF({node})), 0)" for node in roles),
        metrics=roles,
        label="Nodes with a changed role",
    )
    summary = (
        f"Cache{of.rstrip(',')}: its primary has changed, "
        "because a node failed or a failover was requested."
    )
    return AlarmRule(
        name="Failover",
        summary=summary,
        watch=changes,
        thresholds={"warning": 1},
        datapoints=1,
        event=True,
    )


def _metric(node: str, name: str, statistic: str) -> MetricSource:
    of_node = {"CacheClusterId": node}
    return MetricSource(
        namespace="AWS/ElastiCache", name=name, dimensions=of_node, statistic=statistic
    )

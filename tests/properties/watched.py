"""Table of alarms and conditions to watch (`watched.yaml`), and the resources that it covers."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.properties.alarms import (
    alarms_at,
    metrics_of,
    notifying_alarms,
    period_of,
    place_of,
    severity_of,
)
from tests.properties.databases import is_replica, replicas, source_of
from tests.properties.releases import releases_of
from tools.model.assembly import Assembly, Resource
from tools.model.statements import statements_of

TABLE: Mapping[str, Any] = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text())
BURN_RATES = {14.4: (300, 3600), 6.0: (1800, 21_600)}
"""Seconds of the short and the long window by burn rate (Google SRE workbook, alerting on SLOs)."""
COPIES = {"CopiedDatabases", "CopiedVolumes"}
"""Counts of completed copies of backups; the condition is that there are none."""
SEVERITIES = ("warning", "critical", "deployment")


@dataclass(frozen=True, kw_only=True)
class Row:
    """Alarm that each resource of a kind must have.

    Args:
        what: condition.
        kind: kind of resource.
        reads: namespace and names of the metrics.
        by: names of the dimensions.
        of: statistics.
        after: points, periods, and seconds of a period.
        limits: limit by severity; None if it follows from a size.
        any_severity: whether one alarm is enough, of either severity.
        critical_by_warning: proportion of limits that follow from a size.
    """

    what: str
    kind: str
    reads: tuple[str, frozenset[str]]
    by: frozenset[str]
    of: frozenset[str]
    after: tuple[int, ...]
    limits: Mapping[str, float | None]
    any_severity: bool
    critical_by_warning: float | None

    def watchers(self, platform: Assembly, place: str) -> list[Resource]:
        """Alarms with recipients on this condition of one resource."""
        return [
            alarm
            for alarm in alarms_at(platform, place)
            if _reads(alarm) == self.reads and _statistics(alarm) == self.of
        ]

    def missing(self, found: list[Resource]) -> set[str]:
        """Severities without an alarm."""
        wanted = {"any"} if self.any_severity else self.limits.keys()
        return wanted - ({"any"} if found else set()) - set(map(str, map(severity_of, found)))


def _row(kind: str, shared: Mapping[str, Any], what: str, said: Mapping[str, Any]) -> Row:
    limits = {
        severity: said.get(severity, said.get("any"))
        for severity in SEVERITIES
        if severity in said or "any" in said
    }
    return Row(
        what=what,
        kind=kind,
        reads=(said.get("namespace", shared["namespace"]), frozenset(said["metrics"].split())),
        by=frozenset(shared["by"].split()),
        of=frozenset(said["of"].split()),
        after=tuple(map(int, said.get("after", "").split())),
        limits=limits or dict.fromkeys(("warning", "critical")),
        any_severity="any" in said,
        critical_by_warning=said.get("critical_by_warning"),
    )


ROWS = [
    _row(kind, of, what, said)
    for kind, of in TABLE["alarms"].items()
    for what, said in of["rows"].items()
]
(HEARTBEAT,) = (row for row in ROWS if row.kind == "heartbeat")


def _reads(alarm: Resource) -> tuple[str, frozenset[str]]:
    metrics = list(metrics_of(alarm))
    return str(metrics[0]["Namespace"]), frozenset(str(metric["MetricName"]) for metric in metrics)


def _statistics(alarm: Resource) -> frozenset[str]:
    return frozenset(str(metric["Statistic"]) for metric in metrics_of(alarm))


def rows_of(alarm: Resource) -> list[Row]:
    """Rows with the metrics of an alarm."""
    objective = "Objective: " in str(alarm["AlarmDescription"])
    return [
        row for row in ROWS if row.reads == _reads(alarm) and (row.kind == "objective") is objective
    ]


def problem_with(alarm: Resource) -> str | None:
    """Difference between an alarm and the table, or None."""
    dimensions = {
        frozenset(dimension["Name"] for dimension in metric.get("Dimensions") or [])
        for metric in metrics_of(alarm)
    }
    after = (alarm["DatapointsToAlarm"], alarm["EvaluationPeriods"], period_of(alarm))
    severity, limit = severity_of(alarm) or "deployment", alarm["Threshold"] or 0
    for by, of, wanted_after, limits in _accepted(alarm):
        wanted = limits.get(severity, 0)
        near = severity in limits and (wanted is None or abs(limit - wanted) <= abs(wanted) / 1000)
        if (dimensions, _statistics(alarm), after) == ({by}, of, wanted_after) and near:
            return None
    read = (
        f"{', '.join(sorted(_statistics(alarm)))} of {sorted(_reads(alarm)[1])} by "
        f"{sorted(map(sorted, dimensions))}"
    )
    return f"{read} rings at {limit} as {severity} after {after} points, periods and seconds"


Accepted = tuple[frozenset[str], frozenset[str], tuple[int, ...], Mapping[str, float | None]]
"""Dimensions, statistics, duration, and limit by severity."""


def _accepted(alarm: Resource) -> Iterator[Accepted]:
    if (
        _reads(alarm)[0] == f"Spotmusic/{alarm.platform.settings.name}"
    ):  # counted by a metric filter
        if _reads(alarm)[1] <= COPIES:
            yield frozenset(), frozenset({"Sum"}), (2, 2, 86_400), {"warning": 1}
            return
        limit = 100 if _reads(alarm)[1] == {"DeletedTracks"} else 1
        yield (
            frozenset(),
            frozenset({"Sum"}),
            (1, 1, 300),
            {"critical": limit} if limit > 1 else {"warning": limit, "critical": limit},
        )
    for row in rows_of(alarm):
        after, limits = _of_objective(alarm) if row.kind == "objective" else (row.after, row.limits)
        yield row.by, row.of, after, limits


def _of_objective(alarm: Resource) -> tuple[tuple[int, ...], Mapping[str, float | None]]:
    """Duration and limits that follow from the objective in a description."""
    description = str(alarm["AlarmDescription"])
    objective = re.search(r"Objective: ([\d.]+)%\.", description)
    budget = 100 - float(objective[1]) if objective else 0
    if outlasting := re.search(r"for more than (\d+) minutes", description):
        minutes = int(outlasting[1])
        return (minutes + 2, minutes + 3, 60), {"deployment": max(BURN_RATES) * budget}
    burns = re.search(r"burns ([\d.]+) times", description)
    rate = float(burns[1]) if burns else 0
    window = BURN_RATES.get(rate, (0, 0))["Long" in alarm.name]
    return (1, 1, window), dict.fromkeys(("warning", "critical"), rate * budget)


def subjects(platform: Assembly) -> Iterator[tuple[str, str, str]]:
    """Resources to watch: type in the table, name, and names in dimensions."""
    yield from _edge(platform)
    yield from _ways_in(platform)
    for nodes in platform.some("AWS::ElastiCache::ReplicationGroup"):
        for number in range(1, nodes["ReplicasPerNodeGroup"] + 2):
            yield (
                "node of the cache",
                f"{nodes.name} node {number}",
                f"{place_of(nodes)}-{number:03}",
            )
    for name, service in platform.settings.services.items():
        if service.scaling.messages_per_task:
            yield "queue", f"queue {name}", name
    for queue in platform.all("AWS::SQS::Queue"):
        yield (
            "queue of verdicts" if queue["RedrivePolicy"] else "queue of dead verdicts",
            queue.name,
            place_of(queue),
        )
    receivers = releases_of(platform)["monitoring"].values["alertmanager"]["config"]["receivers"]
    for beat in (
        sns
        for receiver in receivers
        if receiver["name"] == "heartbeat"
        for sns in receiver["sns_configs"]
    ):
        yield "heartbeat", "heartbeat of Alertmanager", beat["topic_arn"]
    yield from (
        ("unattended function", function.name, place_of(function))
        for function in _unattended(platform)
    )
    for kind in (kind for kind in TABLE["alarms"] if kind.startswith("AWS::")):
        yield from ((kind, resource.name, _named(resource)) for resource in platform.all(kind))
    yield from (("read replica", replica.name, _named(replica)) for replica in replicas(platform))


def _named(resource: Resource) -> str:
    """Name in dimensions; that of a read replica begins with its source's."""
    if not is_replica(resource):
        return place_of(resource)
    source = source_of(resource)
    return place_of(source) + resource.text("DBInstanceIdentifier").removeprefix(
        source.text("DBInstanceIdentifier")
    )


def _edge(platform: Assembly) -> Iterator[tuple[str, str, str]]:
    if platform.settings.production:
        for distribution in platform.some("AWS::CloudFront::Distribution"):
            yield "distribution of production", distribution.name, place_of(distribution)
    for acl in platform.some("AWS::WAFv2::WebACL"):
        yield "web ACL", acl.name, acl.text("VisibilityConfig.MetricName")
    # In the home region, events report certificates; no other record exists.
    for certificate in platform.all("AWS::CertificateManager::Certificate", stack="edge"):
        yield "certificate of the edge", certificate.name, place_of(certificate)
    domain = platform.settings.domain
    if domain and domain.edge_certificate:
        yield "certificate of the edge", domain.edge_certificate, domain.edge_certificate


def _ways_in(platform: Assembly) -> Iterator[tuple[str, str, str]]:
    of_services = {
        target
        for service in platform.some("AWS::ECS::Service")
        for target in service.mentions("LoadBalancers")
    }
    for balancer in platform.some("AWS::ElasticLoadBalancingV2::LoadBalancer"):
        yield f"{balancer['Type']} load balancer", balancer.name, place_of(balancer)
    for group in platform.some("AWS::ElasticLoadBalancingV2::TargetGroup"):
        # A blue/green deployment empties one of the two target groups. The count of running tasks
        # is watched instead.
        if group not in of_services:
            brokers = "one broker" if re.search(r"Broker\d", group.id) else "brokers"
            kind = (
                "target group"
                if str(group["Protocol"]).startswith("HTTP")
                else f"target group of {brokers}"
            )
            yield kind, group.name, place_of(group)


def _unattended(platform: Assembly) -> list[Resource]:
    """Functions called by a rule or a rotation, except those with an alarm on missing
    invocations.
    """
    callers = [
        *platform.some("AWS::Events::Rule"),
        *platform.some("AWS::SecretsManager::RotationSchedule"),
    ]
    called = {
        goal
        for caller in callers
        for path in ("Targets", "RotationLambdaARN")
        for goal in caller.mentions(path)
    }
    missed = {
        metric["Namespace"]
        for alarm in notifying_alarms(platform)
        if alarm["TreatMissingData"] == "breaching"
        for metric in metrics_of(alarm)
    }
    measuring = {
        role
        for statement in statements_of(platform)
        if missed.intersection(statement.values("StringEquals", "cloudwatch:namespace"))
        for role in [statement.resource, *statement.resource.mentions("Roles")]
    }
    functions = {function for function in called if function.type == "AWS::Lambda::Function"}
    return sorted(
        (function for function in functions if function.target("Role") not in measuring), key=str
    )

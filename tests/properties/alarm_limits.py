"""Reviewed limits of alarms: threshold, duration and severity.

A limit that is too low causes needless pages, and one that is too high keeps an alarm silent.
Reviewed on 2026-11-29 with the runbook that each alarm names. A new limit is decided here and in
its construct.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from tests.model.assembly import Resource
from tests.properties.alarms import metrics_of, period_of, severity_of

BURN_RATES = {14.4: (300, 3600), 6.0: (1800, 21_600)}
"""Seconds of the short and the long window by burn rate (Google SRE workbook, alerting on SLOs)."""
DEPLOYMENT = "deployment"
"""Severity of alarms that roll a deployment back without a notification."""


@dataclass(frozen=True)
class Limit:
    """Limit of an alarm on a metric.

    Args:
        after: points, periods, seconds of a period.
        beyond: limits by severity; None where they follow from a size, and only their proportion is known.
        critical_by_warning: that proportion.
    """

    after: tuple[int, int, int]
    beyond: Mapping[str, float] | None
    critical_by_warning: float | None = None


def _after(points: int, periods: int, seconds: int, warning: float | None = None, critical: float | None = None) -> Limit:
    said = {"warning": warning, "critical": critical}
    return Limit((points, periods, seconds), {severity: limit for severity, limit in said.items() if limit is not None})


def _sized(minutes: int, critical_by_warning: float) -> Limit:
    return Limit((minutes, minutes, 60), None, critical_by_warning)


COUNTED = _after(1, 1, 300, 1, 1)
"""Metrics of metric filters: one event is enough."""
TRACKS = _after(1, 1, 300, critical=100)
"""Deleted tracks: a take-down of one artist stays below."""
_GIB = 2**30

LIMITS: Mapping[str, Limit] = {
    "AWS/ApplicationELB DesyncMitigationMode_NonCompliant_Request_Count": _after(3, 3, 300, warning=100),
    "AWS/ApplicationELB HealthyHostCount": _after(3, 3, 60, critical=2),
    "AWS/ApplicationELB RejectedConnectionCount": _after(1, 1, 60, critical=1),
    "AWS/ApplicationELB TargetResponseTime": _after(5, 5, 60, warning=1, critical=3),
    "AWS/ApplicationELB UnHealthyHostCount": _after(10, 10, 60, warning=1),
    "AWS/ApplicationELB HTTPCode_ELB_5XX_Count HTTPCode_Target_5XX_Count RequestCount": _after(3, 5, 60, warning=1, critical=5),
    "AWS/ApplicationELB HTTPCode_Target_5XX_Count RequestCount TargetConnectionErrorCount": Limit((2, 3, 60), {DEPLOYMENT: 5}),
    "AWS/CertificateManager DaysToExpiry": _after(1, 1, 86_400, warning=30, critical=14),
    "AWS/CloudFront 4xxErrorRate": _after(3, 3, 300, warning=20),
    "AWS/CloudFront 5xxErrorRate": _after(2, 2, 300, warning=1, critical=5),
    "AWS/CloudFront OriginLatency": _after(3, 3, 300, warning=3000),
    "AWS/ECS CPUUtilization": _after(10, 10, 60, warning=90),
    "AWS/ECS MemoryUtilization": _after(5, 5, 60, warning=85, critical=95),
    "AWS/EKS apiserver_request_total": _after(10, 10, 60, critical=1),
    "AWS/EKS apiserver_request_total_5XX": _after(5, 5, 60, warning=10, critical=100),
    "AWS/EKS apiserver_storage_size_bytes": _after(5, 5, 60, warning=6 * _GIB, critical=7 * _GIB),
    "AWS/EKS scheduler_pending_pods_UNSCHEDULABLE": _after(15, 15, 60, critical=1),
    "AWS/ElastiCache AuthenticationFailures": _after(5, 5, 60, warning=1),
    "AWS/ElastiCache CurrConnections": _after(5, 5, 60, warning=45_000, critical=60_000),
    "AWS/ElastiCache DatabaseMemoryUsagePercentage": _after(5, 5, 60, warning=80, critical=95),
    "AWS/ElastiCache EngineCPUUtilization": _after(5, 5, 60, warning=70, critical=90),
    "AWS/ElastiCache Evictions": _after(5, 5, 60, warning=1000),
    "AWS/ElastiCache IsMaster": _after(1, 5, 60, warning=1),
    "AWS/ElastiCache ReplicationLag": _after(5, 5, 60, warning=1, critical=10),
    "AWS/Lambda Errors": COUNTED,
    "AWS/NATGateway ErrorPortAllocation": _after(2, 5, 60, critical=1),
    "AWS/NATGateway PacketsDropCount": _after(5, 5, 60, warning=100),
    # One broker that does not respond is a warning: the others continue.
    "AWS/NetworkELB HealthyHostCount": _after(3, 3, 60, warning=1, critical=1),
    "AWS/NetworkELB PortAllocationErrorCount": _after(1, 1, 60, critical=1),
    "AWS/NetworkELB UnHealthyHostCount": _after(10, 10, 60, warning=1),
    "AWS/RDS CPUUtilization": _after(10, 10, 60, warning=80, critical=95),
    "AWS/RDS DatabaseConnections": _sized(5, 9 / 7),
    "AWS/RDS DiskQueueDepth": _after(15, 15, 60, warning=64),
    "AWS/RDS FreeStorageSpace": _sized(5, 8 / 15),
    "AWS/RDS FreeableMemory": _sized(10, 1 / 2),
    "AWS/SNS NumberOfMessagesPublished": _after(3, 3, 300, critical=1),
    "AWS/SQS ApproximateAgeOfOldestMessage": _after(1, 1, 300, warning=3600),
    "AWS/SQS ApproximateNumberOfMessagesVisible": COUNTED,
    "AWS/Scheduler InvocationDroppedCount": COUNTED,
    "AWS/WAFV2 BlockedRequests": _after(1, 1, 300, warning=1000, critical=20_000),
    "ECS/ContainerInsights DesiredTaskCount RunningTaskCount": _after(10, 10, 60, critical=1),
    "Spotmusic/Queues ReadyMessages": _sized(10, 10),
}
"""By namespace and metrics."""


def limit_of(alarm: Resource) -> Limit | None:
    """Reviewed limit of an alarm, or None."""
    description = str(alarm["AlarmDescription"])
    objective = re.search(r"Objective: ([\d.]+)%\.", description)
    if objective:
        return _of_objective(100 - float(objective[1]), description, alarm)
    read = list(metrics_of(alarm))
    if alarm["Namespace"] == f"Spotmusic/{alarm.platform.settings.name}":
        return TRACKS if read[0]["MetricName"] == "DeletedTracks" else COUNTED
    return LIMITS.get(" ".join([str(read[0]["Namespace"]), *sorted({str(metric["MetricName"]) for metric in read})]))


def _of_objective(budget: float, description: str, alarm: Resource) -> Limit | None:
    """Burn rate and windows of an objective, parsed from its description."""
    if outlasting := re.search(r"for more than (\d+) minutes", description):
        minutes = int(outlasting[1])
        return Limit((minutes + 2, minutes + 3, 60), {DEPLOYMENT: max(BURN_RATES) * budget})
    burns = re.search(r"burns ([\d.]+) times", description)
    if not burns or float(burns[1]) not in BURN_RATES:
        return None
    window = BURN_RATES[float(burns[1])]["Long" in alarm.name]
    return Limit((1, 1, window), dict.fromkeys(("warning", "critical"), float(burns[1]) * budget))


def problem_with_limit(alarm: Resource) -> str | None:
    """Returns the difference between an alarm and its reviewed limit, or None."""
    limit = limit_of(alarm)
    if limit is None:
        return "it is not in tests/properties/alarm_limits.py"
    after = (alarm["DatapointsToAlarm"], alarm["EvaluationPeriods"], period_of(alarm))
    if after != limit.after:
        return f"it rings after {after} points, periods and seconds, not {limit.after}"
    wanted = (limit.beyond or {}).get(severity_of(alarm) or DEPLOYMENT)
    if limit.beyond is not None and (wanted is None or abs((alarm["Threshold"] or 0) - wanted) > wanted / 1000):
        return f"it rings at {alarm['Threshold']}, not {wanted}"
    return None

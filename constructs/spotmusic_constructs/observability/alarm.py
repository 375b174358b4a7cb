"""Alarms as data: metric, thresholds, recipients and runbook."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sns as sns
from constructs import Construct

from spotmusic_constructs.arns import topic_arn

Severity = Literal["critical", "warning"]
"""`critical`: affects listeners, now or soon, and pages the person on call. `warning`: requires
action in working hours."""
Thresholds = Mapping[Severity, float]
MissingData = Literal["breaching", "notBreaching", "missing"]

_COMPARISONS = {
    ">=": "GreaterThanOrEqualToThreshold",
    ">": "GreaterThanThreshold",
    "<=": "LessThanOrEqualToThreshold",
    "<": "LessThanThreshold",
}
_PLAIN_STATISTICS = frozenset({"Average", "Maximum", "Minimum", "SampleCount", "Sum"})


@dataclass(frozen=True, kw_only=True)
class MetricSource:
    """CloudWatch metric.

    Args:
        namespace: namespace, such as `AWS/RDS`.
        name: name in the namespace.
        dimensions: values by dimension.
        statistic: statistic of a period, or a percentile such as `p99`.
        period: seconds.
    """

    namespace: str
    name: str
    dimensions: Mapping[str, str] = field(default_factory=dict)
    statistic: str = "Average"
    period: int = 60


@dataclass(frozen=True, kw_only=True)
class Formula:
    """Value computed from metrics of one period.

    Args:
        expression: metric math over the names in `metrics`.
        metrics: metrics by the lower-case name that the expression gives them.
        label: name of the value.
    """

    expression: str
    metrics: Mapping[str, MetricSource]
    label: str


@dataclass(frozen=True, kw_only=True)
class Recipients:
    """Recipients of alarms, and the place that the text of each alarm names.

    Args:
        topic: topic of every alarm.
        pager: topic of critical alarms. Default: none.
        environment_name: name of the environment, the first word of each text. Default: none.
        runbooks: folder or address of the runbooks, without a trailing slash.
    """

    topic: sns.ITopic
    pager: sns.ITopic | None = None
    environment_name: str = ""
    runbooks: str = "docs/runbooks"

    def topics(self, severity: Severity) -> list[str]:
        """Return the ARNs of the topics of a severity."""
        pager = [topic_arn(self.pager)] if self.pager and severity == "critical" else []
        return [topic_arn(self.topic), *pager]

    def text(self, summary: str, *, severity: Severity, runbook: str) -> str:
        """Return the description of an alarm.

        Args:
            summary: subject and problem, in a sentence.
            severity: severity of the alarm.
            runbook: name of the runbook without its suffix, with `#anchor` of the part.
        """
        page, hash_, anchor = runbook.partition("#")
        place = f"[{self.environment_name}] " if self.environment_name else ""
        address = f"{self.runbooks}/{page}.md{hash_}{anchor}"
        return f"{place}{summary} Severity: {severity}. Runbook: {address}"


@dataclass(frozen=True, kw_only=True)
class AlarmRule:
    """Condition and text of an alarm.

    Args:
        name: subject in one CamelCase word, part of the construct id.
        summary: subject and problem, in a sentence: "Database catalogue: its disk is full."
        watch: metric or formula.
        thresholds: threshold of the alarm of each severity.
        comparison: comparison of the value with the threshold.
        periods: periods to evaluate.
        datapoints: periods that must breach the threshold. Default: all.
        missing_data: treatment of periods without data. Rates and counts have no data without
            events (`notBreaching`); a machine without data is down (`breaching`).
        runbook: runbook of this rule. Default: that of the group.
        event: whether the rule counts events. Such an alarm returns to OK within minutes although
            the problem remains: its text contains this, and the change to OK is not published.
    """

    name: str
    summary: str
    watch: MetricSource | Formula
    thresholds: Thresholds
    comparison: Literal[">=", ">", "<=", "<"] = ">="
    periods: int = 5
    datapoints: int | None = None
    missing_data: MissingData = "notBreaching"
    runbook: str | None = None
    event: bool = False


RETURNS_TO_OK = "This alarm returns to OK within minutes, although the problem remains."
"""Sentence in the text of alarms of events."""


class AlarmGroup(Construct):
    """Alarms of one subject.

    Creates an alarm for each rule and severity. Its description names environment, subject,
    severity and runbook. The alarm and its return to OK are published to `recipients`; a rule with
    `event` publishes no OK.

    Args:
        recipients: topics.
        runbook: name of the runbook below `recipients.runbooks`, without its suffix.
        rules: conditions and texts.

    Example:
        AlarmGroup(self, "Uploads", recipients=recipients, runbook="uploads",
                   rules=[AlarmRule(name="Queue", summary="Uploads wait.", watch=metric,
                                    thresholds={"warning": 100, "critical": 1000})])
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        recipients: Recipients,
        runbook: str,
        rules: Iterable[AlarmRule],
    ) -> None:
        super().__init__(scope, construct_id)
        self.alarms = []
        for rule in rules:
            summary = f"{rule.summary} {RETURNS_TO_OK}" if rule.event else rule.summary
            page = rule.runbook or runbook
            for severity, threshold in rule.thresholds.items():
                made = alarm(
                    self,
                    f"{rule.name}{severity.capitalize()}",
                    rule=rule,
                    threshold=threshold,
                    description=recipients.text(summary, severity=severity, runbook=page),
                    topics=recipients.topics(severity),
                )
                self.alarms.append(made)


def alarm(
    scope: Construct,
    construct_id: str,
    *,
    rule: AlarmRule,
    threshold: float,
    description: str,
    topics: list[str] | None,
) -> cloudwatch.CfnAlarm:
    """Create one alarm. Without topics it only feeds a composite alarm."""
    return cloudwatch.CfnAlarm(
        scope,
        construct_id,
        alarm_description=description,
        actions_enabled=True,
        alarm_actions=topics,
        ok_actions=None if rule.event else topics,
        comparison_operator=_COMPARISONS[rule.comparison],
        threshold=threshold,
        evaluation_periods=rule.periods,
        datapoints_to_alarm=rule.datapoints or rule.periods,
        treat_missing_data=rule.missing_data,
        **(
            _of_metric(rule.watch)
            if isinstance(rule.watch, MetricSource)
            else {"metrics": _of_formula(rule.watch)}
        ),
    )


def _of_metric(metric: MetricSource) -> dict[str, Any]:
    key = "statistic" if metric.statistic in _PLAIN_STATISTICS else "extended_statistic"
    return {
        "namespace": metric.namespace,
        "metric_name": metric.name,
        "dimensions": _dimensions(metric),
        "period": metric.period,
        key: metric.statistic,
    }


def _of_formula(formula: Formula) -> list[dict[str, Any]]:
    sources = [
        {
            "id": id_,
            "returnData": False,
            "metricStat": {
                "metric": {
                    "namespace": metric.namespace,
                    "metricName": metric.name,
                    "dimensions": _dimensions(metric),
                },
                "period": metric.period,
                "stat": metric.statistic,
            },
        }
        for id_, metric in formula.metrics.items()
    ]
    return [
        {
            "id": "result",
            "expression": formula.expression,
            "label": formula.label,
            "returnData": True,
        },
        *sources,
    ]


def _dimensions(metric: MetricSource) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in metric.dimensions.items()]

"""Alarms of CloudWatch and alerts of Prometheus, with their runbooks."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.model.assembly import Assembly, Resource
from tools.model.cluster import RenderedCluster
from tools.model.values import at

RUNBOOKS = Path(__file__).parents[2] / "docs" / "runbooks"
_TEXT = re.compile(
    r"(?:\[\w+\] )?(?P<text>.*) Severity: (?P<severity>\w+)\. Runbook: (?P<runbook>\S+)", re.DOTALL
)

_PLACEHOLDER = re.compile(r"\{\{ *\$(?:labels\.)?(\w+)[^}]*\}\}")


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """Alarm.

    Args:
        name: name of the alarm.
        severity: `critical` or `warning`.
        text: description of the alarm.
        condition: condition of the alarm.
        runbook: name of the runbook, with `#heading` for a part.
        source: `CloudWatch` or `Prometheus`.
    """

    name: str
    severity: str
    text: str
    condition: str
    runbook: str
    source: str


def alarms_of(platform: Assembly, cluster: RenderedCluster | None) -> Iterator[Alarm]:
    """Yield the alarms with a runbook of all stacks, and the alerts of the cluster."""
    for alarm in platform.all("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"):
        if found := _TEXT.fullmatch(alarm.text("AlarmDescription")):
            yield Alarm(
                name=alarm.name.partition("/")[2],
                severity=found["severity"],
                text=found["text"],
                runbook=_name(found["runbook"]),
                condition=_condition(alarm),
                source="CloudWatch",
            )
    if cluster:
        yield from _alerts(cluster)


def _alerts(cluster: RenderedCluster) -> Iterator[Alarm]:
    for _, rules in cluster.of_kind("PrometheusRule"):
        for rule in (rule for group in rules["spec"]["groups"] for rule in group["rules"]):
            if runbook := rule.get("annotations", {}).get("runbook_url"):
                duration = f" for {rule['for']}" if "for" in rule else ""
                yield Alarm(
                    name=rule["alert"],
                    severity=rule["labels"]["severity"],
                    text=_PLACEHOLDER.sub(r"<\1>", rule["annotations"].get("summary", "")),
                    condition=" ".join(rule["expr"].split()) + duration,
                    runbook=_name(runbook),
                    source="Prometheus",
                )


_SIGNS = {
    "GreaterThanOrEqualToThreshold": "≥",
    "GreaterThanThreshold": ">",
    "LessThanOrEqualToThreshold": "≤",
    "LessThanThreshold": "<",
}


def _condition(alarm: Resource) -> str:
    if alarm.type == "AWS::CloudWatch::CompositeAlarm":
        return "both burn rates" if "AND" in alarm.text("AlarmRule") else "a burn rate"
    metric = alarm["MetricName"] or next(
        (
            query.get("Label") or query["Id"]
            for query in alarm["Metrics"]
            if query.get("Expression")
        ),
        "",
    )
    sign = _SIGNS.get(alarm["ComparisonOperator"], "outside")
    if alarm["Threshold"] is None:
        return f"{metric} {sign} its band"
    periods = [
        alarm["Period"],
        *(at(query, "MetricStat.Period") for query in alarm["Metrics"] or ()),
    ]
    minutes, evaluated = max(filter(None, periods)) // 60, alarm["EvaluationPeriods"]
    needed = alarm["DatapointsToAlarm"] or evaluated
    share = "for" if needed == evaluated else f"in {needed * minutes} of"
    return f"{metric} {sign} {alarm['Threshold']:g} {share} {evaluated * minutes} min"


def _name(link: str) -> str:
    return link.rpartition("/")[2].replace(".md", "")


def runbooks_of(base: str) -> dict[str, tuple[str, str]]:
    """Return title and link of each runbook by name.

    Args:
        base: folder or address of the runbooks, without a trailing slash.
    """
    return {
        path.stem: (_title(path), f"{base}/{path.name}")
        for path in sorted(RUNBOOKS.glob("*.md"))
        if path.stem != "README"
    }


def _title(path: Path) -> str:
    return path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")

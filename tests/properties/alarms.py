"""Alarms and alerts of an environment: the metrics that each reads, and its recipients."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from tests.model.assembly import Assembly, Resource
from tests.model.values import Json

_ATTRIBUTE = re.compile(r"\.\w+\}$")

ALARM = "AWS::CloudWatch::Alarm"
COMPOSITE = "AWS::CloudWatch::CompositeAlarm"


@dataclass(frozen=True, kw_only=True)
class Watch:
    """Condition to watch on every resource of a type.

    Args:
        what: the condition.
        namespace: namespace of the metrics.
        metrics: metrics that one alarm has to read, all of them.
        severities: severities that each need an alarm; any severity if empty.
        statistic: statistic that matters, where another would hide what goes wrong.
    """

    what: str
    namespace: str
    metrics: tuple[str, ...]
    severities: tuple[str, ...] = ()
    statistic: str | None = None


@cache
def alarms_that_tell(platform: Assembly) -> tuple[Resource, ...]:
    """All alarms except inputs of composite alarms, deployment alarms and stop conditions of
    experiments.
    """
    readers = [(composite, "AlarmRule") for composite in platform.all(COMPOSITE)]
    readers += [(service, "DeploymentConfiguration.Alarms") for service in platform.all("AWS::ECS::Service")]
    readers += [(experiment, "StopConditions") for experiment in platform.all("AWS::FIS::ExperimentTemplate")]
    read = {alarm for reader, path in readers for alarm in reader.mentions(path)}
    return tuple(alarm for alarm in platform.some(ALARM, COMPOSITE) if alarm not in read)


def severity_of(alarm: Resource) -> str | None:
    """Severity of an alarm, from its description."""
    said = re.search(r"Severity: (critical|warning)\.", str(alarm["AlarmDescription"] or ""))
    return said[1] if said else None


def period_of(alarm: Resource) -> int:
    """Period of an alarm in seconds."""
    stats = [source["MetricStat"]["Period"] for source in alarm["Metrics"] or [] if "MetricStat" in source]
    return int(alarm["Period"] or max(stats, default=0))


def metrics_of(alarm: Resource) -> Iterator[Json]:
    """Namespace, name, statistic and dimensions of every metric that an alarm reads."""
    if alarm["MetricName"]:
        yield {**alarm.properties, "Statistic": alarm["Statistic"] or alarm["ExtendedStatistic"]}
    for source in alarm["Metrics"] or []:
        if "MetricStat" in source:
            yield {**source["MetricStat"]["Metric"], "Statistic": source["MetricStat"]["Stat"]}


def place_of(resource: Resource) -> str:
    """Resource that a dimension names, by any of its attributes."""
    return f"${{{resource.stack}/{resource.id}}}"


@cache
def _by_place(platform: Assembly) -> dict[str, list[tuple[Resource, frozenset[tuple[str, str, str]]]]]:
    """Alarms with the metrics that they read, by text of their dimensions; a resource is
    `${stack/LogicalId}`.
    """
    found: dict[str, list[tuple[Resource, frozenset[tuple[str, str, str]]]]] = {}
    for alarm in alarms_that_tell(platform):
        by_place: dict[str, set[tuple[str, str, str]]] = {}
        for metric in metrics_of(alarm):
            for dimension in metric.get("Dimensions", []):
                place = _ATTRIBUTE.sub("}", platform.text(alarm.stack, dimension["Value"]))
                by_place.setdefault(place, set()).add((metric["Namespace"], metric["MetricName"], metric["Statistic"]))
        for place, read in by_place.items():
            found.setdefault(place, []).append((alarm, frozenset(read)))
    return found


def watchers(platform: Assembly, watch: Watch, place: str) -> list[Resource]:
    """Alarms with recipients that have this text in a dimension."""
    return [alarm for alarm, read in _by_place(platform).get(place, []) if _reads(read, watch)]


def _reads(read: frozenset[tuple[str, str, str]], watch: Watch) -> bool:
    wanted = {(watch.namespace, metric) for metric in watch.metrics}
    return wanted <= {(namespace, name) for namespace, name, statistic in read if watch.statistic in (None, statistic)}


def counted(platform: Assembly, source: str, said: tuple[str, ...]) -> list[Resource]:
    """Alarms on the count of matching events of a source, if its events are recorded."""
    alarms: list[Resource] = []
    for counter in platform.all("AWS::Logs::MetricFilter"):
        group, pattern = counter.target("LogGroupName"), str(counter["FilterPattern"])
        if group and f'"{source}"' in pattern and all(part in pattern for part in said) and group in recorders(platform, source):
            counts = {(made["MetricNamespace"], made["MetricName"]) for made in counter["MetricTransformations"]}
            alarms += (a for a in alarms_that_tell(platform) if counts & {(m["Namespace"], m["MetricName"]) for m in metrics_of(a)})
    return alarms


def recorders(platform: Assembly, source: str) -> set[Resource]:
    """Log groups that record every event of a source."""
    rules = (rule for rule in platform.all("AWS::Events::Rule") if rule["EventPattern.source"] == [source] and rule["State"] != "DISABLED")
    return {target for rule in rules for target in rule.mentions("Targets") if target.type == "AWS::Logs::LogGroup"}


def alerts_of(manifests: list[Json]) -> list[tuple[Json, str]]:
    """Alerts of PrometheusRules with all series that they read; recording rules are expanded."""
    rules = [rule for manifest in manifests for group in manifest["spec"]["groups"] for rule in group["rules"]]
    recorded: dict[str, str] = {}
    for rule in rules:
        if "record" in rule:
            recorded[rule["record"]] = f"{recorded.get(rule['record'], '')} {rule['expr']}"
    return [(rule, _spelt_out(rule["expr"], recorded)) for rule in rules if "alert" in rule]


def _spelt_out(expr: str, recorded: Mapping[str, str]) -> str:
    return " ".join([expr, *(read for name, read in recorded.items() if name in expr)])


def tells_somebody(alert: Mapping[str, Any]) -> bool:
    """Check that Alertmanager sends this severity to a topic; `info` and `none` appear in Grafana
    only.
    """
    return alert["labels"]["severity"] in ("critical", "warning")

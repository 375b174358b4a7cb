"""Alarms and alerts of an environment, with their metrics and recipients."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from spotmusic_constructs.edge_region import EDGE_REGION
from tools.model.assembly import Assembly, Resource
from tools.model.values import Json

_ATTRIBUTE = re.compile(r"\.\w+\}$")

ALARM = "AWS::CloudWatch::Alarm"
COMPOSITE = "AWS::CloudWatch::CompositeAlarm"


@cache
def notifying_alarms(platform: Assembly) -> tuple[Resource, ...]:
    """All alarms except inputs of composite alarms, deployment alarms and stop conditions of
    experiments.
    """
    readers = [(composite, "AlarmRule") for composite in platform.all(COMPOSITE)]
    readers += [
        (service, "DeploymentConfiguration.Alarms") for service in platform.all("AWS::ECS::Service")
    ]
    readers += [
        (experiment, "StopConditions")
        for experiment in platform.all("AWS::FIS::ExperimentTemplate")
    ]
    read = {alarm for reader, path in readers for alarm in reader.mentions(path)}
    return tuple(alarm for alarm in platform.some(ALARM, COMPOSITE) if alarm not in read)


def severity_of(alarm: Resource) -> str | None:
    """Severity of an alarm, from its description."""
    said = re.search(r"Severity: (critical|warning)\.", str(alarm["AlarmDescription"] or ""))
    return said[1] if said else None


def period_of(alarm: Resource) -> int:
    """Period of an alarm in seconds."""
    stats = [
        source["MetricStat"]["Period"]
        for source in alarm["Metrics"] or []
        if "MetricStat" in source
    ]
    return int(alarm["Period"] or max(stats, default=0))


def metrics_of(alarm: Resource) -> Iterator[Json]:
    """Namespace, name, statistic and dimensions of the metrics of an alarm."""
    if alarm["MetricName"]:
        yield {**alarm.properties, "Statistic": alarm["Statistic"] or alarm["ExtendedStatistic"]}
    for source in alarm["Metrics"] or []:
        if "MetricStat" in source:
            yield {**source["MetricStat"]["Metric"], "Statistic": source["MetricStat"]["Stat"]}


def place_of(resource: Resource) -> str:
    """Resource of a dimension, by any of its attributes."""
    return f"${{{resource.stack}/{resource.id}}}"


@cache
def _by_place(platform: Assembly) -> Mapping[str, list[Resource]]:
    """Alarms with recipients, by texts of their dimensions; a resource is `${stack/LogicalId}`."""
    found = defaultdict(list)
    for alarm in notifying_alarms(platform):
        values = (
            dimension["Value"]
            for metric in metrics_of(alarm)
            for dimension in metric.get("Dimensions", [])
        )
        for place in {_ATTRIBUTE.sub("}", platform.text(alarm.stack, value)) for value in values}:
            found[place].append(alarm)
    return found


def alarms_at(platform: Assembly, place: str) -> list[Resource]:
    """Alarms with recipients that have this text in a dimension."""
    return _by_place(platform).get(place, [])


def counted(platform: Assembly, source: str, said: Iterable[str]) -> list[Resource]:
    """Alarms on the count of matching events of a service, such as `backup`, if its events are
    recorded.
    """
    alarms: list[Resource] = []
    for counter in platform.all("AWS::Logs::MetricFilter"):
        group, pattern = counter.target("LogGroupName"), str(counter["FilterPattern"])
        if (
            group
            and f'"aws.{source}"' in pattern
            and all(part in pattern for part in said)
            and group in recorders(platform, source)
        ):
            counts = {
                (made["MetricNamespace"], made["MetricName"])
                for made in counter["MetricTransformations"]
            }
            alarms += (
                a
                for a in notifying_alarms(platform)
                if counts & {(m["Namespace"], m["MetricName"]) for m in metrics_of(a)}
            )
    return alarms


def recorders(platform: Assembly, source: str) -> set[Resource]:
    """Log groups that record every event of a service."""
    rules = (
        rule
        for rule in platform.all("AWS::Events::Rule")
        if rule["EventPattern.source"] == [f"aws.{source}"] and rule["State"] != "DISABLED"
    )
    return {
        target
        for rule in rules
        for target in rule.mentions("Targets")
        if target.type == "AWS::Logs::LogGroup"
    }


def forwarded(platform: Assembly, source: str) -> bool:
    """Return whether events of a service in the edge region reach the rules of the home region."""
    home = platform.settings.region
    return home == EDGE_REGION or any(
        f"aws.{source}" in (rule["EventPattern.source"] or [])
        and f":events:{home}:" in rule.text("Targets.0.Arn")
        for rule in platform.all("AWS::Events::Rule", stack="edge")
        if rule["State"] != "DISABLED"
    )


def alerts_of(manifests: list[Json]) -> list[tuple[Json, str]]:
    """Alerts of PrometheusRules with all series that they read; recording rules are expanded."""
    rules = [
        rule
        for manifest in manifests
        for group in manifest["spec"]["groups"]
        for rule in group["rules"]
    ]
    recorded: dict[str, str] = {}
    for rule in rules:
        if "record" in rule:
            recorded[rule["record"]] = f"{recorded.get(rule['record'], '')} {rule['expr']}"
    return [(rule, _spelt_out(rule["expr"], recorded)) for rule in rules if "alert" in rule]


def _spelt_out(expr: str, recorded: Mapping[str, str]) -> str:
    return " ".join([expr, *(read for name, read in recorded.items() if name in expr)])


def reaches_the_team(alert: Mapping[str, Any]) -> bool:
    """Check that Alertmanager sends this severity to a topic; `info` and `none` appear in Grafana
    only.
    """
    return alert["labels"]["severity"] in ("critical", "warning")

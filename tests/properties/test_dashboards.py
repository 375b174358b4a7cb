"""Dashboards show the metrics of alarms, for the same resources, and each value once."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from tests.properties.alarms import ALARM, metrics_of
from tests.properties.promise import Verdicts, rule
from tools.model.assembly import Assembly, Resource

DASHBOARD = "AWS::CloudWatch::Dashboard"
Shown = tuple[str, str, str, tuple[tuple[str, str], ...], str]
"""Title of a widget; namespace, name, pairs of dimensions, and statistic of a metric."""


def shown_by(dashboard: Resource) -> Iterator[Shown]:
    """Yield each metric of each widget."""
    for widget in json.loads(dashboard.text("DashboardBody"))["widgets"]:
        for line in widget["properties"].get("metrics", []):
            said: dict[str, Any] = next((item for item in line if isinstance(item, dict)), {})
            texts = [item for item in line if isinstance(item, str)]
            if len(texts) >= 2:
                pairs = zip(texts[2::2], texts[3::2], strict=False)
                yield (
                    str(widget["properties"].get("title")),
                    texts[0],
                    texts[1],
                    tuple(sorted(pairs)),
                    str(said.get("stat", "")),
                )


@rule
def test_dashboards_show_resources_that_alarms_watch(platform: Assembly) -> Verdicts:
    watched: dict[tuple[str, str], set[str]] = defaultdict(set)
    for alarm in platform.some(ALARM):
        for metric in metrics_of(alarm):
            for dimension in metric.get("Dimensions") or []:
                watched[metric["Namespace"], dimension["Name"]].add(
                    platform.text(alarm.stack, dimension["Value"])
                )
    for dashboard in platform.some(DASHBOARD):
        for _, namespace, name, pairs, _ in shown_by(dashboard):
            for dimension, value in pairs:
                known = watched.get((namespace, dimension))
                yield (
                    dashboard,
                    known is None or value in known,
                    f"{name}: no alarm of {namespace} watches {dimension} {value}.",
                )


@rule
def test_dashboards_show_each_value_once(platform: Assembly) -> Verdicts:
    for dashboard in platform.some(DASHBOARD):
        for metric, times in Counter(shown_by(dashboard)).items():
            yield dashboard, times == 1, f"{metric} is shown {times} times. Show it once."

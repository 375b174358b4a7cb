"""Previews of the dashboards of Grafana and CloudWatch."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from spotmusic_constructs.observability.grafana_dashboards import dashboard_files
from tools.model.assembly import Assembly

_KINDS = {
    "timeseries": "line",
    "timeSeries": "line",
    "stat": "number",
    "singleValue": "number",
    "bargauge": "bars",
}


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Panel of a dashboard.

    Args:
        title: title of the panel.
        about: normal values, empty if unknown.
        kind: `row`, `line`, `number` or `bars`.
        unit: unit of the values.
        width: columns, of 24.
        series: names of the values.
        limits: values from which it is orange and red; None without.
    """

    title: str
    about: str
    kind: str
    unit: str
    width: int
    series: list[str]
    limits: tuple[float | None, float | None]


@dataclass(frozen=True, kw_only=True)
class Dashboard:
    """Dashboard with its panels.

    Args:
        title: title of the dashboard.
        about: readers and purpose.
        source: `Grafana` or `CloudWatch`.
        panels: panels in their order.
    """

    title: str
    about: str
    source: str
    panels: list[Panel]


def dashboards_of(platform: Assembly) -> Iterator[Dashboard]:
    """Yield the dashboards of Grafana, then those of CloudWatch."""
    for text in dashboard_files().values():
        board = json.loads(text)
        panels = [_grafana(panel) for panel in board["panels"]]
        yield Dashboard(
            title=board["title"], about=board["description"], source="Grafana", panels=panels
        )
    for board in platform.all("AWS::CloudWatch::Dashboard"):
        body = json.loads(board.text("DashboardBody"))
        about = "Components from the viewer inwards."
        yield Dashboard(
            title="Components",
            about=about,
            source="CloudWatch",
            panels=[_cloudwatch(widget) for widget in body["widgets"]],
        )


def _grafana(panel: dict[str, Any]) -> Panel:
    defaults = panel.get("fieldConfig", {}).get("defaults", {})
    steps = {
        step["color"]: step["value"] for step in defaults.get("thresholds", {}).get("steps", ())
    }
    return Panel(
        title=panel["title"],
        about=panel.get("description", ""),
        kind=_KINDS.get(panel["type"], "row"),
        unit=defaults.get("unit", ""),
        width=panel["gridPos"]["w"],
        series=[
            _legend(target.get("legendFormat") or target.get("label", ""))
            for target in panel.get("targets", ())
        ],
        limits=(steps.get("orange"), steps.get("red")),
    )


def _legend(text: str) -> str:
    """Return a legend with names of labels or dimensions in place of their values."""
    return re.sub(
        r"\{\{(\w+)\}\}|\$\{PROP\('Dim\.(\w+)'\)\}",
        lambda found: f"each {found[1] or found[2]}",
        text,
    )


def _cloudwatch(widget: dict[str, Any]) -> Panel:
    properties = widget["properties"]
    names = [
        metric[-1].get("label", "") if isinstance(metric[-1], dict) else str(metric[1])
        for metric in properties.get("metrics", ())
    ]
    return Panel(
        title=properties.get("title") or properties.get("markdown", "").removeprefix("## "),
        about="",
        kind=_KINDS.get(properties.get("view", ""), "row") if widget["type"] == "metric" else "row",
        unit="",
        width=widget["width"],
        series=names,
        limits=(None, None),
    )

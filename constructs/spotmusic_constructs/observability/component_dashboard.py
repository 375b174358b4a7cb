"""CloudWatch dashboard as data: rows of graphs, a row for each component."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from spotmusic_constructs.json_text import json_text
from spotmusic_constructs.location import location_of
from spotmusic_constructs.observability.alarm import Formula, MetricSource

_COLUMNS = 24
_TITLE_HEIGHT = 1
_GRAPH_HEIGHT = 6
_PERIOD = 300
"""Shortest period of a graph, in seconds."""


@dataclass(frozen=True, kw_only=True)
class GraphSpec:
    """Graph of metrics.

    Args:
        title: subject, with its unit.
        lines: metric or formula by its label.
        region: region of the metrics. Default: that of the dashboard.
    """

    title: str
    lines: Mapping[str, MetricSource | Formula]
    region: str | None = None


@dataclass(frozen=True, kw_only=True)
class DashboardRow:
    """Graphs of one component, side by side.

    Args:
        title: name of the component.
        graphs: at most six.
    """

    title: str
    graphs: Sequence[GraphSpec]


class ComponentDashboard(Construct):
    """CloudWatch dashboard with a row for each component.

    Creates the dashboard.

    Args:
        rows: components, from the viewer inwards.

    Example:
        database = DashboardRow(title="Catalogue database",
                                graphs=[GraphSpec(title="Cpu (%)", lines={"cpu": metric})])
        ComponentDashboard(self, "Dashboard", rows=[database])
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        rows: Sequence[DashboardRow],
    ) -> None:
        super().__init__(scope, construct_id)
        region = location_of(scope).region
        widgets = []
        for number, row in enumerate(rows):
            top = number * (_TITLE_HEIGHT + _GRAPH_HEIGHT)
            text = {"markdown": f"## {row.title}", "background": "transparent"}
            widgets.append(
                {
                    "type": "text",
                    "x": 0,
                    "y": top,
                    "width": _COLUMNS,
                    "height": _TITLE_HEIGHT,
                    "properties": text,
                }
            )
            width = _COLUMNS // len(row.graphs)
            widgets += [
                {
                    "type": "metric",
                    "x": column * width,
                    "y": top + _TITLE_HEIGHT,
                    "width": width,
                    "height": _GRAPH_HEIGHT,
                    "properties": _properties(graph, region),
                }
                for column, graph in enumerate(row.graphs)
            ]
        cloudwatch.CfnDashboard(
            self, "Resource", dashboard_body=json_text({"start": "-PT12H", "widgets": widgets})
        )


def _properties(graph: GraphSpec, region: str) -> dict[str, Any]:
    metrics: list[list[Any]] = []
    for number, (label, line) in enumerate(graph.lines.items()):
        metrics += _line(label, line, f"line{number}")
    return {
        "title": graph.title,
        "view": "timeSeries",
        "region": graph.region or region,
        "metrics": metrics,
        "yAxis": {"left": {"min": 0}},
    }


def _line(label: str, line: MetricSource | Formula, prefix: str) -> list[list[Any]]:
    if isinstance(line, MetricSource):
        return [
            [
                *_source(line),
                {"stat": line.statistic, "period": max(_PERIOD, line.period), "label": label},
            ]
        ]
    expression = line.expression
    sources = []
    for name, metric in line.metrics.items():
        # Lines of one graph share its names.
        expression = re.sub(rf"\b{name}\b", f"{prefix}{name}", expression)
        options = {
            "id": f"{prefix}{name}",
            "visible": False,
            "stat": metric.statistic,
            "period": max(_PERIOD, metric.period),
        }
        sources.append([*_source(metric), options])
    return [[{"expression": expression, "label": label, "id": prefix}], *sources]


def _source(metric: MetricSource) -> list[str]:
    return [
        metric.namespace,
        metric.name,
        *(part for pair in metric.dimensions.items() for part in pair),
    ]

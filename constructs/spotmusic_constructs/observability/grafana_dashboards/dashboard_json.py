"""JSON of a Grafana dashboard. Keyword arguments of the functions are keys of the YAML files."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from spotmusic_constructs.edge_region import EDGE_REGION

Json = dict[str, Any]

COLUMNS = 24
WIDTH = 8
HEIGHT = 8
TYPES = {"prometheus": "prometheus", "history": "prometheus", "cloudwatch": "cloudwatch"}
"""Type of each data source by its uid. `prometheus` keeps samples for a day, `history` for
months."""
REGIONS = {"AWS/CloudFront": EDGE_REGION, "AWS/WAFV2": EDGE_REGION}
"""Region of a namespace with metrics outside the region of the platform."""


def dashboard(
    uid: str,
    *,
    title: str,
    description: str,
    folder: str,
    rows: Sequence[Json],
    choices: Sequence[Json] = (),
    span: str = "now-6h",
) -> Json:
    """Return a dashboard.

    Args:
        uid: name of the dashboard in addresses, and of its file.
        title: name in the list.
        description: readers and purpose.
        folder: folder in the list.
        rows: rows of panels, from the viewer inwards.
        choices: variables above the panels.
        span: time range when it is opened.
    """
    return {
        "uid": uid,
        "title": title,
        "description": description,
        "tags": ["spotmusic", folder],
        "timezone": "utc",
        "editable": False,
        "refresh": "1m",
        "schemaVersion": 41,
        "time": {"from": span, "to": "now"},
        "templating": {"list": [_choice(**choice) for choice in choices]},
        "annotations": {"list": []},
        "panels": [{"id": id_, **panel} for id_, panel in enumerate(_panels(rows), start=1)],
    }


def _choice(*, name: str, label: str, names: str) -> Json:
    """Return the variable `$name`.

    Its options are known after deployment: the value `names` of the chart contains them.
    """
    every = {"text": ["All"], "value": ["$__all"]}
    kind = {"type": "custom", "multi": True, "includeAll": True}
    return {
        **kind,
        "name": name,
        "label": label,
        "query": f"@{names}@",
        "current": every,
        "options": [],
    }


def _panels(rows: Sequence[Json]) -> Iterator[Json]:
    y = 0
    for row in rows:
        for panel in _row(y, **row):
            yield panel
            y = panel["gridPos"]["y"] + panel["gridPos"]["h"]


def _row(
    y: int, *, title: str, panels: Sequence[Json], cloudwatch: Json | None = None
) -> Iterator[Json]:
    """Yield the title of a row and its panels, from left to right in as many lines as they need.

    Args:
        y: line of the title.
        title: subject of the panels.
        panels: panels from left to right.
        cloudwatch: defaults of the CloudWatch queries in the row.
    """
    yield {
        "type": "row",
        "title": title,
        "gridPos": {"h": 1, "w": COLUMNS, "x": 0, "y": y},
        "panels": [],
    }
    x, y = 0, y + 1
    for panel in panels:
        width = panel.get("width", WIDTH)
        if x + width > COLUMNS:
            x, y = 0, y + HEIGHT
        yield _panel(x, y, cloudwatch or {}, **panel)
        x += width


def _panel(
    x: int,
    y: int,
    cloudwatch: Json,
    *,
    title: str,
    description: str,
    unit: str,
    queries: Sequence[Json],
    kind: str = "timeseries",
    warning: float | None = None,
    critical: float | None = None,
    width: int = WIDTH,
) -> Json:
    """Return a panel.

    Args:
        x: column of its left edge.
        y: line of its upper edge.
        cloudwatch: defaults of its CloudWatch queries.
        title: subject.
        description: normal values, or the action for other values.
        unit: Grafana's id of the unit, such as reqps, s, bytes, percentunit or short.
        queries: PromQL expressions (`expr`) and CloudWatch metrics (`metric`).
        kind: Grafana's type of the panel: timeseries, stat or bargauge.
        warning: value from which it is orange.
        critical: value from which it is red.
        width: columns of 24.
    """
    targets = [
        _target(chr(ord("A") + index), cloudwatch, query) for index, query in enumerate(queries)
    ]
    limits = {"orange": warning, "red": critical}
    steps: list[Json] = [{"color": "green", "value": None}]
    steps += [
        {"color": color, "value": value} for color, value in limits.items() if value is not None
    ]
    style = (
        {"custom": {"thresholdsStyle": {"mode": "line" if len(steps) > 1 else "off"}}}
        if kind == "timeseries"
        else {}
    )
    return {
        "type": kind,
        "title": title,
        "description": description,
        "datasource": targets[0]["datasource"],
        "gridPos": {"h": HEIGHT, "w": width, "x": x, "y": y},
        "fieldConfig": {
            "defaults": {"unit": unit, "thresholds": {"mode": "absolute", "steps": steps}, **style},
            "overrides": [],
        },
        "targets": targets,
    }


def _target(ref: str, cloudwatch: Json, query: Json) -> Json:
    if "expr" in query:
        return {"refId": ref, **_prometheus(**query)}
    dimensions = {**cloudwatch.get("dimensions", {}), **query.get("dimensions", {})}
    return {"refId": ref, **_cloudwatch(**{**cloudwatch, **query, "dimensions": dimensions})}


def _prometheus(*, expr: str, legend: str, source: str = "prometheus") -> Json:
    return {"datasource": _data_source(source), "expr": expr, "legendFormat": legend}


def _cloudwatch(
    *,
    namespace: str,
    metric: str,
    legend: str,
    dimensions: Mapping[str, str],
    statistic: str = "Average",
) -> Json:
    """Return a query of one metric.

    A dimension may be a choice such as `$database`, or `*` for all its values.
    """
    return {
        "datasource": _data_source("cloudwatch"),
        "queryMode": "Metrics",
        "metricQueryType": 0,
        "metricEditorMode": 0,
        "namespace": namespace,
        "metricName": metric,
        "dimensions": {name: [value] for name, value in dimensions.items()},
        "matchExact": True,
        "statistic": statistic,
        "period": "",
        "region": REGIONS.get(namespace, "default"),
        "label": legend,
    }


def _data_source(uid: str) -> Json:
    return {"type": TYPES[uid], "uid": uid}

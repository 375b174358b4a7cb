"""A Grafana dashboard as data: rows of panels, each with a unit and a sentence that says what it shows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from spotmusic_constructs.observability.grafana_dashboards.queries import EDGE_REGION, CloudWatchQuery, Json, Query, data_source

__all__ = ["EDGE_REGION", "Choice", "CloudWatchQuery", "Dashboard", "Panel", "Query", "Row"]

COLUMNS = 24
PANEL_HEIGHT = 8


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One graph.

    Args:
        title: what it shows.
        description: what is normal, or what to do when it is not.
        unit: Grafana's id of the unit, such as reqps, s, bytes, percentunit or short.
        queries: its lines.
        kind: type of the panel.
        warning: value from which it is orange.
        critical: value from which it is red.
        width: columns of 24.
    """

    title: str
    description: str
    unit: str
    queries: Sequence[Query | CloudWatchQuery]
    kind: Literal["timeseries", "stat", "bargauge"] = "timeseries"
    warning: float | None = None
    critical: float | None = None
    width: int = 8

    def to_json(self, id_: int, x: int, y: int) -> Json:
        """Returns the panel at its place."""
        limits = {"orange": self.warning, "red": self.critical}
        steps: list[Json] = [{"color": "green", "value": None}]
        steps += [{"color": color, "value": value} for color, value in limits.items() if value is not None]
        style = {"custom": {"thresholdsStyle": {"mode": "line" if len(steps) > 1 else "off"}}} if self.kind == "timeseries" else {}
        return {
            "id": id_,
            "type": self.kind,
            "title": self.title,
            "description": self.description,
            "datasource": data_source(self.queries[0].source),
            "gridPos": {"h": PANEL_HEIGHT, "w": self.width, "x": x, "y": y},
            "fieldConfig": {
                "defaults": {"unit": self.unit, "thresholds": {"mode": "absolute", "steps": steps}, **style},
                "overrides": [],
            },
            "targets": [query.to_json(chr(ord("A") + index)) for index, query in enumerate(self.queries)],
        }


@dataclass(frozen=True, kw_only=True)
class Row:
    """Panels side by side, as many lines as they need.

    Args:
        title: what they have in common.
        panels: panels from left to right.
    """

    title: str
    panels: Sequence[Panel]


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A choice above the dashboard among things that have a name only once they are deployed.

    Args:
        name: name of the variable, in queries `$name`.
        label: what the reader sees.
        names: key of the chart's value `names`, which has them as `label : name, label : name`.
    """

    name: str
    label: str
    names: str

    def to_json(self) -> Json:
        """Returns the variable."""
        every = {"text": ["All"], "value": ["$__all"]}
        kind = {"type": "custom", "multi": True, "includeAll": True}
        return {**kind, "name": self.name, "label": self.label, "query": f"@{self.names}@", "current": every, "options": []}


@dataclass(frozen=True, kw_only=True)
class Dashboard:
    """A dashboard.

    Args:
        uid: its name in addresses and of its file.
        title: its name in the list.
        description: who looks at it, and for what.
        folder: folder in the list.
        rows: rows from the viewer inwards.
        choices: choices above it.
        span: time that it shows at first.
    """

    uid: str
    title: str
    description: str
    folder: str
    rows: Sequence[Row]
    choices: Sequence[Choice] = ()
    span: str = "now-6h"

    def to_json(self) -> Json:
        """Returns Grafana's model of it, whose order of keys never changes."""
        return {
            "uid": self.uid,
            "title": self.title,
            "description": self.description,
            "tags": ["spotmusic", self.folder],
            "timezone": "utc",
            "editable": False,
            "refresh": "1m",
            "schemaVersion": 41,
            "time": {"from": self.span, "to": "now"},
            "templating": {"list": [choice.to_json() for choice in self.choices]},
            "annotations": {"list": []},
            "panels": list(_placed(self.rows)),
        }


def _placed(rows: Sequence[Row]) -> Iterator[Json]:
    """Lays panels out from left to right, and goes to the next line where one does not fit any more."""
    id_ = y = 0
    for row in rows:
        id_ += 1
        yield {"id": id_, "type": "row", "title": row.title, "gridPos": {"h": 1, "w": COLUMNS, "x": 0, "y": y}, "panels": []}
        x, y = 0, y + 1
        for panel in row.panels:
            if x + panel.width > COLUMNS:
                x, y = 0, y + PANEL_HEIGHT
            id_ += 1
            yield panel.to_json(id_, x, y)
            x += panel.width
        y += PANEL_HEIGHT

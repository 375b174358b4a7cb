"""Dashboards: described panels, exported metrics, and the JSON in the chart's asset."""

import json
import re
from collections.abc import Callable, Iterator

import pytest

from spotmusic_constructs.edge_region import EDGE_REGION
from spotmusic_constructs.observability.grafana_dashboards import dashboard_files
from spotmusic_constructs.observability.grafana_dashboards.dashboard_json import dashboard
from tests.charts.monitoring.catalogue import CHART, catalogue, problems
from tools.model.cluster import RenderedCluster
from tools.model.values import Json

BOARDS = {name.removesuffix(".json"): json.loads(text) for name, text in dashboard_files().items()}
SOURCES = {"prometheus", "history", "cloudwatch"}
AT_THE_EDGE = {"AWS/CloudFront", "AWS/WAFV2"}


def panels(board: Json) -> list[Json]:
    return [panel for panel in board["panels"] if panel["type"] != "row"]


each_board = pytest.mark.parametrize("uid", list(BOARDS))


@each_board
def test_panels_have_title_description_and_unit(uid: str) -> None:
    for panel in panels(BOARDS[uid]):
        assert panel["title"]
        assert panel["description"].endswith("."), (
            f"{uid}: {panel['title']} has no sentence that describes it"
        )
        assert panel["fieldConfig"]["defaults"]["unit"], f"{uid}: {panel['title']} has no unit"


@each_board
def test_panels_read_exported_metrics(uid: str) -> None:
    found = [
        problem
        for panel in panels(BOARDS[uid])
        for target in panel["targets"]
        for problem in target_problems(f"The panel {panel['title']} of the dashboard {uid}", target)
    ]
    assert not found, "\n".join(found)


def target_problems(where: str, target: Json) -> Iterator[str]:
    if target["datasource"]["uid"] != "cloudwatch":
        yield from problems(where, target["expr"])
        return
    namespace, metric = target["namespace"], target["metricName"]
    entry = catalogue()["cloudwatch"].get(namespace, {"metrics": [], "dimensions": []})
    if metric not in entry["metrics"]:
        yield (
            f"{where} reads {metric} of {namespace}, which no exporter has. "
            "Correct it, or add it to docs/metrics.yaml."
        )
    elif set(target["dimensions"]) != set(entry["dimensions"]):
        yield (
            f"{where} reads {metric} by {sorted(target['dimensions'])}; "
            f"{namespace} has it by {entry['dimensions']}."
        )
    if (target["region"] == EDGE_REGION) is not (namespace in AT_THE_EDGE):
        yield (
            f"{where} reads {namespace} in the region {target['region']}; "
            f"CloudFront and its web ACL report to {EDGE_REGION} only."
        )


@each_board
def test_dashboards_reference_provisioned_data_sources(uid: str) -> None:
    used = {
        target["datasource"]["uid"] for panel in panels(BOARDS[uid]) for target in panel["targets"]
    }
    assert used <= SOURCES


@each_board
def test_panels_do_not_overlap(uid: str) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in BOARDS[uid]["panels"]:
        place = panel["gridPos"]
        cells = {
            (place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])
        }
        assert place["x"] + place["w"] <= 24
        assert not cells & taken, f"{panel['title']} lies on another panel"
        taken |= cells


def test_open_connections_of_kong_exclude_totals() -> None:
    """Kong reports accepted and handled connections since its start in the same metric."""
    exprs = [target["expr"] for panel in panels(BOARDS["kong"]) for target in panel["targets"]]
    read = [expr for expr in exprs if "kong_nginx_connections_total" in expr]
    assert read
    assert all('{state=~"reading|waiting|writing"}' in expr for expr in read)


def test_error_budgets_skip_times_without_requests() -> None:
    """A ratio of no requests is NaN, and so is each average over it."""
    exprs = [
        target["expr"]
        for panel in panels(BOARDS["objectives"])
        for target in panel["targets"]
        if "avg_over_time" in target["expr"]
    ]
    assert exprs
    assert all(re.search(r"avg_over_time\(\(.* > -1\)\[30d:5m\]\)", expr) for expr in exprs)


def test_dashboards_are_not_editable() -> None:
    assert not [uid for uid, board in BOARDS.items() if board["editable"]]


def test_dashboard_choices_match_chart_values() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())
    wanted = set(schema["properties"]["names"]["required"])
    used = set(re.findall(r"@([a-zA-Z]+)@", "".join(dashboard_files().values())))
    assert used == wanted


def test_dashboard_release_contains_every_dashboard(
    deployed: Callable[[str], RenderedCluster],
) -> None:
    manifests = deployed("prod").manifests["rules-and-dashboards"]
    config_maps = [manifest for manifest in manifests if manifest["kind"] == "ConfigMap"]
    boards = [
        json.loads(text) for config_map in config_maps for text in config_map["data"].values()
    ]
    assert {board["uid"] for board in boards} == set(BOARDS)
    choices = [choice["query"] for board in boards for choice in board["templating"]["list"]]
    assert any(choice.startswith("catalogue : ") for choice in choices)
    assert not [choice for choice in choices if "@" in choice]
    assert all(
        config_map["metadata"]["labels"] == {"grafana_dashboard": "1"} for config_map in config_maps
    )


@pytest.mark.parametrize("level", ["dashboard", "row", "panel", "query"])
def test_dashboard_rejects_unknown_key(level: str) -> None:
    query: Json = {"expr": "up", "legend": "up"}
    panel: Json = {"title": "Up", "description": "Always 1.", "unit": "short", "queries": [query]}
    row: Json = {"title": "Row", "panels": [panel]}
    board: Json = {"title": "Board", "description": "All.", "folder": "AWS", "rows": [row]}
    assert dashboard("board", **board)["panels"]
    {"dashboard": board, "row": row, "panel": panel, "query": query}[level]["colour"] = "red"
    with pytest.raises(TypeError, match="colour"):
        dashboard("board", **board)

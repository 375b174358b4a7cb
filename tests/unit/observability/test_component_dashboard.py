import json

import pytest
from aws_cdk.assertions import Template

from spotmusic_constructs.observability import component_rows as rows
from spotmusic_constructs.observability.alarm import MetricSource
from spotmusic_constructs.observability.component_dashboard import ComponentDashboard, DashboardRow, GraphSpec
from tests.conftest import new_stack
from tests.model.values import Json

EVERY_ROW = [
    rows.edge_row(distribution_id="E1", web_acl_metric_name="spotmusic-test"),
    rows.load_balancer_row(title="Gateway", load_balancer="app/gateway/1"),
    rows.network_load_balancer_row(title="Brokers", load_balancer="net/brokers/1"),
    rows.service_row(name="playback", cluster_name="cluster", service_name="playback"),
    rows.queue_row(queues={"notifications": MetricSource(namespace="Own", name="Waiting")}),
    rows.database_row(title="Catalogue", instance_identifier="catalogue"),
    rows.cache_row(nodes=["cache-001", "cache-002"]),
    rows.kubernetes_row(cluster_name="spotmusic-test"),
    rows.nat_row(nat_gateways={"ZoneA": "nat-1"}),
    rows.bucket_row(buckets={"audio": "audio-bucket"}),
    rows.events_row(counts={"FailedBackups": MetricSource(namespace="Own", name="FailedBackups")}),
]


def body_of(*some: DashboardRow) -> Json:
    stack = new_stack()
    ComponentDashboard(stack, "Dashboard", rows=some)
    (dashboard,) = Template.from_stack(stack).to_json()["Resources"].values()
    body: Json = json.loads(dashboard["Properties"]["DashboardBody"])
    return body


@pytest.fixture(scope="module")
def widgets() -> list[Json]:
    found: list[Json] = body_of(*EVERY_ROW)["widgets"]
    return found


def test_dashboard_rows_have_titles(widgets: list[Json]) -> None:
    titles = [w["properties"]["markdown"] for w in widgets if w["type"] == "text"]
    assert titles == [f"## {row.title}" for row in EVERY_ROW]


def test_dashboard_widgets_do_not_overlap(widgets: list[Json]) -> None:
    cells: set[tuple[int, int]] = set()
    for w in widgets:
        own = {(x, y) for x in range(w["x"], w["x"] + w["width"]) for y in range(w["y"], w["y"] + w["height"])}
        assert not own & cells
        assert w["x"] + w["width"] <= 24
        cells |= own


def test_cloudfront_widgets_use_us_east_1(widgets: list[Json]) -> None:
    for w in widgets:
        if w["type"] == "metric":
            (namespace,) = {line[0] for line in w["properties"]["metrics"] if isinstance(line[0], str)} or {""}
            expected = "us-east-1" if namespace in {"AWS/CloudFront", "AWS/WAFV2"} else "sa-east-1"
            assert w["properties"]["region"] == expected


def test_dashboard_formula_hides_sources(widgets: list[Json]) -> None:
    (errors,) = (
        w
        for w in widgets
        if w["type"] == "metric" and w["properties"]["title"] == "Errors (%)" and w["properties"]["region"] == "sa-east-1"
    )
    formula, *sources = errors["properties"]["metrics"]
    names = {source[-1]["id"] for source in sources}
    assert all(not source[-1]["visible"] for source in sources)
    assert all(name in formula[0]["expression"] for name in names)


def test_dashboard_graph_has_line_per_metric() -> None:
    metric = MetricSource(namespace="Own", name="Waiting", dimensions={"Queue": "a"}, statistic="Maximum", period=60)
    graph = GraphSpec(title="Waiting", lines={"a": metric})
    _, widget = body_of(DashboardRow(title="Own", graphs=[graph]))["widgets"]
    assert widget["properties"]["metrics"] == [["Own", "Waiting", "Queue", "a", {"stat": "Maximum", "period": 300, "label": "a"}]]
    assert widget["width"] == 24

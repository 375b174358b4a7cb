"""List of metrics, and metrics of rules and dashboards that it lacks."""

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path

import yaml

from tests.charts.monitoring.promql import grouping_labels, selectors
from tools.model.values import Json

ROOT = Path(__file__).parents[3]
CHART = ROOT / "charts" / "monitoring"
TARGET_LABELS = frozenset(
    {"job", "namespace", "pod", "service", "container", "endpoint", "instance", "cluster"}
)
"""Labels that Prometheus adds to each series."""
SUFFIXES = {"histogram": ("_bucket", "_count", "_sum")}


@cache
def catalogue() -> Json:
    """docs/metrics.yaml."""
    content: Json = yaml.load((ROOT / "docs" / "metrics.yaml").read_text(), yaml.CSafeLoader)
    return content


@cache
def known() -> dict[str, frozenset[str]]:
    """Return labels of each exported or recorded series by its name."""
    series: dict[str, frozenset[str]] = {}
    for exporter in catalogue()["exporters"].values():
        for name, metric in exporter["metrics"].items():
            labels = TARGET_LABELS | set(metric.get("labels", ()))
            for suffix in SUFFIXES.get(metric["type"], ("",)):
                series[name + suffix] = frozenset(
                    labels | ({"le"} if suffix == "_bucket" else set())
                )
    return series


@cache
def rules() -> dict[str, list[Json]]:
    """Rules by the name of their file."""
    return {
        path.stem: [
            rule
            for group in yaml.load(path.read_text(), yaml.CSafeLoader)["groups"]
            for rule in group["rules"]
        ]
        for path in sorted((CHART / "rules").glob("*.yaml"))
    }


@cache
def recorded() -> dict[str, frozenset[str]]:
    """Labels of each recorded series, by its name."""
    series: dict[str, set[str]] = {}
    for rule in (rule for group in rules().values() for rule in group if "record" in rule):
        series.setdefault(rule["record"], set()).update(
            grouping_labels(rule["expr"]) | set(rule.get("labels", {}))
        )
    return {name: frozenset(labels) for name, labels in series.items()}


def problems(
    where: str, expr: str, exporters: Callable[[], Mapping[str, frozenset[str]]] = known
) -> Iterator[str]:
    """Yield metrics and labels of an expression without an exporter."""
    everything = {**exporters(), **recorded()}
    labels: set[str] = set()
    for selector in selectors(expr):
        if selector.metric not in everything:
            yield (
                f"{where} reads {selector.metric}, which no exporter has. "
                "Correct it, or add it to docs/metrics.yaml with its exporter."
            )
            continue
        labels |= everything[selector.metric]
        for label in sorted(selector.labels - everything[selector.metric]):
            yield (
                f"{where} asks {selector.metric} for the label {label}, which it does not have. "
                "See docs/metrics.yaml."
            )
    for label in sorted(grouping_labels(expr) - labels):
        yield f"{where} groups by {label}, which no metric in it has. See docs/metrics.yaml."

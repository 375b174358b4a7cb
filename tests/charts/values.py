"""Values of upstream charts: unknown keys, and values without an effect."""

import copy
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.charts.upstream import CERT_MANAGER, PROMETHEUS, archive_of
from tests.helm_values import rendered_text, schema_errors, schemas, unknown_keys
from tests.model.cluster import Release
from tests.model.values import Json

Path = tuple[str, ...]

DOCUMENTED: dict[str, dict[str, str]] = {
    "kube-prometheus-stack": {
        "prometheusOperator.admissionWebhooks.certManager.issuerRef.": "Described in the values file, without a default there",
        "prometheusOperator.containerSecurityContext.": "Written into the container as it is",
        "kube-state-metrics.": "Values of a chart within, of which there is no list",
        "prometheus-node-exporter.": "Values of a chart within, of which there is no list",
        "grafana.": "Values of a chart within, looked at on their own",
    },
    "grafana": {
        "annotations.": "Written into the Deployment as it is",
        "additionalDataSources": "Read by the chart around it, below the same key",
        "fullnameOverride": "Read by the chart's helpers, without a default",
        "containerSecurityContext.": "Written into the container as it is",
        "sidecar.securityContext.": "Written into the container as it is",
        "livenessProbe.": "Written into the container as it is",
        "readinessProbe.": "Written into the container as it is",
        "podDisruptionBudget.": "Empty by default",
        "grafana.ini.": "Sections and keys of Grafana's own configuration",
    },
    "kong": {
        "env.": "Properties of kong.conf",
        "customEnv.": "Variables of the pods",
        "fullnameOverride": "Read by the chart's helpers, without a default",
        "podDisruptionBudget.maxUnavailable": "Described in the values file, without a default there",
        "securityContext.runAs": "Written into the pod as it is",
        "serviceMonitor.interval": "Described in the README, without a default",
        "topologySpreadConstraints": "Described in the README, without a default",
    },
}
"""Keys without a default in the chart, each seen in its rendered manifests."""

WITHIN = {"kube-prometheus-stack": {"grafana": ("grafana", "12.11.1")}}
"""Subcharts with a list of keys: name and version by key of the values."""


class Known:
    """Chart by name and version."""

    def __init__(self, name: str, version: str) -> None:
        self.name, self.version = name, version


def complaints(release: Release, values: Json | None = None) -> list[str]:
    """Return errors of the values against the chart's schema, or against its list of keys.

    Args:
        release: release of a chart of a repository.
        values: other values than its own.
    """
    chart, values = Known(release.chart, release.properties["Version"]), values or release.values
    if (schemas() / "values" / f"{chart.name}-{chart.version}.schema.json").is_file():
        return [f"{release}: {error}" for error in schema_errors(chart, values)]
    if not (schemas() / "values" / f"{chart.name}-{chart.version}.keys.txt").is_file():
        pytest.skip(f"SPOTMUSIC_SCHEMAS has neither schema nor keys of {chart.name} {chart.version}")
    found = [f"{release}: {chart.name} has no value {key}" for key in _unknown(chart, values)]
    for key, (name, version) in WITHIN.get(chart.name, {}).items():
        found += [f"{release}: {name} has no value {key}.{unknown}" for unknown in _unknown(Known(name, version), values.get(key, {}))]
    return found


def _unknown(chart: Known, values: Json) -> list[str]:
    documented = tuple(DOCUMENTED.get(chart.name, {}))
    return sorted(key for key in unknown_keys(chart, values) if not key.startswith(documented))


def paths(values: Any, before: Path = ()) -> Iterator[Path]:
    """Yield the path of every value that is no mapping."""
    if isinstance(values, dict) and values:
        for key, item in values.items():
            yield from paths(item, (*before, key))
    else:
        yield before


def without(values: Json, path: Path) -> Json:
    """Return the values without one of them."""
    changed, place = _place(values, path)
    del place[path[-1]]
    return changed


def altered(values: Json, path: Path) -> Json:
    """Return the values with one of them changed."""
    changed, place = _place(values, path)
    place[path[-1]] = _other(place[path[-1]])
    return changed


def _place(values: Json, path: Path) -> tuple[Json, Json]:
    changed = copy.deepcopy(values)
    place = changed
    for key in path[:-1]:
        place = place[key]
    return changed, place


def _other(value: Any) -> Any:
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case str():
            return f"{value}9"
        case list():
            return [*value, "other"] if all(isinstance(item, str) for item in value) else value[:-1]
    return {"other": "other"}


def idle(release: Release, values: Iterable[Path]) -> Iterator[tuple[Path, bool]]:
    """Yield each value that can be removed without effect, and whether another value has one.

    A value with an effect equals the chart's default. The chart does not read a value without one.
    """
    before = _text(release, release.values)
    values = list(values)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        same = list(pool.map(lambda path: _text(release, without(release.values, path)) == before, values))
        quiet = [path for path, unchanged in zip(values, same, strict=True) if unchanged]
        alive = list(pool.map(lambda path: _text(release, altered(release.values, path)) != before, quiet))
    yield from zip(quiet, alive, strict=True)


def _text(release: Release, values: Json) -> str:
    """Rendered manifests of the chart, or the error of Helm."""
    try:
        return rendered_text(archive_of(release), release.name, release.namespace, values, apis=PROMETHEUS + CERT_MANAGER, crds=True)
    except ValueError as refusal:
        return str(refusal)

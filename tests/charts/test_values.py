"""Values of upstream charts, compared with their schemas and keys."""

from collections.abc import Callable, Iterator

import pytest

from spotmusic_cdk import versions
from spotmusic_cdk.versions import charts
from tests.charts import upstream
from tests.helm_values import schema_errors, schemas, unknown_keys
from tools.model.cluster import Release, RenderedCluster
from tools.model.values import Json

RELEASE_OF = {
    "prometheus-operator-crds": "prometheus-operator-crds",
    "cert-manager": "cert-manager",
    "external-secrets": "external-secrets",
    "reloader": "reloader",
    "fluent-bit": "fluent-bit",
    "rabbitmq-cluster-operator": "rabbitmq-operators",
    "redpanda": "redpanda",
    "keycloakx": "keycloak",
    "kong": "kong",
    "kube-prometheus-stack": "monitoring",
}
"""Name of the release by chart."""

DOCUMENTED: dict[str, dict[str, str]] = {
    "kube-prometheus-stack": {
        "prometheusOperator.admissionWebhooks.certManager.issuerRef.": (
            "Described in the values file, without a default there"
        ),
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
        "podDisruptionBudget.maxUnavailable": (
            "Described in the values file, without a default there"
        ),
        "securityContext.runAs": "Written into the pod as it is",
        "serviceMonitor.interval": "Described in the README, without a default",
        "topologySpreadConstraints": "Described in the README, without a default",
    },
}
"""Keys without a default in the chart, each visible in its rendered manifests."""

GRAFANA = "grafana-12.11.1"
"""Chart within kube-prometheus-stack that has a list of keys."""


def complaints(release: Release) -> list[str]:
    """Return errors of the values against the chart's schema, or against its list of keys."""
    chart = f"{release.chart}-{release.properties['Version']}"
    if (schemas() / "values" / f"{chart}.schema.json").is_file():
        return schema_errors(chart, release.values)
    if not (schemas() / "values" / f"{chart}.keys.txt").is_file():
        pytest.skip(f"SPOTMUSIC_SCHEMAS has neither schema nor keys of {chart}")
    found = [*unknown(chart, release.values)]
    if release.chart == "kube-prometheus-stack":
        found += [*unknown(GRAFANA, release.values["grafana"])]
    return found


def unknown(chart: str, values: Json) -> Iterator[str]:
    documented = tuple(DOCUMENTED.get(chart.rpartition("-")[0], {}))
    yield from (
        f"{chart} has no value {key}"
        for key in sorted(unknown_keys(chart, values))
        if not key.startswith(documented)
    )


def release_of(chart: str, platform: RenderedCluster) -> Release:
    release = platform.releases[RELEASE_OF[chart]]
    assert release.chart == chart
    return release


def test_pinned_charts_are_all_checked() -> None:
    assert RELEASE_OF.keys() == {chart.name for chart in charts()}


@pytest.mark.parametrize("chart", list(RELEASE_OF))
def test_charts_know_every_value(chart: str, known: RenderedCluster) -> None:
    assert complaints(release_of(chart, known)) == []


@pytest.mark.parametrize("chart", list(RELEASE_OF))
def test_chart_rendering_is_deterministic(
    chart: str, deployed: Callable[[str], RenderedCluster]
) -> None:
    """A generated password or certificate would change with each deployment."""
    release = release_of(chart, deployed("prod"))
    assert upstream.manifests_of(release) == upstream.manifests_of(release)


@pytest.mark.parametrize("chart", list(RELEASE_OF))
@pytest.mark.parametrize("kubernetes", sorted(versions.KUBERNETES))
def test_charts_render_without_prometheus_operator(
    chart: str, kubernetes: str, deployed: Callable[[str], RenderedCluster]
) -> None:
    """A new cluster has no Prometheus operator."""
    assert upstream.manifests_of(
        release_of(chart, deployed("prod")), apis=upstream.CERT_MANAGER, kubernetes=kubernetes
    )

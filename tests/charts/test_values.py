"""Values of upstream charts: known keys, and their effect on manifests."""

import re
from collections.abc import Callable

import pytest

from spotmusic_cdk import versions
from spotmusic_cdk.versions import charts
from tests.charts import upstream, values
from tests.model.cluster import Release, RenderedCluster

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

DEAD = {
    **{
        f"external-secrets: {part}podDisruptionBudget.minAvailable": "Empty makes room for maxUnavailable; the chart asks first for that"
        for part in ("", "webhook.", "certController.")
    },
    "kong: admin.enabled": "Off twice: there would be no admin API without its listeners either, and both are told to whoever reads",
    "redpanda: tests.enabled": "Pods of `helm test`, which this version of the chart has none of; older and newer ones do",
    **{
        f"redpanda: statefulset.initContainerImage.{part}": "Of a container that comes with older events in S3: ours, and not Docker Hub's"
        for part in ("repository", "tag")
    },
    "kube-prometheus-stack: grafana.initChownData.enabled": "A container that runs as root; it comes with a volume, which Grafana has not",
}
"""Values without an effect on manifests, with the reason for each."""

STATED = "stated, so that a new default of the chart cannot change it in silence"
RESTATED = {
    r".*\b(image|\w+Image)\.(registry|repository|tag)": f"Images are {STATED}",
    r".*\b(\w+S|s)ecurityContext\..*": f"What Pod Security asks is {STATED}",
    r".*\b(enabled|create|installCRDs|name|fullnameOverride|keep)": f"What there is, and how it is called, is {STATED}: others build on it",
    r"redpanda: (auth|tls|listeners|external|storage|statefulset|config|rackAwareness|monitoring)\..*": (
        f"Logins, TLS, ports, replicas and volumes of the brokers are {STATED}: clients would be locked out, or data lost"
    ),
    r"rabbitmq-cluster-operator: \w+\.(pdb|watchNamespaces)\b.*": f"What the operators watch, and how many may go, is {STATED}",
    r"keycloakx: (http\.relativePath|cache\.stack)": "The edge routes the path, and members find each other by the stack",
    r"kong: (env|proxy\.tls|status\.http)\..*": f"What kong.conf says, and the ports that the target group knows, are {STATED}",
    r"kube-prometheus-stack: (prometheus|alertmanager)\..*(retention|walCompression|minAvailable)": f"How long, and how many, is {STATED}",
    r"kube-prometheus-stack: alertmanager\.config\..*": f"When the team hears of an alert is {STATED}",
    r"kube-prometheus-stack: grafana\.(readiness|liveness)Probe\..*": "A probe is one whole, and its scheme is not the default",
    r"kube-prometheus-stack: grafana\.sidecar\.dashboards\.provider\..*": f"That nobody changes dashboards by hand is {STATED}",
}
"""Values that equal the chart's default, by `chart: path`, with the reason for each."""


def release_of(chart: str, platform: RenderedCluster) -> Release:
    release = platform.releases[RELEASE_OF[chart]]
    assert release.chart == chart
    return release


def test_pinned_charts_are_all_checked() -> None:
    assert RELEASE_OF.keys() == {chart.name for chart in charts()}


@pytest.mark.parametrize("chart", list(RELEASE_OF))
def test_charts_know_every_value(chart: str, environment: str, deployed: Callable[[str], RenderedCluster]) -> None:
    assert values.complaints(release_of(chart, deployed(environment))) == []


@pytest.mark.parametrize("chart", list(RELEASE_OF))
def test_values_change_rendered_charts(chart: str, deployed: Callable[[str], RenderedCluster]) -> None:
    """Each value of production changes the chart, or is a default with a reason."""
    release = release_of(chart, deployed("prod"))
    upstream.archive_of(release)
    found = []
    for path, alive in values.idle(release, values.paths(release.values)):
        name = f"{chart}: {'.'.join(path)}"
        if alive and not any(re.fullmatch(pattern, name) for pattern in RESTATED):
            found.append(f"{name} is the chart's default: take it away, or say in RESTATED why it is told")
        elif not alive and name not in DEAD:
            found.append(f"{name} is dead: the chart renders the same with it, without it, and with something else in its place")
    assert found == []


@pytest.mark.parametrize("chart", list(RELEASE_OF))
def test_chart_rendering_is_deterministic(chart: str, deployed: Callable[[str], RenderedCluster]) -> None:
    """A generated password or certificate would change with each deployment."""
    release = release_of(chart, deployed("prod"))
    assert upstream.manifests_of(release) == upstream.manifests_of(release)


MONITORED = [
    "cert-manager",
    "external-secrets",
    "reloader",
    "fluent-bit",
    "rabbitmq-cluster-operator",
    "redpanda",
    "keycloakx",
    "kong",
    "kube-prometheus-stack",
]


@pytest.mark.parametrize("chart", MONITORED)
def test_charts_create_monitors_with_prometheus_operator(chart: str, rendered: Callable[[str], RenderedCluster], environment: str) -> None:
    release = release_of(chart, rendered(environment))
    kinds = {manifest["kind"] for manifest in rendered(environment).manifests[release.name]}
    assert kinds & {"ServiceMonitor", "PodMonitor"}


@pytest.mark.parametrize("chart", list(RELEASE_OF))
@pytest.mark.parametrize("kubernetes", sorted(versions.KUBERNETES))
def test_charts_render_without_prometheus_operator(chart: str, kubernetes: str, deployed: Callable[[str], RenderedCluster]) -> None:
    """A new cluster has no Prometheus operator."""
    assert upstream.manifests_of(release_of(chart, deployed("prod")), apis=upstream.CERT_MANAGER, kubernetes=kubernetes)

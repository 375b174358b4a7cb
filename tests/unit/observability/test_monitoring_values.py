"""Values of monitoring releases that Helm and Kubernetes accept without validation."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from spotmusic_constructs.kubernetes.pod import PLATFORM_PRIORITY
from spotmusic_constructs.observability.heartbeat import PERIOD_SECONDS
from tests.charts.monitoring.catalogue import rules
from tests.charts.monitoring.promtool import run
from tools.load.components import SCRAPE_SECONDS
from tools.model.values import Json, at

if TYPE_CHECKING:
    from tools.model.cluster import RenderedCluster

COMPONENTS = {
    rule["labels"]["component"]
    for content in rules().values()
    for rule in content
    if "alert" in rule
}


@pytest.fixture
def monitoring(deployed: Callable[[str], "RenderedCluster"]) -> Json:
    return dict(deployed("prod").releases["monitoring"].values)


@pytest.fixture
def config(monitoring: Json) -> Json:
    """Alertmanager's configuration."""
    return dict(monitoring["alertmanager"]["config"])


@pytest.fixture
def file(config: Json, tmp_path: Path) -> Path:
    path = tmp_path / "alertmanager.yml"
    path.write_text(json.dumps(config))
    return path


def test_containers_are_scraped_as_often_as_estimated(monitoring: Json) -> None:
    """The default of the chart for containers is a third of it."""
    assert monitoring["kubelet"]["serviceMonitor"]["interval"] == f"{SCRAPE_SECONDS}s"


@pytest.mark.parametrize(
    "place",
    [
        # Nodes are older than the release, and Karpenter creates none for a DaemonSet.
        "prometheus-node-exporter",
        # New pods of the request path preempt pods without a class, first of all in a failure.
        "prometheus.prometheusSpec",
        "alertmanager.alertmanagerSpec",
    ],
)
def test_monitoring_is_not_preempted(monitoring: Json, place: str) -> None:
    assert at(monitoring, f"{place}.priorityClassName") == PLATFORM_PRIORITY


def test_grafana_may_change_tables_and_wait_for_its_database(monitoring: Json) -> None:
    """It answers after the changes, and not without its database. Kubernetes asks every ten
    seconds.
    """
    assert monitoring["grafana"]["livenessProbe"]["failureThreshold"] * 10 >= 600


def test_alertmanager_accepts_configuration(file: Path) -> None:
    run("amtool", "check-config", file)


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        (["severity=critical", "alertname=RedpandaLeaderless"], "critical"),
        (["severity=warning", "alertname=RedpandaDisk"], "warning"),
        (["severity=info", "alertname=ServiceWithoutImage"], "nobody"),
        (["severity=none", "alertname=Watchdog"], "heartbeat"),
        (["alertname=OfSomebodyElse"], "warning"),
    ],
)
def test_alerts_are_routed_by_severity(file: Path, labels: list[str], receiver: str) -> None:
    found = run("amtool", "config", "routes", "test", f"--config.file={file}", *labels).strip()
    assert found == receiver


def test_watchdog_repeats_every_period(config: Json) -> None:
    def seconds(interval: str) -> int:
        return int(interval[:-1]) * {"s": 1, "m": 60}[interval[-1]]

    route = config["route"]["routes"][0]
    assert route["receiver"] == "heartbeat"
    assert seconds(route["group_interval"]) + seconds(route["repeat_interval"]) <= PERIOD_SECONDS


def test_critical_alert_inhibits_its_warning(config: Json) -> None:
    same = config["inhibit_rules"][0]
    assert (same["source_matchers"], same["target_matchers"]) == (
        ['severity = "critical"'],
        ['severity = "warning"'],
    )
    assert {
        "alertname",
        "slo",
        "pod",
        "exported_namespace",
        "name",
        "persistentvolumeclaim",
    } <= set(same["equal"])


def test_lost_quorum_inhibits_component_warnings(config: Json) -> None:
    cause = config["inhibit_rules"][1]
    named = cause["source_matchers"][1].split('"')[1].split("|")
    assert set(named) <= COMPONENTS, "these components have no alert"
    assert "kubernetes" not in named, "one broken workload must not hide another"
    assert "redpanda-license" not in named, "an expiring licence must not hide failures"
    assert "redpanda-license" in COMPONENTS
    assert cause["equal"] == ["component"]


def test_prometheus_samples_contain_environment(monitoring: Json) -> None:
    """The operator drops external labels with a key that it sets."""
    spec = monitoring["prometheus"]["prometheusSpec"]
    assert spec["externalLabels"] == {"cluster": "spotmusic-prod"}
    assert spec["prometheusExternalLabelNameClear"] is True
    assert spec.get("prometheusExternalLabelName") not in spec["externalLabels"]


def test_log_stream_names_namespace_pod_container(
    deployed: Callable[[str], "RenderedCluster"],
) -> None:
    inputs = deployed("prod").releases["fluent-bit"].values["config"]["inputs"]
    pattern = re.search(r"Tag_Regex (.+)", inputs)
    assert pattern
    name = f"/var/log/containers/kong-7d9f8c-x2x4z_kong_proxy-{'0a' * 32}.log"
    found = re.search(pattern[1].replace("(?<", "(?P<"), name)
    assert found
    assert found.groupdict() == {
        "pod": "kong-7d9f8c-x2x4z",
        "namespace": "kong",
        "container": "proxy",
    }
    assert "Exclude_Path /var/log/containers/*_pod-logs_*.log\n" in inputs, (
        "its own lines would return for ever"
    )

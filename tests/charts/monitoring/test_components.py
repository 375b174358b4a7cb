"""Metrics of every component, in Prometheus or CloudWatch."""

import json
from typing import Any

import yaml

from spotmusic_constructs.observability.grafana_dashboards import dashboard_files
from tests.charts.monitoring.catalogue import catalogue, rules
from tests.charts.monitoring.promql import selectors
from tools.load.components import SCRAPE_SECONDS
from tools.model.cluster import RenderedCluster
from tools.model.values import Json

COMPONENTS = (
    "Redpanda",
    "RabbitMQ",
    "ElastiCache for Redis",
    "Prometheus",
    "Grafana",
    "Kong",
    "Keycloak",
    "VPC",
    "ECR",
    "ECS",
    "Secrets Manager, Parameter Store",
    "S3",
    "CloudFront",
    "WAF",
    "CloudWatch",
    "RDS",
    "ELB",
    "EKS",
)
MONITORS = ("ServiceMonitor", "PodMonitor")
DEFAULT_INTERVAL = "30s"
"""Interval of Prometheus without a value (Prometheus operator, API reference, scrapeInterval)."""


def value(platform: RenderedCluster, release: str, path: str) -> Any:
    found: Any = platform.releases[release].values
    for key in path.split("."):
        found = found.get(key) if isinstance(found, dict) else None
    return found


def is_scraped(platform: RenderedCluster, scraped: Json) -> bool:
    """Return whether an exporter has the target in docs/metrics.yaml."""
    if "ours" in scraped:
        return any(manifest["kind"] in MONITORS for manifest in platform.manifests[scraped["ours"]])
    if "ecs" in scraped:
        return bool(jobs(platform))
    if "part" in scraped:
        return value(platform, scraped["release"], f"{scraped['part']}.enabled") is not False
    return value(platform, scraped["release"], scraped["value"]) is True


def jobs(platform: RenderedCluster) -> list[Json]:
    return list(value(platform, "monitoring", "prometheus.prometheusSpec.additionalScrapeConfigs"))


def targets() -> list[Json]:
    boards = [json.loads(text) for text in dashboard_files().values()]
    return [
        target
        for board in boards
        for panel in board["panels"]
        for target in panel.get("targets", ())
    ]


def drawn_namespaces() -> set[str]:
    return {target["namespace"] for target in targets() if "namespace" in target}


def test_targets_are_scraped_as_often_as_estimated(whole: RenderedCluster) -> None:
    """Each sample costs money in the workspace, and memory and disk in the cluster."""
    intervals = {
        f"{monitor['metadata']['name']}{endpoint.get('path', '/metrics')}": endpoint.get(
            "interval", DEFAULT_INTERVAL
        )
        for _, monitor in whole.of_kind(*MONITORS)
        for endpoint in monitor["spec"].get("endpoints") or monitor["spec"]["podMetricsEndpoints"]
    }
    assert {name for name, each in intervals.items() if each != f"{SCRAPE_SECONDS}s"} == set()


def test_components_have_target_or_data_source(known: RenderedCluster) -> None:
    by_prometheus = {
        e["component"] for e in catalogue()["exporters"].values() if is_scraped(known, e["scraped"])
    }
    sources = {
        source["uid"] for source in value(known, "monitoring", "grafana.additionalDataSources")
    }
    by_cloudwatch = (
        {catalogue()["cloudwatch"][namespace]["component"] for namespace in drawn_namespaces()}
        if "cloudwatch" in sources
        else set()
    )
    unseen = [
        component for component in COMPONENTS if component not in by_prometheus | by_cloudwatch
    ]
    assert not unseen, (
        f"no metrics of {', '.join(unseen)}. "
        "Scrape the component, or read it from CloudWatch (docs/metrics.yaml)."
    )


def test_components_have_dashboards() -> None:
    recordings = {
        rule["record"]: rule["expr"]
        for content in rules().values()
        for rule in content
        if "record" in rule
    }
    read = " ".join(target["expr"] for target in targets() if "expr" in target)
    read += " ".join(expr for name, expr in recordings.items() if name in read)
    drawn = {
        e["component"]
        for e in catalogue()["exporters"].values()
        if any(metric in read for metric in e["metrics"])
    }
    drawn |= {catalogue()["cloudwatch"][namespace]["component"] for namespace in drawn_namespaces()}
    assert not [component for component in COMPONENTS if component not in drawn], (
        "no dashboard shows these"
    )


def test_grafana_has_every_dashboard_data_source(whole: RenderedCluster) -> None:
    given = {
        source["uid"]
        for _, manifest in whole.of_kind("ConfigMap")
        for text in [manifest.get("data", {}).get("datasource.yaml")]
        if text
        for source in yaml.safe_load(text)["datasources"]
    }
    assert given == {"prometheus", "alertmanager", "cloudwatch", "history"}
    assert {target["datasource"]["uid"] for target in targets()} <= given


def test_listed_exporters_are_scraped(known: RenderedCluster) -> None:
    assert not [
        name
        for name, exporter in catalogue()["exporters"].items()
        if not is_scraped(known, exporter["scraped"])
    ]


def test_missing_tasks_of_services_alert(known: RenderedCluster) -> None:
    (job,) = jobs(known)
    found = f'prometheus_sd_discovered_targets{{config="{job["job_name"]}"}}'
    assert [rule for rule in rules()["monitoring"] if found in rule["expr"]]


def test_exporters_publish_metrics_in_use(known: RenderedCluster) -> None:
    for name, exporter in catalogue()["exporters"].items():
        if needs := exporter.get("needs"):
            found = value(known, needs["release"], needs["value"])
            assert needs["has"] in (found or ""), (
                f"{name} keeps metrics to itself: {needs['value']} lacks {needs['has']}"
            )


def test_conflicting_target_labels_are_renamed(known: RenderedCluster) -> None:
    assert value(known, "kong", "serviceMonitor.honorLabels") is not True, (
        "rules read exported_service"
    )
    assert value(known, "cert-manager", "prometheus.servicemonitor.honorLabels") is not True, (
        "rules read exported_namespace"
    )
    assert value(known, "external-secrets", "serviceMonitor.honorLabels") is not True, (
        "rules read exported_namespace"
    )


def test_prometheus_scrapes_every_listening_service(known: RenderedCluster) -> None:
    (job,) = jobs(known)
    set_by = {
        label: [rule for rule in job["relabel_configs"] if rule.get("target_label") == label]
        for label in ("service", "__address__")
    }
    scraped = {
        rule["regex"].partition(";")[0]: int(rule["replacement"].partition(":")[2])
        for rule in set_by["__address__"]
    }
    listening = {
        alias["DnsName"]: alias["Port"]
        for _, _, r in known.resources("AWS::ECS::Service")
        for served in r["Properties"]["ServiceConnectConfiguration"].get("Services", ())
        for alias in served["ClientAliases"]
    }
    assert scraped == listening
    assert [rule["replacement"] for rule in set_by["service"]] == [*scraped]
    names = [rule["regex"] for rule in set_by["service"]]
    assert len({*names}) == len(listening)


def test_required_components_have_monitors(whole: RenderedCluster) -> None:
    (alert,) = (
        rule for rule in rules()["monitoring"] if rule.get("alert") == "ComponentNotScraped"
    )
    asked = {part.split('"')[1] for part in alert["expr"].split("namespace=")[1:]}
    watched = {
        manifest["metadata"].get("namespace", release)
        for release, manifest in whole.of_kind(*MONITORS)
    }
    assert asked <= watched, f"no monitor in {sorted(asked - watched)}"
    assert {selector.metric for selector in selectors(alert["expr"])} == {"up"}


def test_alerts_come_from_own_rules(whole: RenderedCluster) -> None:
    alerting = {
        release
        for release, manifest in whole.of_kind("PrometheusRule")
        if any("alert" in rule for group in manifest["spec"]["groups"] for rule in group["rules"])
    }
    assert alerting == {"rules-and-dashboards"}

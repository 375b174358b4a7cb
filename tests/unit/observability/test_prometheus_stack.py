import json
from typing import Any

import aws_cdk as cdk
import pytest
import yaml
from aws_cdk import aws_sns as sns
from aws_cdk.assertions import Template

from spotmusic_cdk import versions
from spotmusic_constructs.data.rds_ca import rds_ca
from spotmusic_constructs.kubernetes.pod import POD_SECURITY, READ_ONLY_CONTAINER
from spotmusic_constructs.observability.alarm import Audience
from spotmusic_constructs.observability.grafana import Grafana
from spotmusic_constructs.observability.prometheus import ScrapeTarget, Workspace
from spotmusic_constructs.observability.prometheus_stack import KubePrometheusStack
from tests.conftest import new_stack
from tests.helm_values import LARGEST_VALUES, REGISTRY, Images, arn_of, cluster_in, leaves, releases, secret_in
from tests.model.values import Json, texts

WORKSPACE = "arn:aws:aps:sa-east-1:111122223333:workspace/ws-0123"
TOPIC = "arn:aws:sns:sa-east-1:111122223333:alarms"
PAGER = "arn:aws:sns:sa-east-1:111122223333:pager"
HEARTBEAT = "arn:aws:sns:sa-east-1:111122223333:heartbeat"


def stack_with(**changes: Any) -> tuple[cdk.Stack, KubePrometheusStack]:
    stack = new_stack()
    arguments: Json = {
        "cluster": cluster_in(stack),
        "chart": versions.KUBE_PROMETHEUS_STACK,
        "images": Images(),
        "environment": "prod",
        "workspace": Workspace(arn=WORKSPACE, workspace_id="ws-0123", region="sa-east-1"),
        "audience": Audience(topic=sns.Topic.from_topic_arn(stack, "Alerts", TOPIC), pager=sns.Topic.from_topic_arn(stack, "Pager", PAGER)),
        "heartbeat": sns.Topic.from_topic_arn(stack, "Heartbeat", HEARTBEAT),
        "grafana": Grafana(
            url="https://grafana.internal.spotmusic.example",
            realm_url="https://spotmusic.example/auth/realms/spotmusic",
            internal_realm_url="https://keycloak-http.keycloak.svc.cluster.local:8443/auth/realms/spotmusic",
            database_host="identity.rds.example.com",
            database_port=3306,
            database_ca=rds_ca("sa-east-1"),
            database_user=secret_in(stack, "database"),
            admin=secret_in(stack, "admin"),
            clients=secret_in(stack, "clients"),
        ),
        "targets": [ScrapeTarget(service="web-api", host="web-api.svc.internal.spotmusic.example", port=8080)],
    }
    return stack, KubePrometheusStack(stack, "Monitoring", **{**arguments, **changes})


@pytest.fixture(scope="module")
def made() -> tuple[cdk.Stack, KubePrometheusStack]:
    return stack_with(node_namespace="node-metrics", storage_gib=100, retention_hours=48)


@pytest.fixture(scope="module")
def resources(made: tuple[cdk.Stack, KubePrometheusStack]) -> dict[str, Json]:
    return dict(Template.from_stack(made[0]).to_json()["Resources"])


@pytest.fixture(scope="module")
def release(made: tuple[cdk.Stack, KubePrometheusStack]) -> Json:
    return releases(made[0])["monitoring"]


@pytest.fixture(scope="module")
def values(release: Json) -> Json:
    return dict(release["Values"])


@pytest.fixture(scope="module")
def spec(values: Json) -> Json:
    return dict(values["prometheus"]["prometheusSpec"])


@pytest.fixture(scope="module")
def grafana(values: Json) -> Json:
    return dict(values["grafana"])


def rights(resources: dict[str, Json]) -> dict[str, list[tuple[Any, Any]]]:
    """Actions and resources of each service account, through its association, role and policy."""
    found = {}
    for association in (r["Properties"] for r in resources.values() if r["Type"] == "AWS::EKS::PodIdentityAssociation"):
        role = association["RoleArn"]["Fn::GetAtt"][0]
        (policy,) = [r for r in resources.values() if r["Type"] == "AWS::IAM::ManagedPolicy" and {"Ref": role} in r["Properties"]["Roles"]]
        statements = policy["Properties"]["PolicyDocument"]["Statement"]
        found[association["ServiceAccount"]] = [(statement["Action"], statement["Resource"]) for statement in statements]
    return found


def test_monitoring_accounts_have_least_rights(resources: dict[str, Json], values: Json) -> None:
    query = ["aps:GetLabels", "aps:GetMetricMetadata", "aps:GetSeries", "aps:QueryMetrics"]
    assert rights(resources) == {
        "prometheus": [("aps:RemoteWrite", WORKSPACE)],
        "alertmanager": [("sns:Publish", [TOPIC, HEARTBEAT, PAGER])],
        "grafana": [(["cloudwatch:GetMetricData", "cloudwatch:ListMetrics"], "*"), (query, WORKSPACE)],
    }
    accounts = {values[part]["serviceAccount"]["name"] for part in ("prometheus", "alertmanager", "grafana")}
    assert accounts == set(rights(resources))


def test_monitoring_release_contains_no_crds(values: Json) -> None:
    assert values["crds"] == {"enabled": False}


def test_prometheus_replicas_write_to_workspace(spec: Json) -> None:
    (write,) = spec["remoteWrite"]
    assert write["url"] == "https://aps-workspaces.sa-east-1.amazonaws.com/workspaces/ws-0123/api/v1/remote_write"
    assert spec["replicas"] == 2
    assert write["sigv4"] == {"region": "sa-east-1"}
    assert spec["replicaExternalLabelName"] == "__replica__"


def test_prometheus_samples_contain_environment(spec: Json) -> None:
    """The operator drops external labels with a key that it sets."""
    assert spec["externalLabels"] == {"cluster": "spotmusic-prod"}
    assert spec["prometheusExternalLabelNameClear"] is True
    assert spec.get("prometheusExternalLabelName") not in spec["externalLabels"]


def test_prometheus_selects_all_monitors(spec: Json) -> None:
    for kind in ("serviceMonitor", "podMonitor", "rule", "probe", "scrapeConfig"):
        assert spec[f"{kind}SelectorNilUsesHelmValues"] is False


def test_prometheus_resolves_external_services(spec: Json) -> None:
    (job,) = spec["additionalScrapeConfigs"]
    (lookup,) = job["dns_sd_configs"]
    assert (lookup["names"], lookup["type"], lookup["port"]) == (["web-api.svc.internal.spotmusic.example"], "A", 8080)
    assert job["relabel_configs"] == [{"target_label": "service", "replacement": "web-api"}]


def test_prometheus_retention_fits_volume(spec: Json) -> None:
    claim = spec["storageSpec"]["volumeClaimTemplate"]["spec"]
    assert claim["resources"]["requests"]["storage"] == "100Gi"
    assert (spec["retention"], spec["retentionSize"]) == ("48h", "90GiB")


def test_chart_default_rules_are_disabled(values: Json) -> None:
    groups = values["defaultRules"]["rules"]
    assert {"general", "kubernetesApps", "kubernetesStorage", "prometheus", "alertmanager", "nodeExporterAlerting"} <= set(groups)
    assert not any(groups.values())


def test_kube_state_metrics_exposes_release_status(values: Json) -> None:
    assert values["kube-state-metrics"]["metricLabelsAllowlist"] == ["secrets=[name,owner,status]"]


def test_monitoring_replicas_have_own_zones(values: Json, spec: Json, grafana: Json) -> None:
    alertmanager = values["alertmanager"]["alertmanagerSpec"]
    assert (spec["replicas"], alertmanager["replicas"], grafana["replicas"]) == (2, 3, 2)
    for part in (spec, alertmanager, grafana):
        assert part["topologySpreadConstraints"][0]["whenUnsatisfiable"] == "DoNotSchedule"
    assert spec["podAntiAffinity"] == alertmanager["podAntiAffinity"] == "hard"


def test_monitoring_budgets_allow_one_replica(values: Json, grafana: Json) -> None:
    for part in ("prometheus", "alertmanager"):
        # Kubernetes rejects both keys together, and the chart has a default for this one.
        assert values[part]["podDisruptionBudget"] == {"enabled": True, "minAvailable": values[part][f"{part}Spec"]["replicas"] - 1}
    assert grafana["podDisruptionBudget"] == {"maxUnavailable": 1}


def test_grafana_requires_keycloak_login(grafana: Json) -> None:
    ini = grafana["grafana.ini"]
    assert ini["auth.anonymous"] == {"enabled": False}
    assert ini["auth"]["disable_login_form"] is True
    oauth = ini["auth.generic_oauth"]
    assert oauth["auth_url"] == "https://spotmusic.example/auth/realms/spotmusic/protocol/openid-connect/auth"
    assert oauth["role_attribute_strict"] is oauth["use_pkce"] is True
    assert "client_secret" not in oauth


def test_grafana_cookies_require_tls(grafana: Json) -> None:
    security = grafana["grafana.ini"]["security"]
    assert security["cookie_secure"] is security["strict_transport_security"] is True
    assert grafana["grafana.ini"]["server"]["protocol"] == "https"


def test_grafana_verifies_database_certificate(grafana: Json, values: Json) -> None:
    database = grafana["grafana.ini"]["database"]
    assert (database["ssl_mode"], database["server_cert_name"]) == ("true", "identity.rds.example.com")
    assert database["max_open_conn"] == 20
    (mount,) = grafana["extraConfigmapMounts"]
    assert database["ca_cert_path"] == f"{mount['mountPath']}/ca.pem"
    config_map = next(item for item in values["extraManifests"] if item["kind"] == "ConfigMap")
    assert config_map["metadata"]["name"] == mount["configMap"]


def test_grafana_passwords_come_from_external_secret(made: tuple[cdk.Stack, KubePrometheusStack], grafana: Json) -> None:
    (secret,) = made[1].external_secrets
    used = {reference["secretKeyRef"]["key"] for reference in grafana["envValueFrom"].values()}
    used |= {grafana["admin"]["userKey"], grafana["admin"]["passwordKey"]}
    assert used == secret.keys
    assert {reference["secretKeyRef"]["name"] for reference in grafana["envValueFrom"].values()} == {secret.name}
    assert grafana["admin"]["existingSecret"] == secret.name
    assert secret.fields["client_secret"].secret_arn == arn_of("clients")


def test_grafana_data_sources_have_uids(grafana: Json) -> None:
    sources = {source["uid"]: source for source in grafana["additionalDataSources"]}
    assert set(sources) == {"cloudwatch", "history"}
    assert sources["history"]["url"] == "http://127.0.0.1:8005/workspaces/ws-0123/"
    assert not any(source["editable"] for source in sources.values())


def test_grafana_proxy_listens_on_loopback(grafana: Json) -> None:
    (proxy,) = yaml.safe_load(grafana["extraContainers"])
    assert "--port=127.0.0.1:8005" in proxy["args"]
    assert "--host=aps-workspaces.sa-east-1.amazonaws.com" in proxy["args"]
    assert proxy["image"].startswith(f"{REGISTRY}/public/aws-observability/aws-sigv4-proxy:1.11.1")
    assert proxy["securityContext"]["readOnlyRootFilesystem"] is proxy["securityContext"]["runAsNonRoot"] is True
    assert proxy["resources"]["limits"]["memory"]


def test_grafana_certificate_includes_localhost(made: tuple[cdk.Stack, KubePrometheusStack]) -> None:
    (certificate,) = made[1].certificates
    assert {"localhost", "grafana.monitoring.svc"} <= set(certificate.dns_names)


def test_grafana_has_own_secret_key(made: tuple[cdk.Stack, KubePrometheusStack], grafana: Json) -> None:
    (secret,) = made[1].external_secrets
    assert grafana["envValueFrom"]["GF_SECURITY_SECRET_KEY"]["secretKeyRef"]["key"] == "secret_key"
    assert "sha256sum" in secret.template["secret_key"]


def test_grafana_sidecars_read_config_maps_only(grafana: Json, values: Json) -> None:
    assert grafana["rbac"] == {"create": False}
    role = next(item for item in values["extraManifests"] if item["kind"] == "Role")
    assert role["rules"] == [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "watch"]}]
    assert {grafana["sidecar"][kind]["resource"] for kind in ("dashboards", "datasources")} == {"configmap"}


def test_monitoring_images_use_own_registry(values: Json) -> None:
    images = [path.removesuffix(".registry") for path, value in leaves(values) if path.endswith(".registry") and value == REGISTRY]
    named = [path for path, _ in leaves(values) if path.endswith(".registry")]
    assert len(images) == len(named) == 9


def test_managed_control_plane_is_not_scraped(values: Json) -> None:
    for part in ("kubeControllerManager", "kubeScheduler", "kubeEtcd", "kubeProxy", "coreDns"):
        assert values[part] == {"enabled": False}


def test_node_exporter_has_own_namespace(values: Json) -> None:
    assert values["prometheus-node-exporter"]["namespaceOverride"] == "node-metrics"


def test_node_exporter_requires_namespace() -> None:
    stack, _ = stack_with()
    found = releases(stack)["monitoring"]["Values"]
    assert found["nodeExporter"] == {"enabled": False}
    assert "prometheus-node-exporter" not in found


def test_monitoring_values_contain_no_password(values: Json) -> None:
    assert len(json.dumps(values).encode()) < LARGEST_VALUES
    assert not [text for text in texts(values) if "SecretString" in text or "resolve:secretsmanager" in text]


def test_monitoring_pods_are_restricted(values: Json, spec: Json) -> None:
    for part in ("prometheusOperator", "kube-state-metrics", "prometheus-node-exporter"):
        assert values[part]["containerSecurityContext"] == READ_ONLY_CONTAINER
    assert spec["securityContext"] == values["alertmanager"]["alertmanagerSpec"]["securityContext"] == POD_SECURITY

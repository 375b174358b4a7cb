"""Properties 97 and 99 to 103 on everything that runs in the cluster."""

from collections.abc import Callable

import pytest

from spotmusic_cdk.namespaces import namespaces
from tests.charts import pods
from tests.charts.platform import Platform
from tests.conftest import settings_of

BUILT_WHEN_IT_STARTS = "Keycloak builds itself for its database when it starts"
WRITABLE = {
    "redpanda/redpanda: redpanda": "Redpanda writes its configuration below /etc and its data beside",
    "keycloak/keycloak: keycloak": BUILT_WHEN_IT_STARTS,
    "rabbitmq/rabbitmq-server": "The operator mounts no folder for what Erlang writes beside its data",
}
UNPROBED = {
    "cert-manager/cert-manager: ": "A leader works and the other waits; the chart offers a liveness probe only",
    "cert-manager/cert-manager-cainjector: ": "A leader works and the other waits; nothing calls it",
    "external-secrets/external-secrets: ": "A leader works and the other waits; nothing calls it",
    "monitoring/grafana: grafana-sc-": "A sidecar that copies ConfigMaps; Grafana's own probe decides",
    "monitoring/grafana: signing-proxy": "Listens on the pod's loopback, which no probe reaches (ADR 9); Grafana serves without it",
    "redpanda/redpanda: redpanda": "The sidecar asks the broker and answers for the pod",
}
NEED_THE_API = {
    "cert-manager/": "Issues certificates from what the API server has",
    "external-secrets/": "Writes Secrets by the API server",
    "reloader/reloader": "Watches Secrets, and changes what must start again, by the API server",
    "rabbitmq/rabbitmq-operators": "Operators watch the API server",
    "rabbitmq/rabbitmq-server": "Nodes find each other by the API server (rabbitmq_peer_discovery_k8s)",
    "monitoring/grafana": "Its sidecars watch ConfigMaps",
    "monitoring/kube-state-metrics": "Counts what the API server has",
    "monitoring/monitoring-operator": "An operator watches the API server",
    "monitoring/prometheus-monitoring": "Finds what to scrape by the API server",
}
WIDE = {
    "monitoring: ClusterRole monitoring-operator": (
        "Upstream's own: the operator makes StatefulSets, Secrets and ConfigMaps for what others declare, in any namespace"
    ),
}


def test_pods_keep_to_the_restricted_standard(platform: Platform) -> None:
    assert list(pods.restricted(platform)) == []


def test_containers_write_to_their_volumes_only(platform: Platform) -> None:
    assert pods.unexcused(pods.writable(platform), WRITABLE, whole=platform.whole) == []


def test_containers_ask_for_what_they_need_and_have_a_limit_of_memory(platform: Platform) -> None:
    assert list(pods.unlimited(platform)) == []


def test_services_say_whether_they_are_ready(platform: Platform) -> None:
    assert pods.unexcused(pods.unprobed(platform), UNPROBED, whole=platform.whole) == []


def test_images_are_exact_and_come_through_our_registry(platform: Platform) -> None:
    assert list(pods.images(platform, uncached(platform.environment))) == []


def uncached(environment: str) -> list[str]:
    """Registries that ask for credentials which the environment does not have; synthesis warns of each."""
    registry = settings_of(environment).registry
    given = {"docker.io": registry.docker_hub_credentials, "ghcr.io": registry.github_credentials}
    return [host for host, credentials in given.items() if credentials is None]


def test_only_pods_that_need_the_api_hold_a_token(platform: Platform) -> None:
    assert pods.unexcused(pods.tokens(platform), NEED_THE_API, whole=platform.whole) == []


def test_nobody_has_every_right(platform: Platform) -> None:
    assert pods.unexcused(pods.wide_rights(platform), WIDE, whole=platform.whole) == []


def test_no_service_opens_a_way_past_the_load_balancers(platform: Platform) -> None:
    assert list(pods.open_services(platform)) == []


def test_a_disruption_takes_one_pod_of_each_component(platform: Platform) -> None:
    assert list(pods.budgets(platform)) == []


def test_the_loss_of_a_zone_leaves_replicas(platform: Platform) -> None:
    assert list(pods.crowded(platform)) == []


def test_every_namespace_is_labelled_limited_and_known(deployed: Callable[[str], Platform], environment: str) -> None:
    platform = deployed(environment)
    declared = namespaces(settings_of(environment))
    labels = pods.namespaces(platform)
    assert labels.keys() == declared.keys()
    for name, namespace in declared.items():
        assert labels[name]["pod-security.kubernetes.io/enforce"] == namespace.pod_security
        assert labels[name]["pod-security.kubernetes.io/enforce-version"] == f"v{platform.settings_version}"
        assert namespace.pod_security == "restricted" or len(namespace.because) > 30
    for kind in ("ResourceQuota", "LimitRange"):
        assert {manifest["metadata"]["namespace"] for _, manifest in platform.of_kind(kind)} >= labels.keys()


def test_releases_go_into_namespaces_that_the_ground_makes(deployed: Callable[[str], Platform], environment: str) -> None:
    """`kube-system` is the cluster's own: the ground is laid from there."""
    platform = deployed(environment)
    assert {release.namespace for release in platform.releases.values()} <= {*pods.namespaces(platform), "kube-system"}
    placed = {manifest["metadata"].get("namespace", "kube-system") for _, manifest in platform.everything()}
    assert placed <= {*pods.namespaces(platform), "kube-system"}


@pytest.mark.parametrize("value", ["LoadBalancer", "NodePort"])
def test_no_value_asks_for_a_way_past_the_load_balancers(deployed: Callable[[str], Platform], environment: str, value: str) -> None:
    from tests.helm_values import leaves

    asked = [
        f"{name}: {path}"
        for name, release in deployed(environment).releases.items()
        for path, leaf in leaves(release.values)
        if leaf == value
    ]
    assert asked == []

"""Seeded faults that the checks of charts report."""

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from spotmusic_cdk import versions
from tests.charts import connections, order, pods, policies, references, test_versions, transport, validation, values
from tests.conftest import settings_of
from tests.model.cluster import RenderedCluster
from tests.model.values import Json
from tests.own_schemas import problems


@pytest.fixture
def broken(deployed: Callable[[str], RenderedCluster]) -> RenderedCluster:
    """Copy of production for a fault."""
    platform = deployed("prod")
    return replace(
        platform,
        releases={
            name: replace(release, values=copy.deepcopy(release.values), resource=copy.deepcopy(release.resource))
            for name, release in platform.releases.items()
        },
        manifests=copy.deepcopy(platform.manifests),
        before=copy.deepcopy(platform.before),
    )


def manifest(platform: RenderedCluster, kind: str, name: str) -> Json:
    return next(found for _, found in platform.of_kind(kind) if found["metadata"]["name"] == name)


def secret_without_a_key(platform: RenderedCluster) -> list[str]:
    spec = manifest(platform, "ExternalSecret", "kong-redis")["spec"]
    spec["data"][0]["secretKey"] = "pasword"
    return references.missing(platform, "Secret")


def secret_that_nobody_makes(platform: RenderedCluster) -> list[str]:
    release = platform.releases["trust"].name
    platform.manifests[release] = [m for m in platform.manifests[release] if m["metadata"]["name"] != "redpanda-users"]
    return references.missing(platform, "Secret")


def field_that_secrets_manager_has_not(platform: RenderedCluster) -> list[str]:
    manifest(platform, "ExternalSecret", "kong-redis")["spec"]["data"][0]["remoteRef"]["property"] = "pasword"
    return connections.external_secret_findings(platform)


def certificate_of_the_brokers_without_names(platform: RenderedCluster) -> list[str]:
    del platform.releases["redpanda"].values["tls"]["certs"]["default"]["applyInternalDNSNames"]
    return transport.findings(platform)


def certificate_without_names(platform: RenderedCluster) -> list[str]:
    manifest(platform, "Certificate", "kong-proxy-tls")["spec"]["dnsNames"] = None
    return transport.findings(platform)


def budget_that_selects_nothing(platform: RenderedCluster) -> list[str]:
    manifest(platform, "PodDisruptionBudget", "rabbitmq")["spec"]["selector"]["matchLabels"] = {"app.kubernetes.io/name": "rabbit"}
    return list(pods.budgets(platform))


def budget_with_two_words(platform: RenderedCluster) -> list[str]:
    manifest(platform, "PodDisruptionBudget", "rabbitmq")["spec"]["minAvailable"] = ""
    return list(pods.budgets(platform))


def route_without_token(platform: RenderedCluster) -> list[str]:
    config = json.loads(platform.releases["kong"].values["dblessConfig"]["config"])
    service = next(service for service in config["services"] if "public" not in service.get("tags", []))
    service["plugins"] = [plugin for plugin in service["plugins"] if plugin["name"] != "realm-token"]
    return problems("kong", config)


def policy_without_a_flow(platform: RenderedCluster) -> list[str]:
    """Policy from every pod of monitoring to every port of the brokers."""
    everything: Json = {"from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]}
    spec = {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [everything]}
    stray = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "scraped", "namespace": "redpanda"}}
    platform.manifests["ground"].append({**stray, "spec": spec})
    return policies.findings(platform, settings_of("prod"))


def flow_without_a_policy(platform: RenderedCluster) -> list[str]:
    ground = platform.manifests["ground"]
    ground[:] = [m for m in ground if m["kind"] != "NetworkPolicy" or m["metadata"]["name"] != "kong-to-cache-6379"]
    return policies.findings(platform, settings_of("prod"))


def chart_outside_its_range(_: RenderedCluster) -> list[str]:
    return test_versions.problems(versions.CERT_MANAGER, "1.37")


def chart_whose_range_nobody_read_up(_: RenderedCluster) -> list[str]:
    return test_versions.problems(replace(versions.KONG, version="3.5.0"), "1.36")


def release_before_its_secrets(platform: RenderedCluster) -> list[str]:
    platform.before["kong"].remove("trust")
    return references.missing(platform, "Secret")


def release_before_its_kinds(platform: RenderedCluster) -> list[str]:
    platform.before["trust"].remove("external-secrets")
    return order.findings(platform)


def release_that_outlives_its_function(platform: RenderedCluster) -> list[str]:
    platform.releases["redpanda"].resource["Properties"]["Timeout"] = "900s"
    return order.rule_findings(platform)


def stateful_release_that_is_rolled_back(platform: RenderedCluster) -> list[str]:
    platform.releases["redpanda"].resource["Properties"] |= {"Atomic": True, "Wait": True}
    return order.rule_findings(platform)


def binding_to_a_wrong_port(platform: RenderedCluster) -> list[str]:
    manifest(platform, "TargetGroupBinding", "kong")["spec"]["serviceRef"]["port"] = 8444
    return connections.target_group_findings(platform)


def host_that_nobody_has(platform: RenderedCluster) -> list[str]:
    platform.releases["keycloak"].values["database"]["hostname"] = "identity.internal.spotmusic.example"
    return connections.host_findings(platform)


def rights_of_nobody(platform: RenderedCluster) -> list[str]:
    platform.manifests["external-secrets"] = [m for m in platform.manifests["external-secrets"] if m["kind"] != "ServiceAccount"]
    return connections.identity_findings(platform)


def kind_that_is_gone(_: RenderedCluster) -> list[str]:
    gone = {"apiVersion": "policy/v1beta1", "kind": "PodSecurityPolicy", "metadata": {"name": "all"}, "spec": {}}
    return validation.errors([gone], "1.36")


def version_of_a_custom_resource_that_is_gone(platform: RenderedCluster) -> list[str]:
    manifest(platform, "Certificate", "kong-proxy-tls")["apiVersion"] = "cert-manager.io/v1alpha2"
    return validation.custom_errors(platform.manifests["trust"])


def word_that_kubernetes_does_not_know(platform: RenderedCluster) -> list[str]:
    manifest(platform, "PodDisruptionBudget", "rabbitmq")["spec"]["maxUnavailible"] = 1
    return validation.errors(platform.manifests["rabbitmq"], "1.36")


def variable_that_is_there_twice(_: RenderedCluster) -> list[str]:
    container = {"name": "a", "env": [{"name": "KC_DB", "value": "mysql"}, {"name": "KC_DB", "value": "postgres"}]}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "keycloak"}, "spec": {"containers": [container]}}
    return validation.doubles([pod])


def pod_as_root(platform: RenderedCluster) -> list[str]:
    spec = manifest(platform, "RabbitmqCluster", "rabbitmq")["spec"]["override"]["statefulSet"]["spec"]["template"]["spec"]
    spec["securityContext"]["runAsUser"] = 0
    spec["containers"][0]["securityContext"]["allowPrivilegeEscalation"] = True
    return list(pods.unrestricted(platform))


def image_past_our_registry(platform: RenderedCluster) -> list[str]:
    manifest(platform, "RabbitmqCluster", "rabbitmq")["spec"]["image"] = "docker.io/library/rabbitmq:latest"
    return list(pods.images(platform, ()))


FAULTS: dict[Callable[[RenderedCluster], list[str]], str] = {
    secret_without_a_key: "reads password of Secret kong/kong-redis, which release trust makes with ['pasword']",
    secret_that_nobody_makes: "uses Secret redpanda/redpanda-users, which nothing makes: it should come from an ExternalSecret",
    field_that_secrets_manager_has_not: "reads field pasword of arn:aws:secretsmanager:sa-east-1:111122223333:secret:data.CacheUserskong",
    certificate_of_the_brokers_without_names: "tls.certs.default has an issuer and no applyInternalDNSNames: its Certificate would have no",
    certificate_without_names: "Certificate kong/kong-proxy-tls of release trust has no dnsNames: it would never be issued",
    budget_that_selects_nothing: "'app.kubernetes.io/name': 'rabbit'}}, which no pod of rabbitmq has: it protects nothing",
    budget_with_two_words: "needs one of minAvailable and maxUnavailable, and no more",
    route_without_token: "its routes answer without a token. Add the plugin realm-token, or the tag public where that is meant",
    policy_without_a_flow: "NetworkPolicy redpanda/scraped lets nobody of the table (monitoring: every pod) reach redpanda on 1 to 65535, "
    "which no flow of spotmusic_cdk/flows.py asks for",
    flow_without_a_policy: "the flow kong to cache on 6379 (Kong counts requests for its rate limits in the cache) is shut",
    chart_outside_its_range: "cert-manager v1.21.1 is for Kubernetes 1.33 to 1.36, not for 1.37",
    chart_whose_range_nobody_read_up: "kong 3.5.0 has no entry in CHARTS_ON_KUBERNETES",
    release_before_its_secrets: "uses Secret kong/kong-redis, which only release trust makes, and nothing says that it comes before",
    release_before_its_kinds: "trust (eks-platform) needs release external-secrets (eks-platform), and nothing says that it comes",
    release_that_outlives_its_function: "gives Helm 900 s, and its function has 900",
    stateful_release_that_is_rolled_back: "is atomic and has StatefulSet redpanda/redpanda: its immutable fields cannot be rolled back",
    binding_to_a_wrong_port: "names port 8444, which Service kong/kong-proxy has not",
    host_that_nobody_has: "names identity.internal.spotmusic.example, but neither Route 53 nor Cloud Map has it",
    rights_of_nobody: "gives rights to service account external-secrets/external-secrets, which no chart makes",
    kind_that_is_gone: "Kubernetes 1.36 has no policy/v1beta1 PodSecurityPolicy",
    version_of_a_custom_resource_that_is_gone: "kong-proxy-tls: cert-manager.io has no kind Certificate of version v1alpha2",
    word_that_kubernetes_does_not_know: "'maxUnavailible' was unexpected",
    variable_that_is_there_twice: ".spec.containers[0].env has KC_DB 2 times, which Helm 4 (server-side apply) refuses",
    pod_as_root: "rabbitmq/rabbitmq-server: rabbitmq: allowPrivilegeEscalation is not false",
    image_past_our_registry: "docker.io/library/rabbitmq:latest is not pulled through our registry",
}


@pytest.mark.parametrize("fault", list(FAULTS), ids=lambda fault: fault.__name__)
def test_seeded_fault_is_reported(fault: Callable[[RenderedCluster], list[str]], broken: RenderedCluster) -> None:
    found = fault(broken)
    assert [finding for finding in found if FAULTS[fault] in finding], found


MISSPELT: dict[str, tuple[str, tuple[str, ...]]] = {
    "kong has no value replicaCuont": ("kong", ("replicaCuont",)),
    "kong has no value proxy.tls.servicPort": ("kong", ("proxy", "tls", "servicPort")),
    "kube-prometheus-stack has no value prometheus.prometheusSpec.retentoin": ("monitoring", ("prometheus", "prometheusSpec", "retentoin")),
    "grafana has no value grafana.replcas": ("monitoring", ("grafana", "replcas")),
    "'replcas' was unexpected": ("redpanda", ("statefulset", "replcas")),
}


@pytest.mark.parametrize("complaint", list(MISSPELT))
def test_misspelt_value_is_reported(complaint: str, broken: RenderedCluster) -> None:
    name, path = MISSPELT[complaint]
    release = broken.releases[name]
    place: Any = release.values
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = 3
    assert [found for found in values.complaints(release) if complaint in found]

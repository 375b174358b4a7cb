"""Properties 103 to 105, as each component is told them: quorum, TLS on every way, volumes that are encrypted and kept."""

import json
from collections.abc import Callable
from typing import Any

import yaml

from tests.charts import transport
from tests.charts.platform import Platform
from tests.conftest import settings_of
from tests.helm_values import Json, leaves
from tests.own_schemas import problems

Deployed = Callable[[str], Platform]


def told(platform: Platform, chart: str) -> Json:
    return next(release.values for release in platform.releases.values() if release.chart == chart)


def made(platform: Platform, kind: str) -> list[Json]:
    return [manifest for _, manifest in platform.of_kind(kind)]


def test_brokers_keep_a_quorum_and_three_copies_of_every_event(deployed: Deployed, environment: str) -> None:
    values = told(deployed(environment), "redpanda")
    assert values["statefulset"]["replicas"] >= 3
    assert values["statefulset"]["replicas"] % 2 == 1
    assert values["config"]["cluster"]["default_topic_replications"] == values["config"]["cluster"]["minimum_topic_replications"] == 3
    assert values["rackAwareness"]["enabled"] is True


def test_brokers_take_nobody_without_tls_and_a_password(deployed: Deployed, environment: str) -> None:
    values = told(deployed(environment), "redpanda")
    assert values["tls"]["enabled"] is values["auth"]["sasl"]["enabled"] is True
    for name, listener in values["listeners"].items():
        external = listener["external"]["default"]
        assert not external.get("enabled", True) or external["tls"]["enabled"] is True, name
    assert values["listeners"]["http"]["enabled"] is False


def test_nodes_of_the_task_queues_keep_a_quorum_over_tls(deployed: Deployed, environment: str) -> None:
    platform = deployed(environment)
    (cluster,) = made(platform, "RabbitmqCluster")
    assert cluster["spec"]["replicas"] == 3
    assert cluster["spec"]["tls"]["disableNonTLSListeners"] is True
    assert cluster["spec"]["service"]["type"] == "ClusterIP"
    assert {queue["spec"]["type"] for queue in made(platform, "Queue")} <= {"quorum"}
    assert not [policy for policy in made(platform, "Policy") if "ha-mode" in policy["spec"]["definition"]]


def test_the_gateway_answers_over_tls_in_every_zone_and_has_no_administration(deployed: Deployed, environment: str) -> None:
    values = told(deployed(environment), "kong")
    assert values["autoscaling"]["minReplicas"] >= (3 if settings_of(environment).production else 2)
    assert values["proxy"]["http"]["enabled"] is False
    assert values["proxy"]["tls"]["enabled"] is True
    assert values["admin"]["enabled"] is values["manager"]["enabled"] is values["ingressController"]["enabled"] is False
    assert values["proxy"]["type"] == "ClusterIP"


def test_every_route_of_the_gateway_asks_for_a_token_or_is_public(deployed: Deployed, environment: str) -> None:
    config = json.loads(told(deployed(environment), "kong")["dblessConfig"]["config"])
    assert problems("kong", config) == []
    declared = {name for name, service in settings_of(environment).services.items() if service.route and service.public}
    assert {service["name"] for service in config["services"] if "public" in service.get("tags", [])} - {"keycloak"} == declared


def environment_of(values: Json) -> dict[str, Any]:
    return {variable["name"]: variable.get("value") for variable in yaml.safe_load(values["extraEnv"])}


def test_keycloak_has_a_twin_one_name_and_a_database_that_proves_who_it_is(deployed: Deployed, environment: str) -> None:
    values = told(deployed(environment), "keycloakx")
    variables, domain = environment_of(values), settings_of(environment).domain
    assert values["replicas"] >= 2
    assert values["http"]["internalScheme"] == "HTTPS"
    assert "sslMode=VERIFY_IDENTITY" in variables["KC_DB_URL_PROPERTIES"]
    if domain:
        assert variables["KC_HOSTNAME_STRICT"] == "true"
        assert variables["KC_HOSTNAME"] == f"https://{domain.name}/auth"
        assert domain.name not in variables["KC_HOSTNAME_ADMIN"]


def test_grafana_and_its_database_speak_tls(deployed: Deployed, environment: str) -> None:
    ini = told(deployed(environment), "kube-prometheus-stack")["grafana"]["grafana.ini"]
    assert ini["server"]["protocol"] == "https"
    assert ini["database"]["ssl_mode"] == "true"
    assert ini["auth.anonymous"]["enabled"] is False


def test_certificates_have_the_names_of_their_servers(platform: Platform) -> None:
    assert transport.findings(platform) == []


def test_every_certificate_of_the_platform_comes_from_its_own_authority(deployed: Deployed, environment: str) -> None:
    """The authority's own is the only one that signs itself."""
    issuers = {c["metadata"]["name"]: c["spec"]["issuerRef"]["name"] for c in made(deployed(environment), "Certificate")}
    assert {name for name, issuer in issuers.items() if issuer != "spotmusic-internal-ca"} == {"spotmusic-internal-ca"}


def test_nothing_is_told_to_trust_whatever_answers(deployed: Deployed, environment: str) -> None:
    words = ("insecureskipverify", "skip_tls_verify", "tls_skip_verify", "ssl_verify_none")
    found = [
        f"{name}: {path}"
        for name, release in deployed(environment).releases.items()
        for path, value in leaves(release.values)
        if any(word in path.lower() for word in words) and str(value).lower() == "true"
    ]
    # Within one pod: the sidecar calls Grafana beside it, whose certificate has the name of the Service.
    assert {finding for finding in found if not finding.startswith("monitoring: grafana.sidecar.")} == set()


def test_volumes_are_encrypted_with_our_key_kept_and_made_where_their_pod_is(deployed: Deployed, environment: str) -> None:
    (found,) = made(deployed(environment), "StorageClass")
    assert found["parameters"]["type"] == "gp3"
    assert found["parameters"]["encrypted"] == "true"
    assert found["parameters"]["kmsKeyId"]
    assert (found["reclaimPolicy"], found["volumeBindingMode"], found["allowVolumeExpansion"]) == ("Retain", "WaitForFirstConsumer", True)
    # A volume cannot move to another provisioner.
    assert found["provisioner"] == "ebs.csi.eks.amazonaws.com"

import json
from typing import Any

import aws_cdk as cdk
import pytest

from spotmusic_cdk import versions
from spotmusic_constructs.streaming.redpanda import Redpanda
from tests.conftest import new_stack
from tests.helm_values import LARGEST_VALUES, REGISTRY, Images, arn_of, cluster_in, releases, secret_in
from tests.model.values import Json
from tests.own_schemas import problems

HOST = "brokers.internal.spotmusic.example"


def redpanda_in(stack: cdk.Stack, **changes: Any) -> Redpanda:
    arguments: Json = {
        "cluster": cluster_in(stack),
        "chart": versions.REDPANDA,
        "images": Images(),
        "admin": secret_in(stack, "admin"),
        "users": {name: secret_in(stack, name) for name in ("web-api", "trends")},
        "host": HOST,
    }
    return Redpanda(stack, "Redpanda", **{**arguments, **changes})


@pytest.fixture(scope="module")
def stack() -> cdk.Stack:
    return new_stack()


@pytest.fixture(scope="module")
def redpanda(stack: cdk.Stack) -> Redpanda:
    return redpanda_in(stack, brokers=5, cpu=4, memory_gib=16, storage_gib=500)


@pytest.fixture(scope="module")
def release(stack: cdk.Stack, redpanda: Redpanda) -> Json:
    assert redpanda
    return releases(stack)["redpanda"]


@pytest.fixture(scope="module")
def values(release: Json) -> Json:
    return dict(release["Values"])


def pod(values: Json) -> Json:
    return dict(values["statefulset"]["podTemplate"]["spec"])


def test_redpanda_release_is_not_rolled_back(release: Json) -> None:
    assert not release.get("Atomic")
    assert release["Timeout"] == "780s"


def test_redpanda_advertises_port_per_broker(values: Json) -> None:
    listener = values["listeners"]["kafka"]["external"]["default"]
    assert values["external"]["addresses"] == [HOST]
    assert listener["port"] == 9094
    assert listener["advertisedPorts"] == [9100, 9101, 9102, 9103, 9104]


def test_redpanda_opens_no_other_external_listener(values: Json) -> None:
    assert values["external"]["service"] == {"enabled": False}
    for listener in ("admin", "http"):
        assert values["listeners"][listener]["external"]["default"] == {"enabled": False}
    assert values["listeners"]["http"]["enabled"] is False
    assert values["console"]["enabled"] is False


def test_kafka_listeners_require_sasl_and_tls(values: Json) -> None:
    kafka = values["listeners"]["kafka"]
    assert values["tls"]["enabled"] is values["auth"]["sasl"]["enabled"] is True
    assert kafka["authenticationMethod"] == kafka["external"]["default"]["authenticationMethod"] == "sasl"
    assert kafka["external"]["default"]["tls"] == {"enabled": True, "cert": "external", "requireClientAuth": False}


def test_schema_registry_requires_password_and_tls(values: Json) -> None:
    registry = values["listeners"]["schemaRegistry"]
    outside = registry["external"]["default"]
    assert registry["authenticationMethod"] == outside["authenticationMethod"] == "http_basic"
    assert outside["port"] == 8084
    assert outside["tls"] == {"enabled": True, "cert": "external", "requireClientAuth": False}


def test_redpanda_measures_consumer_lag(values: Json) -> None:
    assert "consumer_lag" in values["config"]["cluster"]["enable_consumer_group_metrics"]


def test_internal_certificate_uses_internal_authority(values: Json) -> None:
    certificate = values["tls"]["certs"]["default"]
    assert certificate["applyInternalDNSNames"] is True
    assert certificate["issuerRef"] == {"group": "cert-manager.io", "kind": "ClusterIssuer", "name": "spotmusic-internal-ca"}


def test_external_certificate_names_client_host(redpanda: Redpanda, values: Json) -> None:
    (certificate,) = redpanda.certificates
    assert certificate.dns_names == (HOST,)
    assert values["tls"]["certs"]["external"]["secretRef"] == {"name": certificate.name}


def test_redpanda_users_come_from_secrets(redpanda: Redpanda, values: Json) -> None:
    users = next(secret for secret in redpanda.external_secrets if secret.name == values["auth"]["sasl"]["secretRef"])
    assert users.template == {"users.txt": "web-api:{{ .web_api }}:SCRAM-SHA-512\ntrends:{{ .trends }}:SCRAM-SHA-512\n"}
    assert users.fields["web_api"].secret_arn == arn_of("web-api")


def test_redpanda_users_are_no_superusers(values: Json) -> None:
    """By default, the chart makes every user of the file a superuser without access rules."""
    (job,) = values["post_install_job"]["podTemplate"]["spec"]["containers"]
    assert "--no-set-superusers" in values["statefulset"]["sideCars"]["args"]
    assert job["command"][job["command"].index("--users-directory") + 1] == "/nobody"
    assert values["auth"]["sasl"]["users"] == []
    assert "superusers" not in values["config"]["cluster"]


def test_superuser_password_comes_from_admin_secret(redpanda: Redpanda, values: Json) -> None:
    reference = values["auth"]["sasl"]["bootstrapUser"]["secretKeyRef"]
    bootstrap = next(secret for secret in redpanda.external_secrets if secret.name == reference["name"])
    assert reference["key"] in bootstrap.keys
    assert bootstrap.fields["password"].secret_arn == arn_of("admin")


def test_redpanda_topics_survive_lost_zone(values: Json) -> None:
    cluster = values["config"]["cluster"]
    assert cluster["default_topic_replications"] == cluster["minimum_topic_replications"] == 3
    assert values["rackAwareness"] == {"enabled": True, "nodeAnnotation": "topology.kubernetes.io/zone"}


def test_redpanda_properties_match_schema(values: Json) -> None:
    assert problems("redpanda", values["config"]["cluster"]) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"auto_create_topic_enabled": False}, "'auto_create_topic_enabled' was unexpected"),
        ({"auto_create_topics_enabled": True}, "auto_create_topics_enabled: A misspelt name would become a topic"),
        ({"default_topic_replications": 1}, "default_topic_replications: Redpanda's own topics"),
        ({"enable_consumer_group_metrics": ["group"]}, "enable_consumer_group_metrics: Without consumer_lag"),
        ({"partition_autobalancing_mode": "continuous"}, "partition_autobalancing_mode: continuous is of the Enterprise edition"),
    ],
)
def test_redpanda_schema_names_invalid_property(values: Json, change: Json, expected: str) -> None:
    (problem,) = problems("redpanda", values["config"]["cluster"] | change)
    assert expected in problem


def test_brokers_have_own_nodes_and_zones(values: Json) -> None:
    spec = pod(values)
    (rule,) = spec["topologySpreadConstraints"]
    (term,) = spec["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert (rule["topologyKey"], rule["whenUnsatisfiable"]) == ("topology.kubernetes.io/zone", "DoNotSchedule")
    assert term["topologyKey"] == "kubernetes.io/hostname"
    assert rule["labelSelector"] == term["labelSelector"]
    assert spec["nodeSelector"] == {"karpenter.sh/nodepool": "brokers"}
    assert spec["tolerations"][0]["value"] == "brokers"
    assert values["statefulset"]["budget"] == {"maxUnavailable": 1}


def test_redpanda_containers_are_unprivileged(values: Json) -> None:
    assert values["tuning"] == {"tune_aio_events": False}
    spec = pod(values)
    for container in [*spec["containers"], *spec["initContainers"]]:
        assert container["securityContext"]["runAsNonRoot"] is True
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def test_redpanda_volume_is_configurable(values: Json) -> None:
    assert values["storage"]["persistentVolume"] == {"enabled": True, "size": "500Gi", "storageClass": "gp3"}


def test_redpanda_uses_no_enterprise_features(values: Json) -> None:
    cluster = values["config"]["cluster"]
    assert (cluster["partition_autobalancing_mode"], cluster["core_balancing_continuous"]) == ("node_add", False)
    assert values["storage"]["tiered"]["config"]["cloud_storage_enabled"] is False
    assert "enterprise" not in values


def test_broker_requests_equal_limits(values: Json) -> None:
    assert values["resources"] == {"requests": {"cpu": "4", "memory": "16Gi"}, "limits": {"cpu": "4", "memory": "16Gi"}}


def test_redpanda_metrics_use_verified_tls(values: Json) -> None:
    assert values["monitoring"]["enabled"] is True
    assert values["monitoring"]["tlsConfig"]["ca"]["secret"] == {"name": "redpanda-default-cert", "key": "ca.crt"}


def test_redpanda_images_use_own_registry(values: Json) -> None:
    stateful = values["statefulset"]
    for image in (values["image"], stateful["sideCars"]["image"], stateful["initContainerImage"]):
        assert image["repository"].startswith(f"{REGISTRY}/")
        assert image["tag"] not in {"", "latest"}


def test_redpanda_values_fit_into_event(values: Json) -> None:
    assert len(json.dumps(values).encode()) < LARGEST_VALUES


@pytest.mark.parametrize("brokers", [2, 4])
def test_redpanda_rejects_even_broker_count(brokers: int) -> None:
    with pytest.raises(ValueError, match="quorum"):
        redpanda_in(new_stack(), brokers=brokers)


def test_redpanda_rejects_too_little_memory() -> None:
    with pytest.raises(ValueError, match="2 GiB per core"):
        redpanda_in(new_stack(), cpu=4, memory_gib=4)

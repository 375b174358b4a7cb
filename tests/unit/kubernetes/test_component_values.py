import pytest

from spotmusic_constructs.kubernetes.certificate import Certificate, service_names
from spotmusic_constructs.kubernetes.external_secret import ExternalSecret, SecretField
from spotmusic_constructs.kubernetes.images import images_of
from spotmusic_constructs.kubernetes.pod import HOST, apart, resources, spread
from tests.helm_values import Images

PASSWORD = SecretField(secret_arn="arn:aws:secretsmanager:sa-east-1:111122223333:secret:one-AbCdEf", field="password")


class Chart:
    name, version, repository = "chart", "1.2.3", "https://charts.example.com"

    def __init__(self, **images: str) -> None:
        self.images = images


def test_external_secret_keys_default_to_fields() -> None:
    secret = ExternalSecret(namespace="kong", name="redis", fields={"password": PASSWORD})
    assert secret.keys == {"password"}
    assert secret.to_values() == {
        "namespace": "kong",
        "name": "redis",
        "data": [{"secretKey": "password", "remoteRef": {"key": PASSWORD.secret_arn, "property": "password"}}],
        "template": {},
        "labels": {},
    }


def test_external_secret_template_defines_keys() -> None:
    secret = ExternalSecret(namespace="a", name="b", fields={"password": PASSWORD}, template={"conf": "pass = {{ .password }}"})
    assert secret.keys == {"conf"}


def test_certificate_contains_service_names() -> None:
    certificate = Certificate(namespace="kong", name="tls", dns_names=service_names("proxy", "kong"))
    assert certificate.to_values() == {
        "namespace": "kong",
        "name": "tls",
        "dnsNames": ["proxy.kong.svc", "proxy.kong.svc.cluster.local"],
    }


def test_headless_service_names_include_pods() -> None:
    assert "*.nodes.mq.svc.cluster.local" in service_names("nodes", "mq", pods=True)


def test_image_name_is_split() -> None:
    image = images_of(Chart(main="quay.io/keycloak/keycloak:26.8.2"), Images())["main"]
    assert (image.repository, image.tag) == ("quay/keycloak/keycloak", "26.8.2")
    assert image.name == f"{image.registry}/{image.repository}"


def test_image_without_tag_is_rejected() -> None:
    with pytest.raises(ValueError, match="exact tag"):
        images_of(Chart(main="quay.io/keycloak"), Images())


def test_spread_defaults_to_zones() -> None:
    rule = spread({"app": "kong"})
    assert rule["topologyKey"] == "topology.kubernetes.io/zone"
    assert rule["nodeTaintsPolicy"] == "Honor"
    assert spread({"app": "kong"}, over=HOST)["topologyKey"] == "kubernetes.io/hostname"


def test_zone_spread_has_minimum_domains() -> None:
    assert spread({"app": "kong"})["minDomains"] == 2
    assert spread({"app": "broker"}, zones=3)["minDomains"] == 3
    assert "minDomains" not in spread({"app": "kong"}, over=HOST)


def test_anti_affinity_is_required() -> None:
    assert "requiredDuringSchedulingIgnoredDuringExecution" in str(apart({"app": "kong"}))


def test_resources_limit_memory_only() -> None:
    assert resources(cpu="100m", memory="128Mi") == {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "128Mi"}}

import json
from typing import Any

import aws_cdk as cdk
import pytest
import yaml

from spotmusic_cdk import versions
from spotmusic_constructs.data.rds_ca import rds_ca
from spotmusic_constructs.identity.keycloak import Keycloak
from tests.conftest import new_stack
from tests.helm_values import LARGEST_VALUES, REGISTRY, Images, arn_of, cluster_in, releases, secret_in
from tests.model.values import Json

SET_BY_THE_CHART = {"KC_DB", "KC_DB_URL_HOST", "KC_DB_URL_PORT", "KC_HTTP_RELATIVE_PATH", "KC_PROXY_HEADERS", "KC_HEALTH_ENABLED"} | {
    "KC_METRICS_ENABLED",
    "KC_CACHE",
    "KC_CACHE_STACK",
    "KC_HTTP_ENABLED",
}


def keycloak_in(stack: cdk.Stack, **changes: Any) -> Keycloak:
    arguments: Json = {
        "cluster": cluster_in(stack),
        "chart": versions.KEYCLOAK,
        "images": Images(),
        "public_url": "https://spotmusic.example",
        "realm": "spotmusic",
        "database_host": "identity.rds.example.com",
        "database_port": 3306,
        "database_ca": rds_ca("sa-east-1"),
        "database_user": secret_in(stack, "database"),
        "admin": secret_in(stack, "admin"),
        "automation": secret_in(stack, "automation"),
        "vpc_cidr": "10.40.0.0/16",
    }
    return Keycloak(stack, "Keycloak", **{**arguments, **changes})


@pytest.fixture(scope="module")
def stack() -> cdk.Stack:
    return new_stack()


@pytest.fixture(scope="module")
def keycloak(stack: cdk.Stack) -> Keycloak:
    return keycloak_in(stack, replicas=3)


@pytest.fixture(scope="module")
def release(stack: cdk.Stack, keycloak: Keycloak) -> Json:
    assert keycloak
    return releases(stack)["keycloak"]


@pytest.fixture(scope="module")
def values(release: Json) -> Json:
    return dict(release["Values"])


def variables(values: Json) -> Json:
    return {variable["name"]: variable.get("value", variable.get("valueFrom")) for variable in yaml.safe_load(values["extraEnv"])}


def manifest(values: Json, name: str) -> Json:
    return next(item for item in values["extraManifests"] if item["metadata"]["name"] == name)


def test_keycloak_release_is_not_rolled_back(release: Json) -> None:
    assert not release.get("Atomic")


def test_keycloak_hostname_is_public_url(values: Json) -> None:
    environment = variables(values)
    assert environment["KC_HOSTNAME"] == "https://spotmusic.example/auth"
    assert environment["KC_HOSTNAME_STRICT"] == "true"
    assert values["http"]["relativePath"] == "/auth"


def test_keycloak_console_has_no_public_hostname(values: Json) -> None:
    assert variables(values)["KC_HOSTNAME_ADMIN"] == "https://localhost:8443/auth"


def test_hostname_is_strict_without_domain() -> None:
    stack = new_stack()
    keycloak_in(stack, public_url="http://gateway.dev.spotmusic.internal")
    environment = variables(releases(stack)["keycloak"]["Values"])
    assert environment["KC_HOSTNAME"] == "http://gateway.dev.spotmusic.internal/auth"
    assert environment["KC_HOSTNAME_STRICT"] == "true"


def test_realm_import_uses_service_account(values: Json) -> None:
    environment = variables(values)
    assert environment["KC_BOOTSTRAP_ADMIN_CLIENT_ID"]["secretKeyRef"]["key"] == "automation_id"
    assert environment["KC_BOOTSTRAP_ADMIN_CLIENT_SECRET"]["secretKeyRef"]["key"] == "automation_secret"


def test_keycloak_verifies_database_certificate(values: Json) -> None:
    environment = variables(values)
    assert "sslMode=VERIFY_IDENTITY" in environment["KC_DB_URL_PROPERTIES"]
    assert "KC_DB_URL" not in environment  # Keycloak ignores KC_DB_URL_PROPERTIES when KC_DB_URL is set.
    roots = manifest(values, "rds-ca")["data"]["ca.pem"]
    assert roots.count("BEGIN CERTIFICATE") == 3
    mount = next(mount for mount in yaml.safe_load(values["extraVolumeMounts"]) if mount["name"] == "rds-ca")
    assert environment["KC_DB_POOL_MAX_SIZE"] == "50"
    assert environment["KC_TRUSTSTORE_PATHS"] == f"{mount['mountPath']}/ca.pem"


def test_keycloak_variables_are_unique(values: Json) -> None:
    names = [variable["name"] for variable in yaml.safe_load(values["extraEnv"])]
    assert len(names) == len(set(names))
    assert not SET_BY_THE_CHART & set(names)


def test_keycloak_passwords_come_from_external_secret(keycloak: Keycloak, values: Json) -> None:
    (secret,) = keycloak.external_secrets
    references = [value["secretKeyRef"] for value in variables(values).values() if isinstance(value, dict)]
    assert {reference["name"] for reference in references} == {secret.name}
    assert {reference["key"] for reference in references} == secret.keys
    assert secret.fields["admin_password"].secret_arn == arn_of("admin")
    assert secret.fields["automation_secret"].secret_arn == arn_of("automation")
    assert secret.fields["database_password"].secret_arn == arn_of("database")


def test_keycloak_serves_tls_only(keycloak: Keycloak, values: Json) -> None:
    assert values["proxy"]["http"] == {"enabled": False}
    assert values["http"]["internalScheme"] == "HTTPS"
    (certificate,) = keycloak.certificates
    assert keycloak.url.split("//")[1].split(":")[0] in certificate.dns_names
    volume = next(volume for volume in yaml.safe_load(values["extraVolumes"]) if volume["name"] == "tls")
    assert volume["secret"] == {"secretName": certificate.name}


def test_keycloak_trusts_proxies_in_vpc_only(values: Json) -> None:
    assert values["proxy"]["mode"] == "xforwarded"
    assert variables(values)["KC_PROXY_TRUSTED_ADDRESSES"] == "10.40.0.0/16"


def test_keycloak_pods_have_own_zones_and_hosts(values: Json) -> None:
    (rule,) = yaml.safe_load(values["topologySpreadConstraints"])
    (term,) = json.loads(values["affinity"])["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert (rule["topologyKey"], rule["whenUnsatisfiable"]) == ("topology.kubernetes.io/zone", "DoNotSchedule")
    assert term["labelSelector"] == rule["labelSelector"]
    assert values["replicas"] == 3
    assert values["podDisruptionBudget"] == {"maxUnavailable": 1}


def test_keycloak_start_imports_no_realm(values: Json) -> None:
    assert values["command"] == ["/opt/keycloak/bin/kc.sh", "start"]


def test_jwks_uri_uses_keycloak_service_name(keycloak: Keycloak) -> None:
    assert keycloak.jwks_uri == f"{keycloak.url}/auth/realms/spotmusic/protocol/openid-connect/certs"


def test_keycloak_image_uses_own_registry(values: Json) -> None:
    assert values["image"]["repository"].startswith(f"{REGISTRY}/")
    assert values["image"]["tag"] == "26.8.2"


def test_keycloak_values_fit_into_event(values: Json) -> None:
    assert len(json.dumps(values).encode()) < LARGEST_VALUES

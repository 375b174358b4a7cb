"""Keycloak's values; P-100, P-103 and P-104 decide restrictions, placement, TLS and host names."""

import pytest
import yaml

from spotmusic_cdk import versions
from spotmusic_constructs.data.rds_ca import rds_ca
from spotmusic_constructs.identity.keycloak import Keycloak
from tests.conftest import new_stack
from tests.helm_values import Images, cluster_in, secret_in, values_of
from tools.model.values import Json

SET_BY_THE_CHART = {
    "KC_CACHE",
    "KC_CACHE_STACK",
    "KC_DB",
    "KC_DB_URL",  # if set, Keycloak ignores KC_DB_URL_PROPERTIES
    "KC_DB_URL_HOST",
    "KC_DB_URL_PORT",
    "KC_HEALTH_ENABLED",
    "KC_HTTP_ENABLED",
    "KC_HTTP_RELATIVE_PATH",
    "KC_METRICS_ENABLED",
    "KC_PROXY_HEADERS",
}


@pytest.fixture(scope="module")
def values() -> Json:
    stack = new_stack()
    keycloak = Keycloak(
        stack,
        "Keycloak",
        cluster=cluster_in(stack),
        chart=versions.KEYCLOAK,
        images=Images(),
        public_url="https://spotmusic.example",
        realm_name="spotmusic",
        database_host="identity.rds.example.com",
        database_port=3306,
        database_ca=rds_ca("sa-east-1"),
        database_user=secret_in(stack, "database"),
        admin=secret_in(stack, "admin"),
        automation=secret_in(stack, "automation"),
        vpc_cidr="10.40.0.0/16",
        replicas=3,
    )
    keys = f"{keycloak.url}/auth/realms/spotmusic/protocol/openid-connect/certs"
    assert keycloak.jwks_uri == keys
    return values_of(stack, "keycloak")


@pytest.fixture(scope="module")
def variables(values: Json) -> Json:
    return {
        variable["name"]: variable.get("value", variable.get("valueFrom"))
        for variable in yaml.safe_load(values["extraEnv"])
    }


def test_realm_import_uses_service_account(variables: Json) -> None:
    assert variables["KC_BOOTSTRAP_ADMIN_CLIENT_ID"]["secretKeyRef"]["key"] == "automation_id"
    found = variables["KC_BOOTSTRAP_ADMIN_CLIENT_SECRET"]["secretKeyRef"]["key"]
    assert found == "automation_secret"


def test_keycloak_trusts_roots_of_database(values: Json, variables: Json) -> None:
    (roots,) = (
        manifest["data"]["ca.pem"]
        for manifest in values["extraManifests"]
        if manifest["metadata"]["name"] == "rds-ca"
    )
    (mount,) = (
        mount for mount in yaml.safe_load(values["extraVolumeMounts"]) if mount["name"] == "rds-ca"
    )
    assert roots == rds_ca("sa-east-1")
    assert variables["KC_TRUSTSTORE_PATHS"] == f"{mount['mountPath']}/ca.pem"


def test_keycloak_pods_are_bounded(values: Json, variables: Json) -> None:
    assert values["replicas"] == 3
    assert variables["KC_DB_POOL_MAX_SIZE"] == "50"


def test_keycloak_replaces_pods_that_cannot_start(values: Json) -> None:
    """With ordered updates, a StatefulSet waits for such a pod instead of replacing it
    (kubernetes.io, StatefulSets, Forced rollback).
    """
    assert values["podManagementPolicy"] == "Parallel"


def test_keycloak_may_change_tables_for_longer_than_it_starts(values: Json) -> None:
    """/health, the default of the chart, fails until Keycloak is ready."""
    probe = yaml.safe_load(values["startupProbe"])["httpGet"]
    assert probe["path"] == "/auth/health/started"


def test_keycloak_variables_are_unique(values: Json) -> None:
    names = [variable["name"] for variable in yaml.safe_load(values["extraEnv"])]
    assert len(names) == len(set(names))
    assert not SET_BY_THE_CHART & set(names)


def test_keycloak_trusts_proxies_in_vpc_only(values: Json, variables: Json) -> None:
    assert values["proxy"]["mode"] == "xforwarded"
    assert variables["KC_PROXY_TRUSTED_ADDRESSES"] == "10.40.0.0/16"


def test_keycloak_start_imports_no_realm(values: Json) -> None:
    assert values["command"] == ["/opt/keycloak/bin/kc.sh", "start"]

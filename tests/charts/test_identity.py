"""Issuer, clients and keys of the realm in Keycloak, the gateway and services."""

import json
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
import yaml

from tests.charts import policies
from tests.own_schemas import problems
from tools.checkout import settings_of
from tools.model.cluster import RenderedCluster
from tools.model.values import Json


@pytest.fixture(scope="module")
def own(environment: str, deployed: Callable[[str], RenderedCluster]) -> RenderedCluster:
    return deployed(environment)


def gateway(platform: RenderedCluster) -> Json:
    return dict(json.loads(platform.releases["kong"].values["dblessConfig"]["config"]))


def checks(platform: RenderedCluster) -> list[Json]:
    services = gateway(platform)["services"]
    return [
        plugin["config"]
        for service in services
        for plugin in service["plugins"]
        if plugin["name"] == "realm-token"
    ]


def realms(platform: RenderedCluster) -> Json:
    return dict(platform.releases["realm"].values["realms"])


def test_keycloak_gateway_and_services_share_issuer(own: RenderedCluster) -> None:
    variables = {
        item["name"]: item.get("value")
        for item in yaml.safe_load(own.releases["keycloak"].values["extraEnv"])
    }
    assert variables["KC_HOSTNAME_STRICT"] == "true"
    keycloak = (
        f"{variables['KC_HOSTNAME']}/realms/{own.releases['realm'].values['keyRotation']['realm']}"
    )
    found = [parameter["Properties"] for _, _, parameter in own.resources("AWS::SSM::Parameter")]
    parameters = {
        parameter["Name"]: parameter["Value"] for parameter in found if "Name" in parameter
    }
    assert (
        {check["issuer"] for check in checks(own)}
        == {keycloak}
        == {parameters[f"/spotmusic/{own.environment}/identity/issuer"]}
    )


def test_gateway_checks_tokens_of_private_routes(own: RenderedCluster) -> None:
    tags = {service["name"]: service.get("tags", []) for service in gateway(own)["services"]}
    declared = {
        name: service
        for name, service in settings_of(own.environment).services.items()
        if service.route
    }
    assert tags.keys() == {*declared, "keycloak"}
    assert {name for name, found in tags.items() if "public" in found} == {
        "keycloak",
        *(n for n, s in declared.items() if s.public),
    }


def test_gateway_admits_public_realm_clients(own: RenderedCluster) -> None:
    public = {
        client["clientId"]
        for client in realms(own)["spotmusic.json"]["clients"]
        if client.get("publicClient")
    }
    assert all(set(check["clients"]) == public for check in checks(own))


def ports_of_others(realm: Json) -> set[int]:
    """Ports of the mail server and of identity providers for Keycloak."""
    mail = {int(realm["smtpServer"]["port"])} if "smtpServer" in realm else set()
    called = [
        provider["config"].get(key, "https://known")
        for provider in realm["identityProviders"]
        for key in ("tokenUrl", "jwksUrl")
    ]
    return mail | {urlsplit(url).port or 443 for url in called}


def test_keycloak_egress_matches_its_realm(own: RenderedCluster) -> None:
    allowed = policies.allowed(own, settings_of(own.environment))
    out = {
        (first, last)
        for _, party, peer, first, last in allowed
        if (party, peer) == ("keycloak", "the Internet")
    }
    assert out == {(port, port) for port in ports_of_others(realms(own)["spotmusic.json"])}


def test_new_keys_sign_after_gateway_refresh(own: RenderedCluster) -> None:
    published = own.releases["realm"].values["keyRotation"]["publishedSeconds"]
    assert all(published >= 2 * check["refresh_seconds"] for check in checks(own))


def test_login_redirects_stay_on_known_addresses(own: RenderedCluster) -> None:
    settings = settings_of(own.environment)
    for client in realms(own)["spotmusic.json"]["clients"]:
        at_home = client["clientId"] == "grafana" or settings.domain is None
        for redirect in client.get("redirectUris", []):
            local = redirect.startswith(("http://localhost:", "https://localhost:"))
            assert redirect.startswith(f"{settings.public_url}/") or (local and at_home), redirect


def test_deployed_values_match_own_schemas(own: RenderedCluster) -> None:
    assert problems("kong", gateway(own)) == []
    assert [problem for realm in realms(own).values() for problem in problems("realm", realm)] == []

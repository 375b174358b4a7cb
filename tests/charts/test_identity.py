"""Issuer, clients and keys of the realm in Keycloak, the gateway and services."""

import json
from urllib.parse import urlsplit

import yaml

from tests.charts import policies
from tests.own_schemas import problems
from tools.checkout import settings_of
from tools.model.cluster import RenderedCluster
from tools.model.values import Json


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


def test_keycloak_gateway_and_services_share_issuer(known: RenderedCluster) -> None:
    variables = {
        item["name"]: item.get("value")
        for item in yaml.safe_load(known.releases["keycloak"].values["extraEnv"])
    }
    assert variables["KC_HOSTNAME_STRICT"] == "true"
    realm = known.releases["realm"].values["keyRotation"]["realm"]
    keycloak = f"{variables['KC_HOSTNAME']}/realms/{realm}"
    found = [parameter["Properties"] for _, _, parameter in known.resources("AWS::SSM::Parameter")]
    parameters = {
        parameter["Name"]: parameter["Value"] for parameter in found if "Name" in parameter
    }
    assert (
        {check["issuer"] for check in checks(known)}
        == {keycloak}
        == {parameters[f"/spotmusic/{known.environment}/identity/issuer"]}
    )


def test_gateway_checks_tokens_of_private_routes(known: RenderedCluster) -> None:
    tags = {service["name"]: service.get("tags", []) for service in gateway(known)["services"]}
    declared = {
        name: service
        for name, service in settings_of(known.environment).services.items()
        if service.route
    }
    assert tags.keys() == {*declared, "keycloak"}
    assert {name for name, found in tags.items() if "public" in found} == {
        "keycloak",
        *(n for n, s in declared.items() if s.public),
    }


def test_gateway_admits_public_realm_clients(known: RenderedCluster) -> None:
    public = {
        client["clientId"]
        for client in realms(known)["spotmusic.json"]["clients"]
        if client.get("publicClient")
    }
    assert all(set(check["clients"]) == public for check in checks(known))


def ports_of_others(realm: Json) -> set[int]:
    """Ports of the mail server and of identity providers for Keycloak."""
    mail = {int(realm["smtpServer"]["port"])} if "smtpServer" in realm else set()
    called = [
        provider["config"].get(key, "https://known")
        for provider in realm["identityProviders"]
        for key in ("tokenUrl", "jwksUrl")
    ]
    return mail | {urlsplit(url).port or 443 for url in called}


def test_keycloak_egress_matches_its_realm(known: RenderedCluster) -> None:
    allowed = policies.allowed(known, settings_of(known.environment))
    out = {
        (first, last)
        for _, party, peer, first, last in allowed
        if (party, peer) == ("keycloak", "the Internet")
    }
    assert out == {(port, port) for port in ports_of_others(realms(known)["spotmusic.json"])}


def test_new_keys_sign_after_gateway_refresh(known: RenderedCluster) -> None:
    published = known.releases["realm"].values["keyRotation"]["publishedSeconds"]
    assert all(published >= 2 * check["refresh_seconds"] for check in checks(known))


def test_login_redirects_stay_on_known_addresses(known: RenderedCluster) -> None:
    settings = settings_of(known.environment)
    for client in realms(known)["spotmusic.json"]["clients"]:
        at_home = client["clientId"] == "grafana" or settings.domain is None
        for redirect in client.get("redirectUris", []):
            local = redirect.startswith(("http://localhost:", "https://localhost:"))
            assert redirect.startswith(f"{settings.public_url}/") or (local and at_home), redirect


def test_deployed_values_match_own_schemas(known: RenderedCluster) -> None:
    assert problems("kong", gateway(known)) == []
    assert [
        problem for realm in realms(known).values() for problem in problems("realm", realm)
    ] == []

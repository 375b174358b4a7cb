from typing import Any

import pytest

from spotmusic_constructs.identity.realm import Realm

Json = dict[str, Any]


@pytest.fixture(scope="module")
def realm() -> Json:
    return Realm(web_redirects=["https://spotmusic.example/callback"], grafana_url="https://grafana.example").to_import()


def client(realm: Json, client_id: str) -> Json:
    return next(client for client in realm["clients"] if client["clientId"] == client_id)


def test_a_password_is_long_and_guessing_it_locks_the_account(realm: Json) -> None:
    assert realm["passwordPolicy"].startswith("length(12)")
    assert realm["bruteForceProtected"] is True
    assert realm["failureFactor"] == 10


def test_a_second_factor_can_be_set_up(realm: Json) -> None:
    assert (realm["otpPolicyType"], realm["otpPolicyDigits"], realm["otpPolicyPeriod"]) == ("totp", 6, 30)


def test_a_token_lives_five_minutes_and_a_refresh_token_works_once(realm: Json) -> None:
    assert realm["accessTokenLifespan"] == 300
    assert (realm["revokeRefreshToken"], realm["refreshTokenMaxReuse"]) == (True, 0)


def test_tokens_are_signed_as_the_gateway_checks_them(realm: Json) -> None:
    assert realm["defaultSignatureAlgorithm"] == "RS256"


def test_logins_get_back_to_exact_addresses_only(realm: Json) -> None:
    assert not [address for client in realm["clients"] for address in client["redirectUris"] if "*" in address]


def test_every_client_proves_that_it_asked(realm: Json) -> None:
    for found in realm["clients"]:
        assert found["attributes"]["pkce.code.challenge.method"] == "S256"
        assert found["directAccessGrantsEnabled"] is found["implicitFlowEnabled"] is False


def test_the_secret_of_grafana_is_a_reference(realm: Json) -> None:
    assert client(realm, "grafana")["secret"] == "${GRAFANA_CLIENT_SECRET}"
    assert "secret" not in client(realm, "web")


def test_roles_in_grafana_are_in_what_it_reads_of_a_user(realm: Json) -> None:
    (mapper,) = client(realm, "grafana")["protocolMappers"]
    assert mapper["config"]["userinfo.token.claim"] == mapper["config"]["id.token.claim"] == "true"


def test_tokens_of_the_player_are_for_the_web_api(realm: Json) -> None:
    (mapper,) = client(realm, "web")["protocolMappers"]
    assert mapper["config"]["included.custom.audience"] == "web-api"


def test_records_of_logins_are_kept_for_six_months(realm: Json) -> None:
    assert realm["eventsEnabled"] is True
    assert realm["eventsExpiration"] >= 180 * 24 * 3600


def test_without_grafana_there_is_no_client_for_it() -> None:
    realm: Json = Realm(web_redirects=["https://spotmusic.example/callback"]).to_import()
    assert [found["clientId"] for found in realm["clients"]] == ["web"]
    assert "roles" not in realm


@pytest.mark.parametrize(("required", "said"), [(True, "all"), (False, "none")])
def test_tls_is_required_unless_the_load_balancer_has_none(required: bool, said: str) -> None:
    assert Realm(tls_required=required).to_import()["sslRequired"] == said

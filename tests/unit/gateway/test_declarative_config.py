from typing import Any

import pytest

from spotmusic_constructs.gateway.declarative_config import (
    API_HEADERS,
    GatewayRoute,
    RateLimit,
    RealmKey,
    declarative_config,
)

Json = dict[str, Any]

PLAYBACK = GatewayRoute(service="playback", path="/v1/playback")
ADMIN = GatewayRoute(service="curation", path="/v1/playback/curation")
STATUS = GatewayRoute(service="status", path="/v1/status", public=True)
CACHE = "primary.cache.example.com"
BUNDLED = {"jwt", "response-transformer", "correlation-id", "rate-limiting", "request-size-limiting", "prometheus"}


def config(*routes: GatewayRoute, keys: tuple[RealmKey, ...] = ()) -> Json:
    return declarative_config(
        routes=routes,
        services_url="https://services.internal.spotmusic.example",
        login_url="https://keycloak-http.keycloak.svc.cluster.local:8443",
        realm="spotmusic",
        realm_keys=keys,
        rate_limit=RateLimit(requests_per_minute=600, host=CACHE),
    )


def service(found: Json, name: str) -> Json:
    return next(service for service in found["services"] if service["name"] == name)


def plugin(owner: Json, name: str) -> Json:
    return dict(next(plugin["config"] for plugin in owner["plugins"] if plugin["name"] == name))


def plugins(owner: Json) -> set[str]:
    return {plugin["name"] for plugin in owner["plugins"]}


def test_every_route_asks_for_a_token_unless_it_is_public() -> None:
    found = config(PLAYBACK, ADMIN, STATUS)
    asked = {service["name"] for service in found["services"] if "jwt" in plugins(service)}
    assert asked == {"playback", "curation"}


def test_the_only_services_without_a_token_are_public_routes_and_logins() -> None:
    found = config(PLAYBACK, STATUS)
    assert {service["name"] for service in found["services"] if "jwt" not in plugins(service)} == {"status", "keycloak"}


def test_a_token_is_read_from_the_header_only_and_must_expire_within_the_hour() -> None:
    token = plugin(service(config(PLAYBACK), "playback"), "jwt")
    assert token["key_claim_name"] == "kid"
    assert token["header_names"] == ["authorization"]
    assert token["uri_param_names"] == token["cookie_names"] == []
    assert token["claims_to_verify"] == ["exp"]
    assert token["maximum_expiration"] == 3600
    assert token["run_on_preflight"] is True
    assert "anonymous" not in token


def test_without_a_key_no_token_is_known_and_so_all_are_refused() -> None:
    (consumer,) = config(PLAYBACK)["consumers"]
    assert "jwt_secrets" not in consumer


def test_two_keys_are_good_side_by_side_so_that_the_realm_can_replace_one() -> None:
    keys = tuple(RealmKey(kid=kid, public_key_pem=f"-----BEGIN PUBLIC KEY-----\n{kid}\n-----END PUBLIC KEY-----") for kid in ("one", "two"))
    (consumer,) = config(PLAYBACK, keys=keys)["consumers"]
    assert [secret["key"] for secret in consumer["jwt_secrets"]] == ["one", "two"]
    assert {secret["algorithm"] for secret in consumer["jwt_secrets"]} == {"RS256"}


def test_the_longer_prefix_wins_and_a_prefix_ends_at_a_slash() -> None:
    found = config(PLAYBACK, ADMIN)
    (short,), (long,) = service(found, "playback")["routes"], service(found, "curation")["routes"]
    assert long["priority"] > short["priority"]
    assert short["expression"] == 'http.path == "/v1/playback" || http.path ^= "/v1/playback/"'


def test_logins_reach_one_realm_and_nothing_of_the_administration() -> None:
    (route,) = service(config(), "keycloak")["routes"]
    assert route["expression"] == 'http.path ^= "/auth/realms/spotmusic/" || http.path ^= "/auth/resources/"'


def test_no_route_is_left_without_an_expression() -> None:
    for found in config(PLAYBACK, ADMIN, STATUS)["services"]:
        assert all(route["expression"].startswith("http.path") for route in found["routes"])


def test_upstreams_with_tls_are_verified_by_their_own_name() -> None:
    for found in config(PLAYBACK)["services"]:
        assert found["tls_verify"] is True
        assert all(route["preserve_host"] is False for route in found["routes"])


def test_requests_are_counted_by_address_in_the_cache_over_verified_tls() -> None:
    limit = plugin(config(PLAYBACK), "rate-limiting")
    assert limit["limit_by"] == "ip"
    assert limit["minute"] == 600
    redis = limit["redis"]
    assert redis["host"] == redis["server_name"] == CACHE
    assert redis["ssl"] is redis["ssl_verify"] is True


def test_the_password_of_the_cache_is_a_reference_and_no_secret() -> None:
    assert plugin(config(PLAYBACK), "rate-limiting")["redis"]["password"] == "{vault://env/redis-password}"


def test_a_body_of_more_than_a_megabyte_is_refused() -> None:
    size = plugin(config(PLAYBACK), "request-size-limiting")
    assert (size["allowed_payload_size"], size["size_unit"]) == (1_000_000, "bytes")


def test_every_request_has_an_id_and_every_answer_of_the_api_has_security_headers() -> None:
    found = config(PLAYBACK)
    assert plugin(found, "correlation-id")["echo_downstream"] is True
    added = plugin(service(found, "playback"), "response-transformer")["add"]["headers"]
    assert [header.partition(":")[0] for header in added] == [header.partition(":")[0] for header in API_HEADERS]
    assert all(": " not in header.partition(";")[0] for header in added)


def test_only_plugins_that_the_open_source_edition_brings_are_used() -> None:
    found = config(PLAYBACK, STATUS)
    assert plugins(found).union(*(plugins(service) for service in found["services"])) <= BUNDLED


@pytest.mark.parametrize("path", ["/auth", "/v1/playback/", '/v1/"x', "v1"])
def test_a_path_that_is_no_prefix_of_the_api_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="prefix of the Web API"):
        config(GatewayRoute(service="odd", path=path))


def test_two_routes_with_one_path_are_refused() -> None:
    with pytest.raises(ValueError, match="/v1/playback"):
        config(PLAYBACK, GatewayRoute(service="other", path="/v1/playback"))

import copy
import re
from collections.abc import Callable

import pytest

from spotmusic_constructs.edge.web_acl_rules import LARGEST_BODY
from spotmusic_constructs.gateway.declarative_config import GatewayRoute, declarative_config
from spotmusic_constructs.gateway.plugins import API_HEADERS, RateLimit, TokenCheck
from tests.own_schemas import problems
from tools.model.values import Json

PLAYBACK = GatewayRoute(service="playback", path="/v1/playback")
ADMIN = GatewayRoute(service="curation", path="/v1/playback/curation")
STATUS = GatewayRoute(service="status", path="/v1/status", public=True)
CACHE = "primary.cache.example.com"
ISSUER = "https://spotmusic.example/auth/realms/spotmusic"
LOGIN = "https://keycloak-http.keycloak.svc.cluster.local:8443"


def config(*routes: GatewayRoute) -> Json:
    return declarative_config(
        routes=routes,
        services_url="https://services.internal.spotmusic.example",
        login_url=LOGIN,
        realm="spotmusic",
        public_url="https://spotmusic.example",
        tokens=TokenCheck(
            issuer=ISSUER, jwks_uri=f"{LOGIN}/auth/realms/spotmusic/protocol/openid-connect/certs"
        ),
        rate_limit=RateLimit(requests_per_minute=600, host=CACHE, port=6379),
    )


def service(found: Json, name: str) -> Json:
    return next(service for service in found["services"] if service["name"] == name)


def plugin(owner: Json, name: str) -> Json:
    return dict(next(plugin["config"] for plugin in owner["plugins"] if plugin["name"] == name))


def test_routes_require_token_unless_public() -> None:
    found = config(PLAYBACK, ADMIN, STATUS)
    asked = {
        service["name"]
        for service in found["services"]
        if any(plugin["name"] == "realm-token" for plugin in service["plugins"])
    }
    assert asked == {"playback", "curation"}


def test_upstreams_receive_public_address() -> None:
    assert plugin(config(PLAYBACK), "viewer-address") == {"scheme": "https", "port": 443}


def test_longer_route_prefix_wins() -> None:
    found = config(PLAYBACK, ADMIN)
    (short,), (long,) = service(found, "playback")["routes"], service(found, "curation")["routes"]
    assert long["priority"] > short["priority"]
    assert short["expression"] == 'http.path == "/v1/playback" || http.path ^= "/v1/playback/"'


def login_route(path: str) -> str | None:
    """Name of the first Keycloak route for a path, with normalized dots and doubled slashes."""
    for route in sorted(
        service(config(), "keycloak")["routes"], key=lambda route: -int(route["priority"])
    ):
        kind, pattern = re.fullmatch(
            r'http\.path (==|~) (?:r#)?"(.+)"#?', route["expression"]
        ).groups()  # type: ignore[union-attr]
        if path == pattern if kind == "==" else re.search(pattern, path):
            return str(route["name"])
    return None


@pytest.mark.parametrize(
    "path",
    [
        "/auth/realms/spotmusic/protocol/openid-connect/auth",
        "/auth/realms/spotmusic/protocol/openid-connect/token",
        "/auth/realms/spotmusic/protocol/openid-connect/certs",
        "/auth/realms/spotmusic/protocol/openid-connect/logout/logout-confirm",
        "/auth/realms/spotmusic/.well-known/openid-configuration",
        "/auth/realms/spotmusic/login-actions/authenticate",
        "/auth/realms/spotmusic/broker/google/endpoint",
        "/auth/realms/spotmusic/account/",
        "/auth/realms/spotmusic/account/account-security/signing-in",
        "/auth/realms/spotmusic/device",
        "/auth/resources/9t0rk/login/keycloak.v2/css/styles.css",
    ],
)
def test_login_paths_reach_keycloak(path: str) -> None:
    assert login_route(path)


@pytest.mark.parametrize(
    "path",
    [
        "/auth/",
        "/auth/admin/",
        "/auth/admin/master/console/",
        "/auth/;/admin",
        "/auth/realms/master/protocol/openid-connect/token",
        "/auth/realms/spotmusic",
        "/auth/realms/spotmusic/clients-registrations/openid-connect",
        "/auth/realms/spotmusic/account/..;/..;/..;/admin",
        "/auth/realms/spotmusic/account;x=y/",
        "/auth/realms/spotmusic/account/..%2f..%2fadmin",
        "/auth/realms/spotmusic/account%2F..%2F..%2Fadmin",
        "/auth/realms/spotmusic/account/%5C..%5Cadmin",
        "/auth/resources/..;/admin",
        "/auth/realms/spotmusicx/account/",
        "/auth/metrics",
        "/auth/health",
        "/x/auth/realms/spotmusic/account/",
    ],
)
def test_login_route_rejects_path_tricks(path: str) -> None:
    assert login_route(path) is None


def test_rate_limit_counts_by_subject() -> None:
    limit = plugin(config(PLAYBACK), "rate-limiting")
    assert limit["limit_by"] == "credential"  # Kong counts by address without a user
    assert limit["minute"] == 600
    redis = limit["redis"]
    assert redis["host"] == redis["server_name"] == CACHE
    assert redis["ssl"] is redis["ssl_verify"] is True


def test_kong_body_limit_equals_edge() -> None:
    size = plugin(config(PLAYBACK), "request-size-limiting")
    assert (size["allowed_payload_size"], size["size_unit"]) == (LARGEST_BODY, "bytes")


def test_logins_tokens_and_files_are_counted_apart() -> None:
    realm = "/auth/realms/spotmusic/protocol/openid-connect"
    paths = (f"{realm}/auth", f"{realm}/token", "/auth/resources/9t0rk/login/x.css")
    counted = {
        route["name"]: plugin(route, "rate-limiting")
        for route in service(config(), "keycloak")["routes"]
    }
    limits = [counted[str(login_route(path))] for path in paths]
    assert [limit["minute"] for limit in limits] == [1200, 1500, 5000]
    assert {limit["limit_by"] for limit in limits} == {"ip"}


def test_public_routes_count_addresses_of_many_listeners() -> None:
    limit = plugin(service(config(STATUS), "status"), "rate-limiting")
    assert (limit["limit_by"], limit["minute"]) == ("ip", 5000)


def test_api_answers_have_security_headers() -> None:
    added = plugin(service(config(PLAYBACK), "playback"), "response-transformer")["add"]["headers"]
    assert [header.partition(":")[0] for header in added] == [
        header.partition(":")[0] for header in API_HEADERS
    ]
    assert all(": " not in header.partition(";")[0] for header in added)


@pytest.mark.parametrize("path", ["/auth", "/v1/playback/", '/v1/"x', "v1"])
def test_route_rejects_path_outside_api(path: str) -> None:
    with pytest.raises(ValueError, match="not below the Web API"):
        config(GatewayRoute(service="odd", path=path))


def test_routes_with_equal_paths_are_rejected() -> None:
    with pytest.raises(ValueError, match="/v1/playback"):
        config(PLAYBACK, GatewayRoute(service="other", path="/v1/playback"))


def test_plugin_schema_accepts_configuration() -> None:
    assert problems("kong", config(PLAYBACK, ADMIN, STATUS)) == []


BROKEN: dict[str, tuple[Callable[[Json], object], str]] = {
    "a route without protection": (
        lambda c: c["services"][0]["plugins"].pop(0),
        (
            "services[playback]: its routes answer without a token. "
            "Add the plugin realm-token, or the tag public where that is meant."
        ),
    ),
    "a public route with a check": (
        lambda c: c["services"][0].update(tags=["public"]),
        "services[playback]: it is public and asks for a token. Keep one of the two.",
    ),
    "a wrong key of a plugin": (
        lambda c: c["services"][0]["plugins"][0]["config"].update(isuer="x"),
        (
            "services[playback].plugins[realm-token].config: "
            "Additional properties are not allowed ('isuer' was unexpected)"
        ),
    ),
    "a wrong key of a route": (
        lambda c: c["services"][0]["routes"][0].update(strippath=True),
        (
            "services[playback].routes[playback]: "
            "Additional properties are not allowed ('strippath' was unexpected)"
        ),
    ),
    "a check without an audience": (
        lambda c: c["services"][0]["plugins"][0]["config"].pop("audience"),
        "services[playback].plugins[realm-token].config: 'audience' is a required property",
    ),
    "a symmetric algorithm": (
        lambda c: c["services"][0]["plugins"][0]["config"]["algorithms"].append("HS256"),
        (
            "services[playback].plugins[realm-token].config.algorithms[1]: "
            "tokens are signed with keys of two halves only. Use RS256 or ES256."
        ),
    ),
    "keys read in clear": (
        lambda c: c["services"][0]["plugins"][0]["config"].update(jwks_uri="http://keycloak/certs"),
        "anyone on the way could replace the keys. Read them over https.",
    ),
    "a plugin that does not exist": (
        lambda c: c["plugins"].append({"name": "openid-connect", "config": {}}),
        "plugins[openid-connect].name: the project uses no plugin of this name. Correct it.",
    ),
    "requests that are not counted": (
        lambda c: c.update(
            plugins=[entry for entry in c["plugins"] if entry["name"] != "rate-limiting"]
        ),
        "plugins: requests are not counted. Add the plugin rate-limiting.",
    ),
    "pods that count alone": (
        lambda c: next(e for e in c["plugins"] if e["name"] == "rate-limiting")["config"].update(
            policy="local"
        ),
        "plugins[rate-limiting].config.policy: each pod would count separately. Use redis.",
    ),
    "a password": (
        lambda c: next(e for e in c["plugins"] if e["name"] == "rate-limiting")["config"][
            "redis"
        ].update(password="hunter2"),
        (
            "plugins[rate-limiting].config.redis.password: "
            "the configuration must not contain a password. Refer to it: {vault://env/…}."
        ),
    ),
    "an upstream that is not verified": (
        lambda c: c["services"][0].pop("tls_verify"),
        "services[playback]: the upstream's certificate is not verified. Add tls_verify: true.",
    ),
}


@pytest.mark.parametrize(("breaks", "expected"), BROKEN.values(), ids=BROKEN)
def test_plugin_schema_rejects_bad_configuration(
    breaks: Callable[[Json], object], expected: str
) -> None:
    broken = copy.deepcopy(config(PLAYBACK))
    breaks(broken)
    found = problems("kong", broken)
    assert [problem for problem in found if expected in problem], found

"""Kong's declarative configuration: routes, token checks and rate limits."""

from collections.abc import Sequence
from dataclasses import dataclass

from spotmusic_constructs.gateway.plugins import (
    API_HEADERS,
    LOGIN_HEADERS,
    RateLimit,
    TokenCheck,
    everywhere,
    headers,
)

PUBLIC = "public"
"""Tag of a service that requires no token. Without the tag, a token is required."""
LOGIN_PATHS = (
    "protocol/openid-connect",
    "login-actions",
    "broker",
    "account",
    "device",
    r"\.well-known",
)
"""Public paths of a realm. Client registration and administration paths are excluded."""

CONNECT_MS = 2_000
ANSWER_MS = 20_000
"""Milliseconds that Kong waits for a connection, and for an answer. It then returns an error with
the request id: the hops before it wait longer (docs/adr/0008-tokens-at-the-gateway.md,
tests/contracts/test_timeouts.py)."""


@dataclass(frozen=True, kw_only=True)
class GatewayRoute:
    """Path of the Web API and its service.

    Args:
        service: name of the service.
        path: path prefix, such as /v1/playback; it matches whole path segments.
        public: whether requests need no token.
    """

    service: str
    path: str
    public: bool = False


def declarative_config(
    *,
    routes: Sequence[GatewayRoute],
    services_url: str,
    login_url: str,
    realm: str,
    public_url: str,
    tokens: TokenCheck,
    rate_limit: RateLimit,
) -> dict[str, object]:
    """Return the content of kong.yml; the arguments are those of the construct `Kong`.

    Paths without a route return 404.

    Raises:
        ValueError: if two routes have the same path, or a path is not a prefix of the Web API.
    """
    paths = [route.path for route in routes]
    wrong = [
        path
        for path in paths
        if paths.count(path) > 1 or not path.startswith("/v") or path.endswith("/") or '"' in path
    ]
    if wrong:
        raise ValueError(
            f"routes: {', '.join(sorted(set(wrong)))} are duplicates or not below the Web API. "
            "Use unique paths such as /v1/name."
        )
    return {
        "_format_version": "3.0",
        "_transform": True,
        "services": [
            *(_api(route, services_url, tokens, rate_limit) for route in routes),
            _login(login_url, realm, rate_limit),
        ],
        "plugins": list(everywhere(rate_limit, public_url)),
    }


def _api(route: GatewayRoute, url: str, tokens: TokenCheck, limit: RateLimit) -> dict[str, object]:
    expression = f'http.path == "{route.path}" || http.path ^= "{route.path}/"'
    # The longest prefix wins, independent of the order of the list.
    entry = {**_route(route.service, expression), "priority": len(route.path)}
    plugins = [limit.of_address(limit.open_per_minute)] if route.public else [tokens.to_plugin()]
    return {
        **_service(route.service, url, public=route.public),
        "routes": [entry],
        "plugins": [*plugins, headers(API_HEADERS)],
    }


def _login(url: str, realm: str, limit: RateLimit) -> dict[str, object]:
    """Return the routes of a realm's logins and page files.

    The administration console and the master realm have no route. The rest of a path may contain
    only characters that Keycloak's addresses use. Kong resolves dots and double slashes before it
    matches, but not `;` and `%2F`, which Keycloak could interpret
    (/auth/realms/<realm>/account/..;/..;/..;/admin). Pages, tokens and files have separate rate
    limits, so that logins do not use up the tokens of others behind the same address.
    """
    rest = "(/[A-Za-z0-9._~-]+)*/?$"
    parts = {
        "keycloak": (
            1,
            rf'http.path ~ r#"^/auth/realms/{realm}/({"|".join(LOGIN_PATHS)}){rest}"#',
            limit.logins_per_minute,
        ),
        "keycloak-tokens": (
            2,
            f'http.path == "/auth/realms/{realm}/protocol/openid-connect/token"',
            limit.tokens_per_minute,
        ),
        "keycloak-files": (2, f'http.path ~ r#"^/auth/resources{rest}"#', limit.open_per_minute),
    }
    routes = [
        {
            **_route(name, expression),
            "priority": priority,
            "plugins": [limit.of_address(per_minute)],
        }
        for name, (priority, expression, per_minute) in parts.items()
    ]
    return {
        **_service("keycloak", url, public=True),
        "routes": routes,
        "plugins": [headers(LOGIN_HEADERS)],
    }


def _service(name: str, url: str, *, public: bool) -> dict[str, object]:
    tls = {"tls_verify": True, "tls_verify_depth": 5} if url.startswith("https") else {}
    tags = {"tags": [PUBLIC]} if public else {}
    # nginx repeats PUT and DELETE after a timeout, although the first attempt may have succeeded
    # (tests/engines/test_proxy.py).
    waits = {"connect_timeout": CONNECT_MS, "read_timeout": ANSWER_MS, "write_timeout": ANSWER_MS}
    return {"name": name, "url": url, "retries": 0, **waits, **tls, **tags}


def _route(name: str, expression: str) -> dict[str, object]:
    # Kong listens with TLS only. It treats a request as http when a load balancer without a
    # certificate forwarded it, so both protocols are listed. The Host must be the upstream's own,
    # because Kong verifies its certificate; X-Forwarded-Host holds the viewers' host.
    return {
        "name": name,
        "expression": expression,
        "protocols": ["http", "https"],
        "strip_path": False,
        "preserve_host": False,
    }

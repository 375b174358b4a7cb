"""Configuration of Kong plugins: custom ones for tokens and viewer addresses, and bundled ones."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from spotmusic_constructs.identity.clients import AUDIENCE, LISTENERS_CLIENTS

REALM_TOKEN = "realm-token"  # noqa: S105 name of a plugin
VIEWER_ADDRESS = "viewer-address"
REDIS_PASSWORD = "{vault://env/redis-password}"  # noqa: S105 reference that Kong resolves
LARGEST_BODY_BYTES = 65_536
"""The Web API accepts JSON; audio is uploaded to S3 directly. The web ACL rejects larger bodies
earlier (ADR 12)."""
LONGEST_TOKEN_SECONDS = 3600
"""Maximum accepted token lifetime. Keycloak's access tokens expire after five minutes."""
REFRESH_SECONDS = 300
"""Seconds that a revoked realm key is still accepted: the lifetime of the tokens that it signed."""

API_HEADERS = (
    "Strict-Transport-Security: max-age=63072000",
    "X-Content-Type-Options: nosniff",
    "X-Frame-Options: DENY",
    "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy: no-referrer",
    "Cache-Control: no-store",
)
"""Default response headers of the Web API; services may override them."""
LOGIN_HEADERS = API_HEADERS[:2]
"""Response headers of logins; Keycloak sets its own policy for its pages."""
TELLTALES = ["Server", "X-Powered-By", "Via"]

Plugin = Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class TokenCheck:
    """Requirements for access tokens.

    Args:
        issuer: public address of the realm, exactly as in tokens.
        jwks_uri: address of the realm's public keys, inside the cluster and with TLS.
        audience: required audience of the token.
        clients: clients of the realm that are accepted (claim `azp`).
    """

    issuer: str
    jwks_uri: str
    audience: str = AUDIENCE
    clients: Sequence[str] = LISTENERS_CLIENTS

    def to_plugin(self) -> Plugin:
        """Return the plugin, which reads the realm's keys when a token names an unknown one."""
        config = {
            "issuer": self.issuer,
            "jwks_uri": self.jwks_uri,
            "audience": self.audience,
            "clients": list(self.clients),
            "algorithms": ["RS256"],
            "longest_seconds": LONGEST_TOKEN_SECONDS,
            "refresh_seconds": REFRESH_SECONDS,
        }
        return plugin(REALM_TOKEN, config)


@dataclass(frozen=True, kw_only=True)
class RateLimit:
    """Request limits, counted in Redis for all pods together.

    Args:
        requests_per_minute: requests per minute and token subject.
        logins_per_minute: requests for login pages and forms per minute and address. A mobile
            network has 500 listeners behind one address; when all of them log in within five
            minutes, with twelve requests each, that is 1,200.
        tokens_per_minute: token requests and renewals per minute and address, counted separately so
            that logins do not end sessions: 500 returning listeners within one minute, with two
            retries each.
        open_per_minute: requests per minute and address for public routes and files of login pages;
            the web ACL allows 5,000.
        host: primary endpoint of the cache.
        port: TLS port of the cache.
    """

    requests_per_minute: int
    host: str
    port: int
    logins_per_minute: int = 1_200
    tokens_per_minute: int = 1_500
    open_per_minute: int = 5_000

    def to_plugin(self) -> Plugin:
        """Return the plugin of every route, which counts by token subject, or by address."""
        return self._counting("credential", self.requests_per_minute)

    def of_address(self, per_minute: int) -> Plugin:
        """Return the plugin of a service or route without tokens, with a separate counter."""
        return self._counting("ip", per_minute)

    def _counting(self, by: str, per_minute: int) -> Plugin:
        redis = {
            "host": self.host,
            "port": self.port,
            "username": "kong",
            "password": REDIS_PASSWORD,
            "database": 0,
            "ssl": True,
            "ssl_verify": True,
            "server_name": self.host,
            "timeout": 500,
        }
        config = {
            "minute": per_minute,
            "limit_by": by,
            "policy": "redis",
            "redis": redis,
            # Kong allows requests while the cache is unavailable: WAF limits addresses too, and an
            # outage would be worse than a burst.
            "fault_tolerant": True,
            "hide_client_headers": False,
        }
        return plugin("rate-limiting", config)


def headers(add: Sequence[str]) -> Plugin:
    """Return the plugin that adds security headers and removes headers that reveal software."""
    pairs = [header.replace(": ", ":", 1) for header in add]
    return plugin(
        "response-transformer", {"add": {"headers": pairs}, "remove": {"headers": TELLTALES}}
    )


def everywhere(rate_limit: RateLimit, public_url: str) -> Iterator[Plugin]:
    """Yield the plugins of every route."""
    address = urlsplit(public_url)
    port = address.port or {"http": 80, "https": 443}[address.scheme]
    yield plugin(VIEWER_ADDRESS, {"scheme": address.scheme, "port": port})
    yield plugin(
        "correlation-id",
        {"header_name": "X-Request-ID", "generator": "uuid", "echo_downstream": True},
    )
    yield rate_limit.to_plugin()
    size = {
        "allowed_payload_size": LARGEST_BODY_BYTES,
        "size_unit": "bytes",
        "require_content_length": False,
    }
    yield plugin("request-size-limiting", size)
    measures = ("status_code", "latency", "bandwidth", "upstream_health")
    yield plugin("prometheus", {f"{measure}_metrics": True for measure in measures})


def plugin(name: str, config: Mapping[str, object]) -> Plugin:
    """Return the declarative configuration of a plugin."""
    return {"name": name, "config": dict(config)}

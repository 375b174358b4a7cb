"""What each plugin of Kong is told: ours, which verify tokens and tell upstreams the viewer's address, and the bundled ones."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

REALM_TOKEN = "realm-token"  # noqa: S105 the name of a plugin
VIEWER_ADDRESS = "viewer-address"
REDIS_PASSWORD = "{vault://env/redis-password}"  # noqa: S105 a reference that Kong resolves from its environment
LARGEST_BODY_BYTES = 65_536
"""The Web API takes JSON; audio is uploaded to S3 directly. The web ACL refuses larger bodies before (ADR 12)."""
LONGEST_TOKEN_SECONDS = 3600
"""A token that claims to live longer is none of Keycloak's access tokens, which live five minutes."""
REFRESH_SECONDS = 300
"""How long a key that the realm took back still passes: as long as the tokens that it signed lived anyway."""

API_HEADERS = (
    "Strict-Transport-Security: max-age=63072000",
    "X-Content-Type-Options: nosniff",
    "X-Frame-Options: DENY",
    "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy: no-referrer",
    "Cache-Control: no-store",
)
"""Headers that an answer of the Web API gets unless its service sets them."""
LOGIN_HEADERS = API_HEADERS[:2]
"""Keycloak sets its own policy for its pages."""
TELLTALES = ["Server", "X-Powered-By", "Via"]

Plugin = Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class TokenCheck:
    """What an access token must be, so that its request passes.

    Args:
        issuer: public address of the realm, letter by letter as tokens bear it.
        jwks_uri: address at which the gateway reads the realm's public keys, inside the cluster and with TLS.
        audience: for whom the token must be.
        clients: clients of the realm whose tokens are good (claim `azp`).
    """

    issuer: str
    jwks_uri: str
    audience: str = "web-api"
    clients: Sequence[str] = ("web", "mobile")

    def to_plugin(self) -> Plugin:
        """Returns the plugin. Its keys are read from the realm whenever a token names one that is not known yet."""
        who = {"issuer": self.issuer, "jwks_uri": self.jwks_uri, "audience": self.audience, "clients": list(self.clients)}
        limits = {"algorithms": ["RS256"], "longest_seconds": LONGEST_TOKEN_SECONDS, "refresh_seconds": REFRESH_SECONDS}
        return plugin(REALM_TOKEN, {**who, **limits})


@dataclass(frozen=True, kw_only=True)
class RateLimit:
    """How many requests one listener may send, counted in Redis so that all pods count together.

    Args:
        requests_per_minute: requests in a minute of one subject of a token.
        logins_per_minute: requests for pages and forms of logins in a minute of one address. A mobile network has 500 listeners behind one;
            when all of them log in anew within five minutes, with twelve requests each, that is 1,200.
        tokens_per_minute: tokens that one address gets or renews in a minute, counted apart so that logins end no session: 500 listeners
            who all come back in one minute, and try twice more.
        open_per_minute: requests of one address in a minute for public routes and for files of login pages; the web ACL admits 5,000.
        host: primary endpoint of the cache.
        port: its TLS port.
        username: user of the cache.
    """

    requests_per_minute: int
    host: str
    port: int
    logins_per_minute: int = 1_200
    tokens_per_minute: int = 1_500
    open_per_minute: int = 5_000
    username: str = "kong"

    def to_plugin(self) -> Plugin:
        """Returns the plugin of every route. The token's subject is the credential; a request without one is counted by its address."""
        return self._counting("credential", self.requests_per_minute)

    def of_address(self, per_minute: int) -> Plugin:
        """Returns the plugin of a service or route without a token, with a counter of its own."""
        return self._counting("ip", per_minute)

    def _counting(self, by: str, per_minute: int) -> Plugin:
        redis = {"host": self.host, "port": self.port, "username": self.username, "password": REDIS_PASSWORD, "database": 0}
        tls = {"ssl": True, "ssl_verify": True, "server_name": self.host}
        config = {
            "minute": per_minute,
            "limit_by": by,
            "policy": "redis",
            "redis": {**redis, **tls, "timeout": 500},
        }
        # Without the cache Kong lets requests pass: WAF counts addresses as well, and silence would be worse than a burst.
        return plugin("rate-limiting", {**config, "fault_tolerant": True, "hide_client_headers": False})


def headers(add: Sequence[str]) -> Plugin:
    """Returns the plugin that adds security headers and takes away what tells about the software behind."""
    pairs = [header.replace(": ", ":", 1) for header in add]
    return plugin("response-transformer", {"add": {"headers": pairs}, "remove": {"headers": TELLTALES}})


def everywhere(rate_limit: RateLimit, public_url: str) -> Iterator[Plugin]:
    """Yields the plugins of every route."""
    address = urlsplit(public_url)
    port = address.port or {"http": 80, "https": 443}[address.scheme]
    yield plugin(VIEWER_ADDRESS, {"scheme": address.scheme, "port": port})
    yield plugin("correlation-id", {"header_name": "X-Request-ID", "generator": "uuid", "echo_downstream": True})
    yield rate_limit.to_plugin()
    size = {"allowed_payload_size": LARGEST_BODY_BYTES, "size_unit": "bytes", "require_content_length": False}
    yield plugin("request-size-limiting", size)
    measures = ("status_code", "latency", "bandwidth", "upstream_health")
    yield plugin("prometheus", {f"{measure}_metrics": True for measure in measures})


def plugin(name: str, config: Mapping[str, object]) -> Plugin:
    """Returns a plugin as Kong's declarative configuration writes it."""
    return {"name": name, "config": dict(config)}

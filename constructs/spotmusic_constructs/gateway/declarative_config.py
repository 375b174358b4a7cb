"""Kong's declarative configuration: every route, who may pass, and what is counted."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

CONSUMER = "keycloak"
"""The one consumer: whoever holds a token of the realm. Services tell listeners apart by the token's claims."""
REDIS_PASSWORD = "{vault://env/redis-password}"  # noqa: S105 a reference that Kong resolves from its environment
LARGEST_BODY_BYTES = 1_000_000
"""The Web API takes JSON; audio is uploaded to S3 directly."""
LONGEST_TOKEN_SECONDS = 3600
"""A token that claims to live longer is none of Keycloak's access tokens, which live five minutes."""

API_HEADERS = (
    "Strict-Transport-Security: max-age=63072000; includeSubDomains",
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


@dataclass(frozen=True, kw_only=True)
class GatewayRoute:
    """One path of the Web API.

    Args:
        service: name of the service that answers.
        path: prefix of the path, such as /v1/playback; it ends at a slash or at the end of the path.
        public: whether it answers without a token.
    """

    service: str
    path: str
    public: bool = False


@dataclass(frozen=True, kw_only=True)
class RealmKey:
    """A public key by which Keycloak signs tokens.

    Args:
        kid: id of the key, as in the header of a token.
        public_key_pem: RSA public key in PEM.
    """

    kid: str
    public_key_pem: str


@dataclass(frozen=True, kw_only=True)
class RateLimit:
    """How many requests one client address may send, counted in Redis so that all pods count together.

    Args:
        requests_per_minute: requests of one address in a minute.
        host: primary endpoint of the cache.
        port: its TLS port.
        username: user of the cache.
    """

    requests_per_minute: int
    host: str
    port: int = 6379
    username: str = "kong"

    def to_plugin(self) -> dict[str, object]:
        """Returns the plugin. All tokens share one consumer, so that counting by consumer would count everybody together."""
        redis = {"host": self.host, "port": self.port, "username": self.username, "password": REDIS_PASSWORD, "database": 0}
        tls = {"ssl": True, "ssl_verify": True, "server_name": self.host}
        config = {"minute": self.requests_per_minute, "limit_by": "ip", "policy": "redis", "redis": {**redis, **tls, "timeout": 500}}
        # Without the cache Kong lets requests pass: WAF counts addresses as well, and silence would be worse than a burst.
        return _plugin("rate-limiting", {**config, "fault_tolerant": True, "hide_client_headers": False})


def declarative_config(
    *, routes: Sequence[GatewayRoute], services_url: str, login_url: str, realm: str, realm_keys: Sequence[RealmKey], rate_limit: RateLimit
) -> dict[str, object]:
    """Returns the content of kong.yml; the arguments are those of the construct `Kong`.

    A path that no route knows gets 404; a token whose key is not among `realm_keys` gets 401.

    Raises:
        ValueError: when two routes have one path, or a path is no prefix of the Web API.
    """
    paths = [route.path for route in routes]
    wrong = [path for path in paths if paths.count(path) > 1 or not path.startswith("/v") or path.endswith("/") or '"' in path]
    if wrong:
        raise ValueError(
            f"routes: {', '.join(sorted(set(wrong)))} stand there twice or are no prefix of the Web API. Use paths such as /v1/name."
        )
    keys = [{"key": key.kid, "algorithm": "RS256", "rsa_public_key": key.public_key_pem} for key in realm_keys]
    return {
        "_format_version": "3.0",
        "_transform": True,
        "services": [*(_api(route, services_url) for route in routes), _login(login_url, realm)],
        "consumers": [{"username": CONSUMER, **({"jwt_secrets": keys} if keys else {})}],
        "plugins": list(_everywhere(rate_limit)),
    }


def _api(route: GatewayRoute, url: str) -> dict[str, object]:
    expression = f'http.path == "{route.path}" || http.path ^= "{route.path}/"'
    # The longest prefix wins, whatever the order of the list.
    entry = {**_route(route.service, expression), "priority": len(route.path)}
    plugins = [] if route.public else [_token()]
    return {**_service(route.service, url), "routes": [entry], "plugins": [*plugins, _headers(API_HEADERS)]}


def _login(url: str, realm: str) -> dict[str, object]:
    """Logins of one realm, and the files of its pages. The administration console and the master realm have no route."""
    expression = f'http.path ^= "/auth/realms/{realm}/" || http.path ^= "/auth/resources/"'
    return {
        **_service("keycloak", url),
        "routes": [{**_route("keycloak", expression), "priority": 1}],
        "plugins": [_headers(LOGIN_HEADERS)],
    }


def _service(name: str, url: str) -> dict[str, object]:
    tls = {"tls_verify": True, "tls_verify_depth": 5} if url.startswith("https") else {}
    # A retry could repeat a write: only a connection that never stood is tried again, and once.
    return {"name": name, "url": url, "retries": 1, "connect_timeout": 2000, "read_timeout": 30000, "write_timeout": 30000, **tls}


def _route(name: str, expression: str) -> dict[str, object]:
    # Kong listens with TLS only. It takes a request for plain http when a load balancer without a certificate forwarded it, so both are
    # named. The host must be the upstream's own: its certificate is checked against it, and viewers' is in X-Forwarded-Host.
    return {"name": name, "expression": expression, "protocols": ["http", "https"], "strip_path": False, "preserve_host": False}


def _token() -> dict[str, object]:
    """A token in the Authorization header, signed by a key of the realm and not expired.

    Issuer, audience and roles are for the service to check: the plugin knows only expiry. Keycloak writes no `nbf`, which the plugin
    would then refuse.
    """
    config = {"key_claim_name": "kid", "claims_to_verify": ["exp"], "maximum_expiration": LONGEST_TOKEN_SECONDS}
    sources = {"header_names": ["authorization"], "uri_param_names": [], "cookie_names": []}
    return _plugin("jwt", {**config, **sources, "run_on_preflight": True, "realm": "spotmusic"})


def _headers(add: Sequence[str]) -> dict[str, object]:
    headers = [header.replace(": ", ":", 1) for header in add]
    return _plugin("response-transformer", {"add": {"headers": headers}, "remove": {"headers": TELLTALES}})


def _everywhere(rate_limit: RateLimit) -> Iterator[dict[str, object]]:
    yield _plugin("correlation-id", {"header_name": "X-Request-ID", "generator": "uuid", "echo_downstream": True})
    yield rate_limit.to_plugin()
    size = {"allowed_payload_size": LARGEST_BODY_BYTES, "size_unit": "bytes", "require_content_length": False}
    yield _plugin("request-size-limiting", size)
    measures = ("status_code", "latency", "bandwidth", "upstream_health")
    yield _plugin("prometheus", {f"{measure}_metrics": True for measure in measures})


def _plugin(name: str, config: dict[str, object]) -> dict[str, object]:
    return {"name": name, "config": config}

"""Gateway for tests: nginx with Lua, the project's plugins and Kong's configuration.

No package registry has Kong. Routes, timeouts, logs and compression are those of its configuration,
the plugins' code is the deployed one, and `gateway.lua` implements the parts of Kong that they use.
Kong's bundled plugins (limits, headers, metrics) are omitted, except the one for request ids.
"""

import json
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.client import HTTPResponse, HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from spotmusic_constructs.gateway.declarative_config import GatewayRoute, declarative_config
from spotmusic_constructs.gateway.kong_values import environment as kong_environment
from spotmusic_constructs.gateway.plugins import RateLimit, TokenCheck
from tests.engines.keycloak import PUBLIC_URL, Keycloak, at
from tests.engines.ports import quiet_ports
from tests.engines.programs import (
    FETCHED,
    environment,
    make_certificate,
    program,
    running,
    wait_until,
)
from tests.serving import serving
from tests.unit.gateway.lua import SOURCES, Key
from tools.model.values import Json
from tools.smoke.browser import Browser

ISSUER = f"{PUBLIC_URL}/auth/realms/spotmusic"
API, OPEN = f"{PUBLIC_URL}/v1/playback", f"{PUBLIC_URL}/v1/status"
ROUTES = (
    GatewayRoute(service="playback", path="/v1/playback"),
    GatewayRoute(service="status", path="/v1/status", public=True),
)
RUN_HERE = {"viewer-address", "realm-token", "correlation-id"}
SIGNS = {"==": "=", "^=": "^~", "~": "~"}
"""Operators of Kong's expressions in nginx's syntax: equality, prefix and regular expression."""
SLOW, CLOSING, LONG = "/slow", "/closing", "/long"
"""Suffixes of paths for which the upstream reads a request and does not respond, closes the
connection, or sends a long response.
"""
SILENT_SECONDS = 3


class Upstream(ThreadingHTTPServer):
    """Stub of all services: records method, path and headers of each request."""

    daemon_threads = True

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        super().__init__(("127.0.0.1", 0), _Answer)

    def headers_of(self, path: str) -> list[Json]:
        """Headers of each request to this path, with lower-case names."""
        return [
            {name.lower(): value for name, value in sent.items()}
            for _, found, sent in self.asked
            if found == path
        ]


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Upstream

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append((self.command, self.path, dict(self.headers.items())))
        path = self.path.partition("?")[0]
        if path.endswith(SLOW):
            time.sleep(SILENT_SECONDS)
        if path.endswith((SLOW, CLOSING)):
            self.close_connection = True
            return
        body = json.dumps({"tracks": ["x" * 20] * (500 if path.endswith(LONG) else 1)}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        # Same as Keycloak's pages, and as responses of services after Kong's response-transformer.
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def __getattr__(self, name: str) -> Callable[[], None]:
        """Handle all methods: `do_GET`, `do_PUT` and so on."""
        if name.startswith("do_"):
            return self.answer
        raise AttributeError(name)

    def log_message(self, *_: object) -> None:
        """Disable logging: requests are recorded."""


class Gateway(Browser):
    """Browser at the public address, served by nginx.

    Args:
        port: TLS port of nginx.
        certificate: authority of its certificate.
        service: upstream of the Web API's routes.
        folder: folder of nginx.
    """

    def __init__(self, port: int, certificate: Path, service: Upstream, folder: Path) -> None:
        super().__init__(PUBLIC_URL, **at(port, certificate))
        self.service, self.port, self._certificate = service, port, certificate
        self._access_log = folder / "access.log"

    def request(
        self,
        path: str,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: str = "",
    ) -> tuple[HTTPResponse, bytes]:
        """Send exactly these headers. Return the response and its body."""
        connection = HTTPSConnection(
            "localhost",
            self.port,
            timeout=20,
            context=ssl.create_default_context(cafile=str(self._certificate)),
        )
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in (headers or {}).items():
            connection.putheader(name, value)
        if body:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body.encode())
        answer = connection.getresponse()
        return answer, answer.read()

    def logged(self, request_id: str) -> tuple[str, Json]:
        """Line of the access log with this id, as text and parsed."""
        found: list[str] = []

        def there() -> bool:
            found[:] = [
                line
                for line in self._access_log.read_text().splitlines()
                if f'"{request_id}"' in line
            ]
            return bool(found)

        wait_until(there, f"the access log has {request_id}")
        (line,) = found
        return line, json.loads(line)


@contextmanager
def gateway(
    folder: Path,
    keycloak: Keycloak | None = None,
    *,
    keys_port: int | None = None,
    key: Key | None = None,
    timeout_ms: int = 60_000,
    routes: Sequence[GatewayRoute] = ROUTES,
    services_port: int | None = None,
) -> Iterator[Gateway]:
    """Run nginx as gateway of a service that requires a token, `playback`, and a public one,
    `status`.

    Args:
        folder: folder for configuration and logs.
        keycloak: upstream of the realm's paths (default: no route).
        keys_port: port for requests of the realm's keys (default: Keycloak's).
        key: only key of the realm, which is then not requested.
        timeout_ms: timeout of an upstream's response, instead of the deployed one.
        routes: routes of the Web API, with `status`.
        services_port: port of the services (default: a stub of all).
    """
    nginx, modules = program("nginx"), lua_modules()
    certificate = keycloak.certificate if keycloak else make_certificate(folder)
    (port,) = quiet_ports(1)
    service = Upstream()
    login = keycloak.port if keycloak else 1
    realm = f"https://localhost:{keys_port or login}/auth/realms/spotmusic"
    keys = f"{realm}/protocol/openid-connect/certs"
    services = _services(
        TokenCheck(issuer=ISSUER, jwks_uri=keys),
        timeout_ms,
        services_port or service.server_port,
        login,
        routes,
    )
    configuration = {
        "sources": str(SOURCES),
        "services": services,
        **({"keys": json.dumps({"keys": [key.jwk]})} if key else {}),
    }
    (folder / "gateway.json").write_text(json.dumps(configuration))
    (folder / "nginx.conf").write_text(_configuration(folder, modules, port, certificate, services))
    command = [str(nginx), "-p", str(folder), "-c", "nginx.conf", "-e", str(folder / "error.log")]
    output = folder / "output.log"
    with serving(service), running(command, output, environment(nginx)) as process:
        found = Gateway(port, certificate, service, folder)
        wait_until(lambda: found.ask(OPEN)[0] > 0, "nginx answers", folder / "error.log", process)
        assert services_port or found.ask(OPEN)[0] == 200, (folder / "error.log").read_text()
        yield found


def lua_modules() -> list[Path]:
    """Return nginx's modules for Lua; skip the test if they are not installed."""
    for root in (FETCHED, Path("/")):
        found = [
            root / "usr/lib/nginx/modules" / name
            for name in ("ndk_http_module.so", "ngx_http_lua_module.so")
        ]
        if all(path.exists() for path in found):
            return found
    pytest.skip(
        "nginx's module for Lua is not installed. Run `make engine-tools`, which fetches Debian's"
    )


def _services(
    tokens: TokenCheck, timeout_ms: int, port: int, login: int, routes: Sequence[GatewayRoute]
) -> Json:
    """Kong's services, with the plugins that run here and the ports of their upstreams."""
    config: Any = declarative_config(
        routes=routes,
        services_url="http://services.internal.spotmusic.example",
        login_url="https://keycloak.example",
        realm="spotmusic",
        public_url=PUBLIC_URL,
        tokens=tokens,
        rate_limit=RateLimit(requests_per_minute=600, host="cache.example", port=6379),
    )
    waits = {"read_timeout": timeout_ms, "write_timeout": timeout_ms}
    return {
        service["name"]: {
            **service,
            **waits,
            "port": login if service["url"].startswith("https") else port,
            "plugins": {
                one["name"]: one["config"]
                for one in [*config["plugins"], *service["plugins"]]
                if one["name"] in RUN_HERE
            },
        }
        for service in config["services"]
    }


def _configuration(
    folder: Path, modules: list[Path], port: int, certificate: Path, services: Json
) -> str:
    """nginx configuration: the relevant parts of Kong 3.9.3's template (nginx_kong.lua), and the
    project's additions.
    """
    env = kong_environment("127.0.0.0/8")
    here = ("nginx_proxy_gzip", "nginx_proxy_proxy_next_upstream", "nginx_proxy_proxy_buffer")
    added = "\n".join(
        f"    {key.removeprefix('nginx_proxy_')} {value};"
        for key, value in env.items()
        if key.startswith(here)
    )
    libraries = ";".join(
        f"{place}/lua/5.1/?.so"
        for root in (FETCHED, Path("/"))
        for place in sorted(root.glob("usr/lib/*-linux-gnu"))
    )
    sources = ";".join(f"{root}/usr/share/lua/5.1/?.lua" for root in (FETCHED, Path("/")))
    temporary = "\n".join(
        f"  {kind}_temp_path {folder}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return f"""
{"".join(f"load_module {module};" for module in modules)}
daemon off;
master_process off;
pid {folder}/nginx.pid;
events {{ worker_connections 256; }}
http {{
{temporary}
  lua_package_path "{Path(__file__).parent}/?.lua;{sources};;";
  lua_package_cpath "{libraries};;";
  lua_ssl_trusted_certificate {certificate};
  lua_ssl_verify_depth {env["lua_ssl_verify_depth"]};
  init_by_lua_block {{ require("gateway").init("{folder}/gateway.json") }}
  lua_shared_dict {env["nginx_http_lua_shared_dict"]};
  large_client_header_buffers {env["nginx_http_large_client_header_buffers"]};
  underscores_in_headers on;
  map "" $kong_request_id {{ default "k"; }}
  log_format {env["nginx_http_log_format"]};
  upstream kong_upstream {{
    server 0.0.0.1;
    balancer_by_lua_block {{ require("gateway").balance() }}
    keepalive 16;
  }}
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {certificate};
    ssl_certificate_key {certificate.with_name("tls.key")};
    access_log {folder}/access.log {str(env["proxy_access_log"]).split()[1]};
    set_real_ip_from {env["trusted_ips"]};
    real_ip_header {env["real_ip_header"]};
    error_page 400 404 413 494 502 503 504 /kong_error_handler;
    proxy_ssl_trusted_certificate {certificate};
    proxy_ssl_verify on;
    proxy_ssl_name localhost;
{added}
{"".join(location for service in services.values() for location in _locations(service))}
    location / {{ return 404; }}
    location = /kong_error_handler {{
      internal;
      default_type application/json;
      content_by_lua_block {{ ngx.say('{{"message":"An error of the gateway"}}') }}
    }}
  }}
}}
"""


def _locations(service: Json) -> Iterator[str]:
    """Yield the routes of a service in nginx's syntax."""
    scheme = service["url"].partition(":")[0]
    public = (
        f"proxy_set_header X-Forwarded-Host {PUBLIC_URL.removeprefix('https://')};"
        if scheme == "https"
        else ""
    )
    for part in (part for route in service["routes"] for part in route["expression"].split(" || ")):
        _, sign, pattern = part.split(" ", maxsplit=2)
        yield f"""
    location {SIGNS[sign]} {pattern.removeprefix("r#").removesuffix("#")} {{
      set $upstream_uri '';
      set $upstream_x_forwarded_for '';
      set $upstream_x_forwarded_proto '';
      set $upstream_x_forwarded_port '';
      set $upstream_x_forwarded_path '';
      set $upstream_x_forwarded_prefix '';
      access_by_lua_block {{ require("gateway").access("{service["name"]}") }}
      proxy_http_version 1.1;
      proxy_set_header Connection '';
      proxy_set_header X-Forwarded-For $upstream_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $upstream_x_forwarded_proto;
      proxy_set_header X-Forwarded-Port $upstream_x_forwarded_port;
      proxy_set_header X-Forwarded-Path $upstream_x_forwarded_path;
      proxy_set_header X-Forwarded-Prefix $upstream_x_forwarded_prefix;
      {public}
      proxy_pass {scheme}://kong_upstream$upstream_uri;
    }}"""

"""Routes of the gateway and the project's plugins in nginx with Lua, between Keycloak and a stub of
the services.

No package registry has Kong. The routes are those of its configuration, the plugins' code is the
deployed one, and `gateway.lua` implements the parts of Kong that they use. Kong's bundled plugins
(limits, headers, metrics) are omitted.
"""

import json
import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from spotmusic_constructs.gateway.declarative_config import GatewayRoute, declarative_config
from spotmusic_constructs.gateway.plugins import REALM_TOKEN, VIEWER_ADDRESS, RateLimit, TokenCheck
from tests.engines.keycloak import PUBLIC_URL, Browser, Keycloak
from tests.engines.ports import quiet_ports
from tests.engines.programs import FETCHED, environment, program, running, wait_until
from tests.model.values import Json
from tests.unit.gateway.lua import SOURCES

ISSUER = f"{PUBLIC_URL}/auth/realms/spotmusic"
API, OPEN = f"{PUBLIC_URL}/v1/playback", f"{PUBLIC_URL}/v1/status"
ROUTES = (GatewayRoute(service="playback", path="/v1/playback"), GatewayRoute(service="status", path="/v1/status", public=True))
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


class Service(ThreadingHTTPServer):
    """Stub of all services: responds with the listener's attributes and records the request."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.reached: list[str] = []


class _Answer(BaseHTTPRequestHandler):
    server: Service

    def do_GET(self) -> None:
        self.server.reached.append(self.path)
        told = [self.headers.get(name, "") for name in ("X-Counted-By", "X-Listener", "X-Listener-Roles")]
        body = " ".join(told).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


class Gateway(Browser):
    """Browser at the public address, served by nginx.

    Args:
        port: TLS port of nginx.
        certificate: authority of its certificate.
        service: upstream of the Web API's routes.
    """

    def __init__(self, port: int, certificate: Path, service: Service) -> None:
        super().__init__(PUBLIC_URL, port, certificate)
        self.service = service


@contextmanager
def gateway(folder: Path, keycloak: Keycloak, *, keys_port: int | None = None) -> Iterator[Gateway]:
    """Runs nginx as gateway.

    Args:
        folder: folder for configuration and log.
        keycloak: upstream of the realm's paths.
        keys_port: port for requests of the realm's keys; default: Keycloak's.
    """
    nginx = program("nginx")
    modules = lua_modules()
    (port,) = quiet_ports(1)
    service = Service()
    threading.Thread(target=service.serve_forever, daemon=True).start()
    keys = f"https://localhost:{keys_port or keycloak.port}/auth/realms/spotmusic/protocol/openid-connect/certs"
    told = declarative_config(
        routes=ROUTES,
        services_url=f"http://127.0.0.1:{service.server_port}",
        login_url=f"https://127.0.0.1:{keycloak.port}",
        realm="spotmusic",
        public_url=PUBLIC_URL,
        tokens=TokenCheck(issuer=ISSUER, jwks_uri=keys),
        rate_limit=RateLimit(requests_per_minute=600, host="cache.example", port=6379),
    )
    services: list[Any] = list(told["services"])  # type: ignore[call-overload]
    ours = (REALM_TOKEN, VIEWER_ADDRESS)
    plugins = {
        one["name"]: {p["name"]: p["config"] for p in [*told["plugins"], *one["plugins"]] if p["name"] in ours}  # type: ignore[misc]
        for one in services
    }
    (folder / "plugins.json").write_text(json.dumps({"sources": str(SOURCES), "plugins": plugins}))
    locations = [line for one in services for line in _locations(one, sorted(plugins[one["name"]], reverse=True))]
    (folder / "nginx.conf").write_text(_configuration(folder, modules, port, keycloak.certificate, locations))
    try:
        with running([str(nginx), "-p", str(folder), "-c", "nginx.conf", "-e", "stderr"], folder / "log", environment(nginx)) as process:
            found = Gateway(port, keycloak.certificate, service)
            wait_until(lambda: found.ask(OPEN)[0] > 0, "nginx answers", folder / "log", process)
            assert found.ask(OPEN)[0] == 200, (folder / "log").read_text()
            yield found
    finally:
        service.shutdown()
        service.server_close()


def lua_modules() -> list[Path]:
    """Returns nginx's modules for Lua; skips the test if they are not installed."""
    for root in (FETCHED, Path("/")):
        found = [root / "usr/lib/nginx/modules" / name for name in ("ndk_http_module.so", "ngx_http_lua_module.so")]
        if all(path.exists() for path in found):
            return found
    pytest.skip("nginx's module for Lua is not installed. Run `make engine-tools`, which fetches Debian's")


def _locations(service: Json, plugins: list[str]) -> Iterator[str]:
    """Yields the routes of a service in nginx's syntax: the expressions are equality, prefix and
    regular expression.
    """
    calls = " ".join(f'require("gateway").access("{service["name"]}", "{plugin}")' for plugin in plugins)
    inside = f"access_by_lua_block {{ {calls} }} proxy_pass {service['url']};"
    for route in service["routes"]:
        signs = {"==": "=", "^=": "^~", "~": "~"}
        parts = route["expression"].split(" || ")
        for part in parts:
            sign, quoted = re.fullmatch(r"http\.path (==|\^=|~) (.+)", part).groups()  # type: ignore[union-attr]
            yield f"location {signs[sign]} {quoted.removeprefix('r#').removesuffix('#')} {{ {inside} }}"


def _configuration(folder: Path, modules: list[Path], port: int, certificate: Path, locations: list[str]) -> str:
    libraries = ";".join(f"{folder}/lua/5.1/?.so" for root in (FETCHED, Path("/")) for folder in sorted(root.glob("usr/lib/*-linux-gnu")))
    sources = ";".join(f"{root}/usr/share/lua/5.1/?.lua" for root in (FETCHED, Path("/")))
    temporary = "\n".join(f"  {name}_temp_path {folder}/{name};" for name in TEMPORARY)
    routes = "\n    ".join(locations)
    return f"""{"user root;" if os.geteuid() == 0 else ""}
daemon off;
worker_processes 2;
error_log stderr warn;
pid {folder}/nginx.pid;
{"".join(f"load_module {module};" for module in modules)}
events {{ worker_connections 256; }}
http {{
  access_log off;
{temporary}
  lua_package_path "{Path(__file__).parent}/?.lua;{sources};;";
  lua_package_cpath "{libraries};;";
  lua_shared_dict realm_keys 1m;
  lua_ssl_trusted_certificate {certificate};
  lua_ssl_verify_depth 5;
  init_by_lua_block {{ require("gateway").init("{folder}/plugins.json") }}
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {certificate};
    ssl_certificate_key {certificate.with_name("tls.key")};
    set $upstream_x_forwarded_for "";
    set $upstream_x_forwarded_proto "";
    set $upstream_x_forwarded_port "";
    set $upstream_x_forwarded_path "";
    set $upstream_x_forwarded_prefix "";
    proxy_http_version 1.1;
    proxy_set_header X-Forwarded-For $upstream_x_forwarded_for;
    proxy_set_header X-Forwarded-Proto $upstream_x_forwarded_proto;
    proxy_set_header X-Forwarded-Port $upstream_x_forwarded_port;
    proxy_set_header X-Forwarded-Path $upstream_x_forwarded_path;
    proxy_set_header X-Forwarded-Prefix $upstream_x_forwarded_prefix;
    proxy_set_header X-Forwarded-Host spotmusic.example;
    proxy_ssl_trusted_certificate {certificate};
    proxy_ssl_verify on;
    proxy_ssl_name localhost;
    proxy_buffer_size 32k;
    proxy_buffers 8 32k;
    {routes}
    location / {{ return 404; }}
  }}
}}
"""

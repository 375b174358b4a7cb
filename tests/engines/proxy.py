"""Gateway for tests: nginx with Lua, the project's plugins and Kong's configuration, in front of an
upstream that records requests.
"""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from spotmusic_constructs.gateway.declarative_config import GatewayRoute, declarative_config
from spotmusic_constructs.gateway.kong_values import environment as kong_environment
from spotmusic_constructs.gateway.plugins import RateLimit, TokenCheck
from tests.engines.gateway import lua_modules
from tests.engines.programs import FETCHED, environment, program, running, wait_until
from tests.model.values import Json
from tests.unit.gateway.lua import ISSUER, SOURCES, Key

HERE = Path(__file__).parent
RUN_HERE = {"viewer-address", "realm-token", "correlation-id"}
"""Plugins that run here: the project's, and the one for request ids. The others are Kong's."""
SLOW, CLOSING, LONG = "/slow", "/closing", "/long"
"""Suffixes of paths for which the upstream reads a request and does not respond, closes the
connection, or sends a long response.
"""
SILENT_SECONDS = 3


class Upstream(ThreadingHTTPServer):
    """Records each request: method, path and headers."""

    daemon_threads = True

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        super().__init__(("127.0.0.1", 0), _Answer)


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
        # As Keycloak's pages, and responses of services after Kong's response-transformer.
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def __getattr__(self, name: str) -> Callable[[], None]:
        """Handles every method: `do_GET`, `do_PUT` and so on."""
        if name.startswith("do_"):
            return self.answer
        raise AttributeError(name)

    def log_message(self, *_: object) -> None:
        """Disables logging: requests are recorded."""


@dataclass
class Proxy:
    """Running nginx.

    Args:
        port: its port.
        upstream: its upstream.
        access_log: file of its access log.
        key: key of the realm that signs tokens.
        folder: its own folder.
    """

    port: int
    upstream: Upstream
    access_log: Path
    key: Key
    folder: Path
    _seen: int = field(default=0)

    def ask(self, path: str, method: str = "GET", headers: Mapping[str, str] | list[tuple[str, str]] = (), body: str = "") -> HTTPResponse:  # type: ignore[assignment]
        """Returns the response, with its body as `answer.text`."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in headers.items() if isinstance(headers, Mapping) else headers:
            connection.putheader(name, value)
        if body:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body.encode())
        answer = connection.getresponse()
        answer.text = answer.read()  # type: ignore[attr-defined]
        return answer

    def asked_of(self, path: str) -> list[Json]:
        """Headers of each request to this path at the upstream, with lower-case names."""
        return [{name.lower(): value for name, value in sent.items()} for _, found, sent in self.upstream.asked if found == path]

    def logged(self, request_id: str) -> tuple[str, Json]:
        """Line of the access log with this id, as text and parsed."""
        found: list[str] = []

        def there() -> bool:
            found[:] = [line for line in self.access_log.read_text().splitlines() if f'"{request_id}"' in line]
            return bool(found)

        wait_until(there, f"the access log has {request_id}")
        (line,) = found
        return line, json.loads(line)


@contextmanager
def started(folder: Path, *, timeout_ms: int = 500) -> Iterator[Proxy]:
    """Starts the gateway with a service that requires a token, `playback`, and a public one,
    `status`.

    Args:
        folder: an empty folder.
        timeout_ms: timeout of the upstream's response, instead of the deployed one.
    """
    nginx, modules = program("nginx"), lua_modules()
    key, upstream = Key("first", folder), Upstream()
    threading.Thread(target=upstream.serve_forever, daemon=True).start()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (folder / "jwks.json").write_text(json.dumps({"keys": [key.jwk]}))
    told = {"sources": str(SOURCES), "port": upstream.server_port, "services": services(timeout_ms), "plugins": {}}
    (folder / "told.json").write_text(json.dumps(told))
    (folder / "nginx.conf").write_text(configuration(folder, port, modules))
    command = [str(nginx), "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
    with running(command, folder / "output.log", environment(nginx)) as process:

        def open_() -> bool:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return True

        wait_until(open_, "nginx listens", folder / "error.log", process)
        yield Proxy(port=port, upstream=upstream, access_log=folder / "access.log", key=key, folder=folder)
    upstream.shutdown()


def services(timeout_ms: int) -> Json:
    """Kong's configuration of the services, with the plugins that run here."""
    config: Any = declarative_config(
        routes=[GatewayRoute(service="playback", path="/v1/playback"), GatewayRoute(service="status", path="/v1/status", public=True)],
        services_url="http://services.internal.spotmusic.example",
        login_url="http://keycloak",
        realm="spotmusic",
        public_url="https://spotmusic.example",
        tokens=TokenCheck(issuer=ISSUER, jwks_uri="https://keycloak/certs"),
        rate_limit=RateLimit(requests_per_minute=600, host="cache", port=6379),
    )
    found: Json = {}
    for service in config["services"]:
        plugins = {entry["name"]: entry["config"] for entry in [*config["plugins"], *service["plugins"]] if entry["name"] in RUN_HERE}
        waits = {"read_timeout": timeout_ms, "write_timeout": timeout_ms, "connect_timeout": service["connect_timeout"]}
        found[service["name"]] = {"retries": service["retries"], **waits, "plugins": plugins}
    return found


def configuration(folder: Path, port: int, modules: list[Path]) -> str:
    """nginx configuration: the relevant parts of Kong 3.9.3's template (nginx_kong.lua), and the
    project's additions.
    """
    env = kong_environment("127.0.0.0/8", "X-Viewer-Address")
    named = str(env["proxy_access_log"]).split()[1]
    here = ("nginx_proxy_gzip", "nginx_proxy_proxy_next_upstream")
    added = {key.removeprefix("nginx_proxy_"): value for key, value in env.items() if key.startswith(here)}
    told = "\n".join(f"    {name} {value};" for name, value in added.items())
    libraries = ";".join(f"{place}/lua/5.1/?.so" for root in (FETCHED, Path("/")) for place in sorted(root.glob("usr/lib/*-linux-gnu")))
    sources = ";".join(f"{root}/usr/share/lua/5.1/?.lua" for root in (FETCHED, Path("/")))
    temporary = "\n".join(f"  {kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    locations = "\n".join(f"    location ^~ /v1/{name} {{ set $named {name}; {_LOCATION} }}" for name in ("playback", "status"))
    return f"""
{"".join(f"load_module {module};" for module in modules)}
daemon off;
master_process off;
pid {folder}/nginx.pid;
events {{ worker_connections 256; }}
http {{
{temporary}
  lua_package_path "{HERE}/?.lua;{sources};;";
  lua_package_cpath "{libraries};;";
  init_by_lua_block {{ require("proxy").init("{folder}") }}
  lua_shared_dict {env["nginx_http_lua_shared_dict"]};
  large_client_header_buffers {env["nginx_http_large_client_header_buffers"]};
  underscores_in_headers on;
  map "" $kong_request_id {{ default "k"; }}
  log_format {env["nginx_http_log_format"]};
  upstream kong_upstream {{
    server 0.0.0.1;
    balancer_by_lua_block {{ require("proxy").balance() }}
    keepalive 16;
  }}
  server {{
    listen 127.0.0.1:{port};
    access_log {folder}/access.log {named};
    set_real_ip_from {env["trusted_ips"]};
    real_ip_header {env["real_ip_header"]};
    error_page 400 404 413 494 502 503 504 /kong_error_handler;
{told}
{locations}
    location = /kong_error_handler {{
      internal;
      default_type application/json;
      content_by_lua_block {{ ngx.say('{{"message":"An error of the gateway"}}') }}
    }}
  }}
}}
"""


_LOCATION = """
      set $upstream_uri '';
      set $upstream_x_forwarded_for '';
      set $upstream_x_forwarded_proto '';
      set $upstream_x_forwarded_port '';
      set $upstream_x_forwarded_path '';
      set $upstream_x_forwarded_prefix '';
      access_by_lua_block { require("proxy").access(ngx.var.named) }
      proxy_http_version 1.1;
      proxy_set_header Connection '';
      proxy_set_header X-Forwarded-For $upstream_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $upstream_x_forwarded_proto;
      proxy_set_header X-Forwarded-Port $upstream_x_forwarded_port;
      proxy_set_header X-Forwarded-Path $upstream_x_forwarded_path;
      proxy_set_header X-Forwarded-Prefix $upstream_x_forwarded_prefix;
      proxy_pass http://kong_upstream$upstream_uri;
"""

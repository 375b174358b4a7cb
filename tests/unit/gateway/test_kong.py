"""Kong's values; P-100, P-103 and P-104 decide restrictions, placement and TLS of its pods."""

import json
import re

import pytest

from spotmusic_cdk import versions
from spotmusic_constructs.gateway.declarative_config import GatewayRoute
from spotmusic_constructs.gateway.kong import Kong
from spotmusic_constructs.gateway.lua_plugins import LuaPlugin
from spotmusic_constructs.gateway.plugins import RateLimit, TokenCheck
from tests.conftest import new_stack
from tests.helm_values import LARGEST_VALUES, Images, cluster_in, secret_in, values_of
from tools.checkout import ROOT
from tools.model.values import Json

LOGIN = "https://keycloak-http.keycloak.svc.cluster.local:8443"


@pytest.fixture(scope="module")
def values() -> Json:
    stack = new_stack()
    Kong(
        stack,
        "Kong",
        cluster=cluster_in(stack),
        chart=versions.KONG,
        images=Images(),
        routes=[
            GatewayRoute(service=f"service-{number}", path=f"/v1/service-{number}")
            for number in range(40)
        ],
        services_url="https://services.internal.spotmusic.example",
        login_url=LOGIN,
        public_url="https://spotmusic.example",
        token_check=TokenCheck(
            issuer="https://spotmusic.example/auth/realms/spotmusic",
            jwks_uri=f"{LOGIN}/auth/realms/spotmusic/protocol/openid-connect/certs",
        ),
        realm_name="spotmusic",
        rate_limit=RateLimit(requests_per_minute=600, host="primary.cache.example.com", port=6379),
        cache_user=secret_in(stack, "cache-kong"),
        vpc_cidr="10.40.0.0/16",
        min_replicas=3,
        max_replicas=24,
    )
    return values_of(stack, "kong")


def test_kong_replicas_are_configurable(values: Json) -> None:
    assert (values["autoscaling"]["minReplicas"], values["autoscaling"]["maxReplicas"]) == (3, 24)


def test_kong_trusts_address_header_of_edge(values: Json) -> None:
    env = values["env"]
    assert (env["trusted_ips"], env["real_ip_header"]) == ("10.40.0.0/16", "X-Viewer-Address")
    function = (
        ROOT / "constructs" / "spotmusic_constructs" / "edge" / "viewer_address.js"
    ).read_text()
    assert f"headers['{env['real_ip_header'].lower()}']" in function


def test_kong_values_fit_into_event(values: Json) -> None:
    assert len(json.dumps(values).encode()) < LARGEST_VALUES


def test_kong_configuration_is_valid_json(values: Json) -> None:
    config = json.loads(values["dblessConfig"]["config"])
    assert config["_format_version"] == "3.0"
    assert len(config["services"]) == 41
    assert values["env"]["database"] == "off"
    assert values["env"]["router_flavor"] == "expressions"


def test_kong_errors_are_json_without_accept(values: Json) -> None:
    assert values["env"]["error_default_type"] == "application/json"


def test_kong_repeats_nothing_over_kept_connections(values: Json) -> None:
    assert values["env"]["nginx_proxy_proxy_next_upstream"] == "off"


def test_kong_compresses_answers_to_tokens_only(values: Json) -> None:
    env = values["env"]
    assert (env["nginx_proxy_gzip"], env["nginx_proxy_gzip_proxied"]) == ("on", "auth")
    assert "application/json" in env["nginx_proxy_gzip_types"].split()


def test_longest_token_fits_into_a_header(values: Json) -> None:
    longest = int(
        re.findall(r"LONGEST_TOKEN = (\d+)", LuaPlugin(name="realm-token").files["token.lua"])[0]
    )
    size = int(values["env"]["nginx_http_large_client_header_buffers"].split()[1].removesuffix("k"))
    assert longest + len("Authorization: Bearer \r\n") < size * 1024


def test_kong_plugins_are_on_lua_path(values: Json) -> None:
    maps = {found["metadata"]["name"]: found for found in values["extraObjects"]}
    shipped = {
        entry["pluginName"]: maps[entry["name"]] for entry in values["plugins"]["configMaps"]
    }
    assert shipped.keys() == {"realm-token", "viewer-address"}
    assert maps.keys() == {entry["name"] for entry in values["plugins"]["configMaps"]}
    assert shipped["realm-token"]["data"].keys() == {
        "handler.lua",
        "keys.lua",
        "schema.lua",
        "token.lua",
    }
    assert {found["metadata"]["namespace"] for found in maps.values()} == {"kong"}
    assert "plugins" not in values["env"]  # it would replace the chart's list of these


def test_changed_lua_renames_config_map(values: Json) -> None:
    name = next(
        entry["name"]
        for entry in values["plugins"]["configMaps"]
        if entry["pluginName"] == "realm-token"
    )
    assert name == LuaPlugin(name="realm-token").config_map_name
    assert len(name.removeprefix("kong-plugin-realm-token-")) == 8


def test_kong_workers_share_realm_keys(values: Json) -> None:
    assert values["env"]["nginx_http_lua_shared_dict"] == "realm_keys 1m"
    assert "ngx.shared.realm_keys" in LuaPlugin(name="realm-token").files["keys.lua"]
    assert values["env"]["untrusted_lua"] == "off"


def test_kong_trusts_amazon_and_internal_authorities(values: Json) -> None:
    found = values["env"]["lua_ssl_trusted_certificate"]
    assert found == "system,/etc/secrets/kong-proxy-tls/ca.crt"
    assert values["env"]["nginx_proxy_proxy_ssl_trusted_certificate"] == "/kong_prefix/.ca_combined"

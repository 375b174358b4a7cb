import json
import re

import aws_cdk as cdk
import pytest

from spotmusic_cdk import versions
from spotmusic_constructs.gateway.declarative_config import GatewayRoute
from spotmusic_constructs.gateway.kong import Kong
from spotmusic_constructs.gateway.lua_plugins import LuaPlugin
from spotmusic_constructs.gateway.plugins import RateLimit, TokenCheck
from tests.conftest import ROOT, new_stack
from tests.helm_values import LARGEST_VALUES, REGISTRY, Images, arn_of, cluster_in, releases, secret_in
from tests.model.values import Json


@pytest.fixture(scope="module")
def stack() -> cdk.Stack:
    return new_stack()


@pytest.fixture(scope="module")
def kong(stack: cdk.Stack) -> Kong:
    return Kong(
        stack,
        "Kong",
        cluster=cluster_in(stack),
        chart=versions.KONG,
        images=Images(),
        routes=[GatewayRoute(service=f"service-{number}", path=f"/v1/service-{number}") for number in range(40)],
        services_url="https://services.internal.spotmusic.example",
        login_url="https://keycloak-http.keycloak.svc.cluster.local:8443",
        public_url="https://spotmusic.example",
        tokens=TokenCheck(
            issuer="https://spotmusic.example/auth/realms/spotmusic",
            jwks_uri="https://keycloak-http.keycloak.svc.cluster.local:8443/auth/realms/spotmusic/protocol/openid-connect/certs",
        ),
        realm="spotmusic",
        rate_limit=RateLimit(requests_per_minute=600, host="primary.cache.example.com", port=6379),
        cache_user=secret_in(stack, "cache-kong"),
        vpc_cidr="10.40.0.0/16",
        min_replicas=3,
        max_replicas=24,
    )


@pytest.fixture(scope="module")
def release(stack: cdk.Stack, kong: Kong) -> Json:
    assert kong
    return releases(stack)["kong"]


@pytest.fixture(scope="module")
def values(release: Json) -> Json:
    return dict(release["Values"])


def test_kong_release_waits_and_rolls_back(release: Json) -> None:
    assert release["Wait"] is release["Atomic"] is True


def test_forty_routes_fit_into_an_event(values: Json) -> None:
    assert len(json.dumps(values).encode()) < LARGEST_VALUES


def test_kong_configuration_is_valid_json(values: Json) -> None:
    config = json.loads(values["dblessConfig"]["config"])
    assert config["_format_version"] == "3.0"
    assert len(config["services"]) == 41
    assert values["env"]["database"] == "off"
    assert values["env"]["router_flavor"] == "expressions"


def test_kong_admin_api_is_disabled(values: Json) -> None:
    assert values["admin"] == {"enabled": False, "tls": {"enabled": False}}
    assert values["manager"]["enabled"] is False
    assert values["ingressController"]["enabled"] is False


def test_kong_proxy_is_internal_tls(values: Json) -> None:
    proxy = values["proxy"]
    assert proxy["type"] == "ClusterIP"
    assert proxy["http"]["enabled"] is False
    assert proxy["tls"]["servicePort"] == proxy["tls"]["containerPort"] == 8443
    assert values["env"]["ssl_protocols"] == "TLSv1.2 TLSv1.3"


def test_kong_trusts_address_header_from_vpc(values: Json) -> None:
    env = values["env"]
    assert (env["trusted_ips"], env["real_ip_header"]) == ("10.40.0.0/16", "X-Viewer-Address")


def test_kong_access_log_has_no_query(values: Json) -> None:
    name, _escape, pattern = values["env"]["nginx_http_log_format"].split(" ", 2)
    assert values["env"]["proxy_access_log"] == f"/dev/stdout {name}"
    logged = json.loads(pattern.strip("'"))
    assert logged["request_id"] == "$http_x_request_id"
    revealing = {
        "$request",
        "$request_uri",
        "$args",
        "$query_string",
        "$http_referer",
        "$http_authorization",
        "$http_cookie",
        "$upstream_uri",
    }
    assert not revealing & set(logged.values())
    assert all(re.fullmatch(r"\$[a-z0-9_]+", value) for value in logged.values())


def test_kong_repeats_nothing_over_kept_connections(values: Json) -> None:
    assert values["env"]["nginx_proxy_proxy_next_upstream"] == "off"


def test_kong_compresses_answers_to_tokens_only(values: Json) -> None:
    env = values["env"]
    assert (env["nginx_proxy_gzip"], env["nginx_proxy_gzip_proxied"]) == ("on", "auth")
    assert "application/json" in env["nginx_proxy_gzip_types"].split()


def test_longest_token_fits_into_a_header(values: Json) -> None:
    longest = int(re.findall(r"LONGEST_TOKEN = (\d+)", LuaPlugin(name="realm-token").files["token.lua"])[0])
    size = int(values["env"]["nginx_http_large_client_header_buffers"].split()[1].removesuffix("k"))
    assert longest + len("Authorization: Bearer \r\n") < size * 1024


def test_trusted_address_header_is_the_edges(values: Json) -> None:
    function = (ROOT / "constructs" / "spotmusic_constructs" / "edge" / "viewer_address.js").read_text()
    assert f"headers['{values['env']['real_ip_header'].lower()}']" in function


def test_kong_plugins_are_on_lua_path(values: Json) -> None:
    maps = {found["metadata"]["name"]: found for found in values["extraObjects"]}
    shipped = {entry["pluginName"]: maps[entry["name"]] for entry in values["plugins"]["configMaps"]}
    assert shipped.keys() == {"realm-token", "viewer-address"}
    assert maps.keys() == {entry["name"] for entry in values["plugins"]["configMaps"]}
    assert shipped["realm-token"]["data"].keys() == {"handler.lua", "keys.lua", "schema.lua", "token.lua"}
    assert {found["metadata"]["namespace"] for found in maps.values()} == {"kong"}
    assert "plugins" not in values["env"]  # It would replace the list that the chart creates from these.


def test_changed_lua_renames_config_map(values: Json) -> None:
    name = next(entry["name"] for entry in values["plugins"]["configMaps"] if entry["pluginName"] == "realm-token")
    assert name == LuaPlugin(name="realm-token").config_map_name
    assert len(name.removeprefix("kong-plugin-realm-token-")) == 8


def test_kong_workers_share_realm_keys(values: Json) -> None:
    assert values["env"]["nginx_http_lua_shared_dict"] == "realm_keys 1m"
    assert "ngx.shared.realm_keys" in LuaPlugin(name="realm-token").files["keys.lua"]
    assert values["env"]["untrusted_lua"] == "off"


def test_kong_trusts_amazon_and_internal_authorities(values: Json) -> None:
    assert values["env"]["lua_ssl_trusted_certificate"] == "system,/etc/secrets/kong-proxy-tls/ca.crt"
    assert values["env"]["nginx_proxy_proxy_ssl_trusted_certificate"] == "/kong_prefix/.ca_combined"


def test_kong_secrets_are_declared(kong: Kong, values: Json) -> None:
    (secret,) = kong.external_secrets
    assert (secret.namespace, secret.name) == ("kong", "kong-redis")
    assert secret.fields["password"].secret_arn == arn_of("cache-kong")
    reference = values["customEnv"]["redis_password"]["valueFrom"]["secretKeyRef"]
    assert reference["name"] == secret.name
    assert reference["key"] in secret.keys
    assert values["secretVolumes"] == [certificate.name for certificate in kong.certificates]


def test_kong_image_is_pinned_in_registry(values: Json) -> None:
    assert values["image"]["repository"].startswith(f"{REGISTRY}/")
    assert values["image"]["tag"] == "3.9.3"


def test_kong_pods_spread_zones_and_hosts(values: Json) -> None:
    assert values["autoscaling"]["minReplicas"] == 3
    assert values["podDisruptionBudget"]["maxUnavailable"] == 1
    spread = {rule["topologyKey"]: rule["whenUnsatisfiable"] for rule in values["topologySpreadConstraints"]}
    assert spread == {"topology.kubernetes.io/zone": "DoNotSchedule", "kubernetes.io/hostname": "DoNotSchedule"}


def test_kong_container_is_restricted(values: Json) -> None:
    security = values["containerSecurityContext"]
    assert security["runAsNonRoot"] is security["readOnlyRootFilesystem"] is True
    assert security["allowPrivilegeEscalation"] is False
    assert security["capabilities"] == {"drop": ["ALL"]}

"""Gateway in a real nginx with Lua: the project's plugins, and Kong's timeouts, retries, logs and
compression.
"""

import gzip
import json
import time
from collections.abc import Iterator

import pytest

from tests.engines.gateway import CLOSING, LONG, SLOW, Gateway, gateway
from tests.unit.gateway.lua import Key
from tests.unit.gateway.test_realm_token import FORGED

SECRETS = ("s3cr3t-code", "s3cr3t-key", "s3cr3t-token", "s3cr3t-cookie", "s3cr3t-referrer")


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Key:
    return Key("first", tmp_path_factory.mktemp("key"))


@pytest.fixture(scope="module")
def proxy(key: Key, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with gateway(tmp_path_factory.mktemp("proxy"), key=key, timeout_ms=500) as found:
        yield found


@pytest.fixture(scope="module")
def bearer(key: Key) -> dict[str, str]:
    now = int(time.time())
    token = key.token(exp=now + 300, iat=now, realm_access={"roles": ["listener", "curator"]})
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.walk("listener")
def test_gateway_rejects_forged_identities(proxy: Gateway, bearer: dict[str, str]) -> None:
    padding = {f"A-{number}": "x" for number in range(88)}
    status = proxy.request("/v1/playback/forged", headers={**bearer, **padding, **FORGED})[0].status
    assert status == 200
    (sent,) = proxy.service.headers_of("/v1/playback/forged")
    assert (sent["x-listener"], sent["x-listener-roles"]) == ("listener-1", "curator,listener")
    forged = {name.lower().replace("_", "-") for name in FORGED} - {
        "x-listener",
        "x-listener-roles",
    }
    assert not forged & {name.replace("_", "-") for name in sent}
    assert "x_listener" not in sent


def test_public_route_carries_no_identity(proxy: Gateway, bearer: dict[str, str]) -> None:
    assert proxy.request("/v1/status/forged", headers={**FORGED, **bearer})[0].status == 200
    (sent,) = proxy.service.headers_of("/v1/status/forged")
    assert not {name.replace("_", "-") for name in sent} & {
        name.lower().replace("_", "-") for name in FORGED
    }


def test_longest_token_is_refused_as_a_token(proxy: Gateway) -> None:
    answer, _ = proxy.request(
        "/v1/playback/long-token", headers={"Authorization": f"Bearer {'a' * 8192}"}
    )
    assert answer.status == 401


@pytest.mark.parametrize("end", [SLOW, CLOSING])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "POST", "PATCH"])
def test_gateway_sends_no_request_twice(proxy: Gateway, method: str, end: str) -> None:
    path = f"/v1/status/{method}{end}"
    answer, _ = proxy.request(path, method=method, body="{}" if method != "GET" else "")
    assert answer.status == (504 if end == SLOW else 502)
    assert len(proxy.service.headers_of(path)) == 1


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "POST"])
def test_gateway_sends_nothing_twice_over_kept_connections(proxy: Gateway, method: str) -> None:
    assert proxy.request("/v1/status/keeps")[0].status == 200
    path = f"/v1/status/kept-{method}{CLOSING}"
    assert proxy.request(path, method=method, body="{}" if method != "GET" else "")[0].status == 502
    assert len(proxy.service.headers_of(path)) == 1


@pytest.mark.parametrize("end", ["/ok", SLOW])
def test_access_log_contains_no_secrets(proxy: Gateway, end: str) -> None:
    name = f"request{end.replace('/', '-')}=="
    secrets = {
        "Authorization": f"Bearer {SECRETS[2]}",
        "Cookie": f"KEYCLOAK_SESSION={SECRETS[3]}",
        "Referer": f"https://spotmusic.example/callback?code={SECRETS[4]}",
        "X-Request-ID": name,
        "X-Viewer-Address": "198.51.100.7",
    }
    proxy.request(f"/v1/status{end}?code={SECRETS[0]}&key={SECRETS[1]}", headers=secrets)
    line, said = proxy.logged(name)
    assert "?" not in line
    assert not [secret for secret in SECRETS if secret in line]
    assert said["asked"] == f"/v1/status{end}"
    assert (said["address"], said["method"]) == ("198.51.100.7", "GET")


@pytest.mark.walk("listener")
def test_request_id_reaches_service(proxy: Gateway) -> None:
    proxy.request("/v1/status/id", headers={"X-Request-ID": "of-the-edge=="})
    proxy.request("/v1/status/no-id")
    ids = [
        proxy.service.headers_of(f"/v1/status/{path}")[0]["x-request-id"]
        for path in ("id", "no-id")
    ]
    assert ids == ["of-the-edge==", "made-here"]
    assert proxy.logged("of-the-edge==")[1]["status"] == "200"


def test_services_see_the_viewer_alone(proxy: Gateway) -> None:
    viewer = {
        "X-Viewer-Address": "2001:db8::1",
        "X-Forwarded-For": "203.0.113.66",
        "X-Forwarded-Path": "/evil",
        "X-Forwarded-Prefix": "/e",
    }
    proxy.request("/v1/status/viewer?x=1", headers=viewer)
    (sent,) = proxy.service.headers_of("/v1/status/viewer?x=1")
    forwarded = {name: value for name, value in sent.items() if name.startswith("x-forwarded")}
    assert forwarded == {
        "x-forwarded-for": "2001:db8::1",
        "x-forwarded-proto": "https",
        "x-forwarded-port": "443",
        "x-forwarded-path": "/v1/status/viewer",
    }


def test_answers_to_tokens_are_compressed(proxy: Gateway, bearer: dict[str, str]) -> None:
    asks = {"Accept-Encoding": "gzip", "Via": "2.0 example.cloudfront.net (CloudFront)"}
    answer, body = proxy.request(f"/v1/playback{LONG}", headers={**asks, **bearer})
    assert answer.getheader("Content-Encoding") == "gzip"
    assert json.loads(gzip.decompress(body))["tracks"]
    assert proxy.request(f"/v1/status{LONG}", headers=asks)[0].getheader("Content-Encoding") is None

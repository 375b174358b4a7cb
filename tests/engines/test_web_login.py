"""Logins of listeners and staff through the gateway's routes, and its plugin's handling of tokens."""

import base64
import hashlib
import hmac
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.engines.gateway import API, ISSUER, OPEN, Gateway, gateway
from tests.engines.keycloak import PASSWORD, PUBLIC_URL, Keycloak
from tests.engines.logins import (
    REDIRECT,
    add_person,
    code_of,
    exchange,
    give_password,
    login_address,
    one_time_password,
    set_up_second_factor,
    tokens,
)
from tests.engines.ports import quiet_ports
from tests.engines.programs import wait_until
from tests.model.values import Json
from tests.unit.gateway.lua import Key, encoded

ENDPOINT = f"{ISSUER}/protocol/openid-connect"
FAILURES = 10
"""Number of wrong passwords that locks an account (`identity/realm.py`)."""
UNKNOWN_KEYS = 60


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Key:
    return Key("ours", tmp_path_factory.mktemp("key"))


@pytest.fixture
def claims(web: Gateway) -> Json:
    return part(tokens(web, "listener")["access_token"], 1)


@pytest.fixture
def key(web: Gateway, keycloak: Keycloak, claims: Json, pair: Key) -> Key:
    """Key pair that the realm publishes but does not sign with, so that a token has exactly one
    defect.
    """
    if pair.kid == "ours":
        config = {
            "priority": ["1"],
            "enabled": ["true"],
            "active": ["true"],
            "algorithm": ["RS256"],
            "privateKey": [pair.private.read_text()],
        }
        provider = {"name": "of-the-test", "providerId": "rsa", "providerType": "org.keycloak.keys.KeyProvider", "config": config}
        keycloak.admin("POST", "/spotmusic/components", provider)
        (made,) = keycloak.admin("GET", "/spotmusic/components?name=of-the-test")
        pair.kid = next(one["kid"] for one in keycloak.admin("GET", "/spotmusic/keys")["keys"] if one["providerId"] == made["id"])
        wait_until(lambda: web.ask(API, token=pair.token(**claims))[0] == 200, "the gateway knows the pair")
    return pair


def part(token: str, number: int) -> Json:
    text = token.split(".")[number]
    return dict(json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))))


def error_of(place: str) -> str:
    split = urlsplit(place)
    (error,) = {**parse_qs(split.query), **parse_qs(split.fragment)}["error"]
    return error


@pytest.mark.walk("listener")
def test_web_login_returns_api_token(web: Gateway) -> None:
    answer = tokens(web, "listener")
    claims = part(answer["access_token"], 1)
    assert (claims["iss"], claims["aud"], claims["azp"], claims["typ"]) == (ISSUER, "web-api", "web", "Bearer")
    assert claims["realm_access"] == {"roles": ["listener"]}
    assert answer["expires_in"] == 300
    assert web.ask(f"{API}/queue", token=answer["access_token"]) == (200, "", f"{claims['sub']} {claims['sub']} listener")


def test_gateway_lets_nobody_pass_without_token(web: Gateway) -> None:
    web.service.reached.clear()
    assert web.ask(API)[0] == 401
    assert web.ask(OPEN)[0] == 200
    assert web.service.reached == ["/v1/status"]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_challenge": "", "code_challenge_method": ""}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"response_type": "token"}, "unauthorized_client"),
        ({"response_type": "id_token token", "nonce": "n"}, "unauthorized_client"),
    ],
    ids=["no-pkce", "plain-pkce", "implicit", "implicit-with-id"],
)
def test_login_page_refuses_other_ways(web: Gateway, changes: dict[str, str], error: str) -> None:
    status, place, _ = web.ask(login_address(web, **changes))
    assert (status, place.startswith(REDIRECT), error_of(place)) == (302, True, error)


@pytest.mark.parametrize(
    "redirect",
    [
        "https://evil.example/callback",
        f"{REDIRECT}/../evil",
        f"{REDIRECT}/more",
        f"{REDIRECT}?next=evil",
        "http://spotmusic.example/callback",
        "https://spotmusic.example@evil.example/callback",
    ],
)
def test_login_page_refuses_other_redirects(web: Gateway, redirect: str) -> None:
    assert web.ask(login_address(web, redirect_uri=redirect))[:2] == (400, "")


def test_a_code_needs_its_verifier_once(web: Gateway) -> None:
    for changes, wanted in (({"code_verifier": "w" * 64}, 400), ({"client_id": "mobile"}, 400), ({}, 200)):
        place, _ = give_password(web, "listener")
        assert exchange(web, code_of(place), **changes)[0] == wanted
    status, answer = exchange(web, code_of(place))
    assert (status, answer["error"]) == (400, "invalid_grant")


@pytest.mark.walk("listener")
def test_a_lost_answer_logs_nobody_out(web: Gateway) -> None:
    form = {"grant_type": "refresh_token", "client_id": "web", "refresh_token": tokens(web, "listener")["refresh_token"]}
    web.token("spotmusic", **form)
    status, answer = web.token("spotmusic", **form)
    assert status == 200
    assert web.token("spotmusic", **{**form, "refresh_token": answer["refresh_token"]})[0] == 200


def test_reused_refresh_token_ends_session(web: Gateway) -> None:
    form = {"grant_type": "refresh_token", "client_id": "web", "refresh_token": tokens(web, "listener")["refresh_token"]}
    _, newest = web.token("spotmusic", **form)
    assert web.token("spotmusic", **form)[0] == 200
    for token in (form["refresh_token"], newest["refresh_token"]):
        status, answer = web.token("spotmusic", **{**form, "refresh_token": token})
        assert (status, answer["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize("client", ["web", "mobile", "admin-cli"])
def test_passwords_give_no_tokens_at_the_gateway(web: Gateway, client: str) -> None:
    status, answer = web.token("spotmusic", grant_type="password", client_id=client, username="listener", password=PASSWORD)
    assert (status, answer["error"]) == (400, "unauthorized_client")


def test_devices_get_no_codes(web: Gateway) -> None:
    status, _, answer = web.ask(f"{ENDPOINT}/auth/device", form={"client_id": "web"})
    assert (status, json.loads(answer)["error"]) == (400, "unauthorized_client")


@pytest.mark.walk("listener")
def test_listeners_choose_no_short_password(web: Gateway, keycloak: Keycloak) -> None:
    """A new listener selects a password on the same page after the address is verified."""
    user = add_person(keycloak, "chooses")
    keycloak.admin("PUT", f"/spotmusic/users/{user}", {"requiredActions": ["UPDATE_PASSWORD"]})
    place, page = give_password(web, "chooses")
    for password, good in (("abcde", False), ("chooses@spotmusic.example", False), ("a-long-one-of-mine", True)):
        assert not place.startswith(REDIRECT)
        place, page = web.submit(page, {"password-new": password, "password-confirm": password}, REDIRECT)
        assert place.startswith(REDIRECT) == good, page


@pytest.mark.parametrize(
    "path",
    [
        "/auth/admin/master/console/",
        "/auth/admin/realms",
        "/auth/realms/master/protocol/openid-connect/auth",
        "/auth/realms/spotmusic/clients-registrations/default",
        "/auth/realms/spotmusic/account/..;/..;/..;/admin",
        "/auth/realms/spotmusic/account/%2e%2e/%2e%2e/%2e%2e/admin/realms",
        "/auth/realms/spotmusic/account/../../../admin/realms",
        "/auth/metrics",
        "/auth/health",
    ],
)
def test_gateway_has_no_route_for_administration(web: Gateway, path: str) -> None:
    assert web.ask(f"{PUBLIC_URL}{path}")[:2] == (404, "")


def test_other_tokens_of_the_realm_are_refused(web: Gateway) -> None:
    answer = tokens(web, "listener")
    web.service.reached.clear()
    for name in ("id_token", "refresh_token"):
        assert web.ask(API, token=answer[name])[0] == 401
    head, body, tail = answer["access_token"].split(".")
    changed = encoded(json.dumps({**part(answer["access_token"], 1), "sub": "somebody-else"}).encode())
    for token in (f"{head}.{changed}.{tail}", f"{head}.{body}.", f"{head}.{body}", f"{head}.{body}.{tail[:-8]}"):
        assert web.ask(API, token=token)[0] == 401
    assert web.service.reached == []


def test_a_token_of_the_published_pair_passes(web: Gateway, key: Key, claims: Json) -> None:
    """Confirms that the rejections below are caused by each token's defect."""
    assert web.ask(API, token=key.token(**claims))[0] == 200


DEEP = "[" * 2000 + "]" * 2000


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.example/auth/realms/spotmusic"},
        {"iss": f"{PUBLIC_URL}/auth/realms/master"},
        {"aud": "account"},
        {"azp": "grafana"},
        {"typ": "ID"},
        {"exp": 1_000_000_000},
        {"exp": 9_999_999_999},
        {"sub": None},
        {"header": {"crit": ["exp"]}},
        {"header": {"kid": "unknown"}},
        {"header": {"kid": None}},
        {"header": {"alg": "none"}},
        {"header": {"alg": "HS256"}},
        {"header": {"alg": "PS256"}},
    ],
    ids=str,
)
def test_a_wrong_token_is_refused(web: Gateway, key: Key, claims: Json, changes: Json) -> None:
    web.service.reached.clear()
    status, _, answer = web.ask(API, token=key.token(**{**claims, **changes}))
    assert (status, web.service.reached) == (401, []), answer


def test_public_key_signature_is_rejected(web: Gateway, key: Key, claims: Json) -> None:
    """A verifier that takes the algorithm from the token uses the public key as a shared secret."""
    head = encoded(json.dumps({"alg": "HS256", "typ": "JWT", "kid": key.kid}).encode())
    signed = f"{head}.{encoded(json.dumps(claims).encode())}"
    tail = encoded(hmac.new(key.public.read_bytes(), signed.encode(), hashlib.sha256).digest())
    assert web.ask(API, token=f"{signed}.{tail}")[0] == 401


def test_the_key_for_encryption_signs_nothing(web: Gateway, keycloak: Keycloak, key: Key, claims: Json) -> None:
    (kid,) = (one["kid"] for one in keycloak.admin("GET", "/spotmusic/keys")["keys"] if one["use"] == "ENC" and one["type"] == "RSA")
    assert web.ask(API, token=key.token(**claims, header={"kid": kid}))[0] == 401
    assert web.ask(API, token=f"{encoded(DEEP.encode())}.e30.AA")[0] == 401


def test_good_tokens_pass_beside_unknown_keys(web: Gateway, key: Key, claims: Json) -> None:
    good = key.token(**claims)
    odd = [key.token(**claims, header={"kid": f"unknown-{number}"}) for number in range(UNKNOWN_KEYS)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda token: web.ask(API, token=token)[0], [token for one in odd for token in (one, good)]))
    assert found == [401, 200] * UNKNOWN_KEYS


def test_tokens_are_not_judged_without_keys(tmp_path: Path, keycloak: Keycloak, web: Gateway) -> None:
    answer = tokens(web, "listener")
    with gateway(tmp_path, keycloak, keys_port=quiet_ports(1)[0]) as alone:
        assert alone.ask(API, token=answer["access_token"])[0] == 503
        assert alone.service.reached.count("/v1/playback") == 0


def test_listeners_are_asked_for_no_second_factor(web: Gateway) -> None:
    place, _ = give_password(web, "listener")
    assert place.startswith(REDIRECT)


@pytest.mark.walk("administrator")
@pytest.mark.parametrize(("role", "client"), [("staff", ""), ("curator", ""), ("viewer", "grafana")])
def test_staff_set_up_and_use_second_factor(web: Gateway, keycloak: Keycloak, role: str, client: str) -> None:
    name = f"works-as-{role}"
    add_person(keycloak, name, role=role, client=client)
    place, page = give_password(web, name)
    assert not place.startswith(REDIRECT)
    secret, _ = set_up_second_factor(web, page)
    # Of the next half minute: the previous one was used.
    password = one_time_password(secret, steps=1)
    for wanted in (True, False):
        place, page = give_password(web, name)
        assert not place.startswith(REDIRECT)
        assert 'name="otp"' in page
        place, _ = web.submit(page, {"otp": password}, REDIRECT)
        assert place.startswith(REDIRECT) == wanted


def test_wrong_passwords_lock_an_account(web: Gateway, keycloak: Keycloak) -> None:
    user = add_person(keycloak, "guessed-at")
    state = f"/spotmusic/attack-detection/brute-force/users/{user}"
    assert give_password(web, "guessed-at")[0].startswith(REDIRECT)
    for _ in range(2 * FAILURES):
        # Keycloak counts failures asynchronously, and does not count while it still records the
        # previous attempt.
        assert not give_password(web, "guessed-at", "wrong-wrong-wrong", tries=1)[0].startswith(REDIRECT)
        if keycloak.admin("GET", state)["disabled"]:
            break
    wait_until(lambda: bool(keycloak.admin("GET", state)["disabled"]), "the account is locked")
    assert not give_password(web, "guessed-at", tries=1)[0].startswith(REDIRECT)
    keycloak.admin("DELETE", state)
    assert give_password(web, "guessed-at")[0].startswith(REDIRECT)

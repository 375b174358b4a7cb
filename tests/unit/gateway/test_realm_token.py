"""Kong plugin that verifies tokens, run by a real Lua interpreter."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.unit.gateway.lua import (
    CONF,
    NOW,
    SOURCES,
    Key,
    encoded,
    interpreter,
    realm,
    request,
    run,
)
from tools.model.values import Json


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Key:
    return Key("first", tmp_path_factory.mktemp("first"))


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Key:
    return Key("second", tmp_path_factory.mktemp("second"))


def passes(outcome: Json) -> bool:
    return "status" not in outcome and bool(outcome.get("subject"))


def answer_to(key: Key, token: str | None, **more: Any) -> Json:
    (outcome,) = run("realm-token", request(token, realm(key), **more), keys=(key,))
    return outcome


@pytest.mark.parametrize(
    "file", sorted(SOURCES.glob("*/*.lua")), ids=lambda file: f"{file.parent.name}/{file.name}"
)
def test_lua_compiles(file: Path) -> None:
    done = subprocess.run(
        [interpreter(), "-e", f"assert(loadfile({str(file)!r}))"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_realm_token_sets_subject_as_credential(key: Key) -> None:
    outcome = answer_to(key, key.token())
    assert passes(outcome)
    assert outcome["subject"] == "listener-1"
    assert "consumer" not in outcome


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"iss": "https://evil.example/auth/realms/spotmusic"}, "issuer"),
        ({"iss": "https://spotmusic.example/auth/realms/master"}, "issuer"),
        ({"iss": None}, "issuer"),
        ({"aud": "account"}, "audience"),
        ({"aud": ["account", "grafana"]}, "audience"),
        ({"aud": None}, "audience"),
        ({"azp": "grafana"}, "client"),
        ({"azp": None}, "client"),
        ({"typ": "ID"}, "no access token"),
        ({"typ": "Refresh"}, "no access token"),
        ({"exp": NOW - 10}, "expired"),
        ({"exp": None}, "expired"),
        ({"exp": "9999999999"}, "expired"),
        ({"exp": NOW + 86_400}, "too long"),
        ({"nbf": NOW + 60}, "not valid yet"),
        ({"iat": NOW + 60}, "not valid yet"),
        ({"sub": None}, "no subject"),
        ({"sub": ""}, "no subject"),
    ],
)
def test_realm_token_rejects_wrong_claims(key: Key, claims: Json, expected: str) -> None:
    outcome = answer_to(key, key.token(**claims))
    assert outcome["status"] == 401
    assert expected in outcome["message"]
    assert 'error="invalid_token"' in outcome["headers"]["WWW-Authenticate"]


@pytest.mark.parametrize(
    "claims", [{"aud": "web-api"}, {"nbf": 0}, {"azp": "mobile"}, {"exp": NOW - 3}]
)
def test_realm_token_accepts_standard_forms(key: Key, claims: Json) -> None:
    assert passes(answer_to(key, key.token(**claims)))


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"},
        {"alg": "HS256"},
        {"alg": "RS512"},
        {"kid": None},
        {"kid": "x" * 200},
        {"crit": ["exp"]},
        {"alg": ["RS256"]},
    ],
)
def test_realm_token_rejects_other_algorithms(key: Key, header: Json) -> None:
    outcome = answer_to(key, key.token(header=header))
    assert outcome["status"] == 401
    assert outcome["asked"] == 0


def test_realm_token_rejects_foreign_key(key: Key, other: Key) -> None:
    forged = other.token(header={"kid": key.kid})
    outcome = answer_to(key, forged)
    assert (outcome["status"], outcome["message"]) == (401, "Invalid token: its signature is wrong")


def test_realm_token_rejects_changed_claims(key: Key) -> None:
    head, _, tail = key.token().split(".")
    _, body, _ = key.token(sub="somebody-else").split(".")
    assert answer_to(key, f"{head}.{body}.{tail}")["status"] == 401


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a",
        "a.b",
        "a.b.c",
        "a.b.c.d",
        "..",
        "e30.e30.",
        f"{encoded(b'[]')}.{encoded(b'[]')}.AAAA",
        "x" * 9000,
    ],
)
def test_malformed_token_is_rejected_without_lookup(key: Key, token: str) -> None:
    outcome = answer_to(key, token)
    assert outcome["status"] == 401
    assert outcome["asked"] == 0


@pytest.mark.parametrize("scheme", ["Basic", "Token"])
def test_other_scheme_is_no_token(key: Key, scheme: str) -> None:
    assert answer_to(key, key.token(), scheme=scheme)["status"] == 401


def test_missing_token_returns_challenge(key: Key) -> None:
    outcome = answer_to(key, None)
    assert (outcome["status"], outcome["headers"]["WWW-Authenticate"]) == (
        401,
        'Bearer realm="spotmusic"',
    )


def test_two_tokens_are_rejected(key: Key) -> None:
    twice = {"headers": {"authorization": [f"Bearer {key.token()}"] * 2}, "realm": realm(key)}
    (outcome,) = run("realm-token", twice, keys=(key,))
    assert outcome["status"] == 401


def test_realm_keys_are_cached(key: Key) -> None:
    outcomes = run("realm-token", *[request(key.token(), realm(key))] * 3, keys=(key,))
    assert [outcome["asked"] for outcome in outcomes] == [1, 0, 0]
    assert all(passes(outcome) for outcome in outcomes)


def test_new_realm_key_is_accepted_immediately(key: Key, other: Key) -> None:
    both = realm(key, other)
    old, new, still = run(
        "realm-token",
        request(key.token(), realm(key)),
        request(other.token(), both, after=10),
        request(key.token(), both, after=1),
        keys=(key, other),
    )
    assert passes(old)
    assert passes(new)
    assert new["asked"] == 1
    assert passes(still)


def test_revoked_realm_key_expires(key: Key, other: Key) -> None:
    after = CONF["refresh_seconds"] + 1
    late: Json = {"exp": NOW + 3000}
    outcomes = run(
        "realm-token",
        request(key.token(**late), realm(key)),
        request(key.token(**late), realm(other), after=after),
        request(key.token(**late), realm(other), after=10),
        keys=(key, other),
    )
    assert [passes(outcome) for outcome in outcomes] == [True, True, False]
    assert outcomes[1]["asked"] == 1  # in the background, so the request does not wait


@pytest.mark.parametrize(
    "answer",
    [
        None,
        {"status": 503, "body": ""},
        {"body": "<html>"},
        {"body": '{"keys": []}'},
        {"body": "x" * 70_000},
        {"body": "[]"},
    ],
)
def test_realm_outage_keeps_known_keys(key: Key, answer: Json | None) -> None:
    good = key.token(exp=NOW + 3500)
    outcomes = run(
        "realm-token",
        request(good, realm(key)),
        *[request(good, answer, after=301)] * 3,
        keys=(key,),
    )
    assert all(passes(outcome) for outcome in outcomes)
    assert "stay good" in outcomes[1]["log"]


def test_concurrent_requests_share_key_renewal(key: Key) -> None:
    good = key.token(exp=NOW + 3500)
    first, *others = [request(good, None, after=0 if number else 301) for number in range(10)]
    outcomes = run("realm-token", request(good, realm(key)), first, *others, keys=(key,))
    assert all(passes(outcome) for outcome in outcomes)
    assert [outcome["timers"] for outcome in outcomes[1:]] == [1] + [0] * 9


def test_unknown_keys_return_503(key: Key) -> None:
    away, back = run(
        "realm-token",
        request(key.token(), None),
        request(key.token(), realm(key), after=2),
        keys=(key,),
    )
    assert (away["status"], away["headers"]["Retry-After"]) == (503, "5")
    assert passes(back)


def test_unknown_key_ids_limit_lookups(key: Key, other: Key) -> None:
    answers = realm(key)
    flood = [
        request(other.token(header={"kid": f"made-up-{number}"}), answers, after=0.01)
        for number in range(20)
    ]
    outcomes = run("realm-token", request(key.token(), answers), *flood, keys=(key, other))
    assert all(outcome["status"] == 401 for outcome in outcomes[1:])
    assert sum(outcome["asked"] for outcome in outcomes) == 1


FORGED = {
    "X-Listener": "admin",
    "x-listener-roles": "staff",
    "X_Listener": "admin",
    "X_LISTENER_ROLES": "staff",
    "X-Consumer-Id": "1",
    "X-Consumer-Username": "admin",
    "X-Credential-Identifier": "admin",
    "X-Authenticated-Userid": "admin",
    "X-Authenticated-Scope": "all",
    "X-Anonymous-Consumer": "false",
    "X-User-Id": "1",
    "X-Userinfo": "e30=",
    "X-Forwarded-User": "admin",
    "X-Remote-User": "admin",
    "Remote_User": "admin",
    "X-Auth-Request-User": "admin",
    "X-Amzn-Oidc-Identity": "admin",
    "X-Forwarded-Server": "evil.example",
    "X-Original-Host": "evil.example",
    "X-HTTP-Method-Override": "DELETE",
}
"""Headers in which gateways, proxies and frameworks pass the identity or override the request."""


def test_viewer_address_clears_forged_identities() -> None:
    kept = {
        "authorization": "Bearer x",
        "accept": "*/*",
        "x-request-id": "7",
        "x-viewer-address": "198.51.100.7",
    }
    (outcome,) = run("viewer-address", {"headers": {**FORGED, **kept}, "address": "198.51.100.7"})
    assert outcome["sent"] == kept


def test_viewer_address_handles_many_headers() -> None:
    many = {f"a-{number}": "x" for number in range(300)}
    (outcome,) = run("viewer-address", {"headers": {**many, **FORGED}, "address": "198.51.100.7"})
    assert outcome["sent"] == many


def test_realm_token_passes_listener_to_service(key: Key) -> None:
    token = key.token(realm_access={"roles": ["listener", "curator"]})
    asked = request(token, realm(key))
    asked["headers"].update(FORGED)
    (outcome,) = run("realm-token", asked, keys=(key,))
    assert (outcome["sent"]["X-Listener"], outcome["sent"]["X-Listener-Roles"]) == (
        "listener-1",
        "curator,listener",
    )
    assert "x-listener-roles" not in outcome["sent"]


@pytest.mark.parametrize(
    "roles",
    [
        None,
        {},
        {"roles": []},
        {"roles": "staff"},
        {"roles": ["a,staff", "x\r\nX-Listener: y", 7]},
        "staff",
    ],
)
def test_realm_token_omits_malformed_roles(key: Key, roles: Any) -> None:
    outcome = answer_to(key, key.token(realm_access=roles))
    assert passes(outcome)
    assert "X-Listener-Roles" not in outcome["sent"]


@pytest.mark.parametrize(
    "subject", ["a\r\nX-Listener-Roles: staff", "two words", "x" * 256, "jo\u00e3o"]
)
def test_realm_token_refuses_subjects_no_header_holds(key: Key, subject: str) -> None:
    assert answer_to(key, key.token(sub=subject))["status"] == 401


def test_gateway_clears_identities_first() -> None:
    def priority(folder: str) -> int:
        found = re.search(r"PRIORITY = (\d+)", (SOURCES / folder / "handler.lua").read_text())
        assert found
        return int(found[1])

    assert priority("viewer_address") > priority("realm_token")


def test_upstreams_receive_viewer_address_and_scheme() -> None:
    forged = {"headers": {"x-forwarded-for": "203.0.113.66"}, "address": "198.51.100.7"}
    (outcome,) = run("viewer-address", forged)
    assert outcome["upstream"] == {
        "request_uri": "/v1/playback/x?q=secret",
        "upstream_x_forwarded_for": "198.51.100.7",
        "upstream_x_forwarded_proto": "https",
        "upstream_x_forwarded_port": 443,
        "upstream_x_forwarded_path": "/v1/playback/x",
        "upstream_x_forwarded_prefix": "",
    }

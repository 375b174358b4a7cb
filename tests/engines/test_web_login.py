"""Logins of listeners and staff through the gateway's routes, and tokens in its plugin."""

import base64
import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest

from spotmusic_constructs.edge.web_acl_rules import LONGEST_QUERY
from tests.engines.gateway import API, ISSUER, OPEN, Gateway, gateway
from tests.engines.keycloak import Keycloak
from tests.engines.logins import (
    REDIRECT,
    add_person,
    give_password,
    one_time_password,
    set_up_second_factor,
    tokens,
)
from tests.engines.mail import MailServer
from tests.engines.ports import quiet_ports
from tests.engines.programs import wait_until
from tests.serving import serving
from tests.unit.gateway.lua import encoded
from tools.model.values import Json
from tools.smoke.login import code_of, exchange, login_address

ENDPOINT = f"{ISSUER}/protocol/openid-connect"
FAILURES = 10
"""Number of wrong passwords that locks an account (`identity/realm.py`)."""


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
    assert (claims["iss"], claims["aud"], claims["azp"], claims["typ"]) == (
        ISSUER,
        "web-api",
        "web",
        "Bearer",
    )
    assert claims["realm_access"] == {"roles": ["listener"]}
    assert claims["exp"] - claims["iat"] == 300
    assert web.ask(f"{API}/queue", token=answer["access_token"])[0] == 200
    (sent,) = web.service.headers_of("/v1/playback/queue")
    assert [sent[name] for name in ("x-counted-by", "x-listener", "x-listener-roles")] == [
        claims["sub"],
        claims["sub"],
        "listener",
    ]


def test_gateway_requires_token(web: Gateway) -> None:
    web.service.asked.clear()
    assert web.ask(API)[0] == 401
    assert web.ask(OPEN)[0] == 200
    assert [path for _, path, _ in web.service.asked] == ["/v1/status"]


def test_login_page_accepts_longest_query(web: Gateway) -> None:
    rest = len(urlsplit(login_address(web, state="x")).query) - 1
    address = login_address(web, state="x" * (LONGEST_QUERY - rest))
    assert len(urlsplit(address).query) == LONGEST_QUERY
    assert web.ask(address)[0] == 200


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


def test_login_code_requires_verifier_once(web: Gateway) -> None:
    for changes, wanted in (
        ({"code_verifier": "w" * 64}, 400),
        ({"client_id": "mobile"}, 400),
        ({}, 200),
    ):
        place, _ = give_password(web, "listener")
        assert exchange(web, code_of(place), **changes)[0] == wanted
    status, answer = exchange(web, code_of(place))
    assert (status, answer["error"]) == (400, "invalid_grant")


@pytest.mark.walk("listener")
def test_lost_answer_keeps_session(web: Gateway) -> None:
    form = {
        "grant_type": "refresh_token",
        "client_id": "web",
        "refresh_token": tokens(web, "listener")["refresh_token"],
    }
    web.token("spotmusic", **form)
    status, answer = web.token("spotmusic", **form)
    assert status == 200
    assert web.token("spotmusic", **{**form, "refresh_token": answer["refresh_token"]})[0] == 200


def test_reused_refresh_token_ends_session(web: Gateway) -> None:
    form = {
        "grant_type": "refresh_token",
        "client_id": "web",
        "refresh_token": tokens(web, "listener")["refresh_token"],
    }
    _, newest = web.token("spotmusic", **form)
    assert web.token("spotmusic", **form)[0] == 200
    for token in (form["refresh_token"], newest["refresh_token"]):
        status, answer = web.token("spotmusic", **{**form, "refresh_token": token})
        assert (status, answer["error"]) == (400, "invalid_grant")


def test_devices_get_no_codes(web: Gateway) -> None:
    status, _, answer = web.ask(f"{ENDPOINT}/auth/device", form={"client_id": "web"})
    assert (status, json.loads(answer)["error"]) == (400, "unauthorized_client")


@pytest.mark.walk("listener")
def test_listeners_choose_no_short_password(web: Gateway, keycloak: Keycloak) -> None:
    """A new listener selects a password on the same page after the address is verified."""
    user = add_person(keycloak, "chooses")
    keycloak.admin("PUT", f"/spotmusic/users/{user}", {"requiredActions": ["UPDATE_PASSWORD"]})
    place, page = give_password(web, "chooses")
    for password, good in (
        ("abcde", False),
        ("chooses@spotmusic.example", False),
        ("a-long-one-of-mine", True),
    ):
        assert not place.startswith(REDIRECT)
        place, page = web.submit(
            page, {"password-new": password, "password-confirm": password}, REDIRECT
        )
        assert place.startswith(REDIRECT) == good, page


def test_gateway_rejects_other_realm_tokens(web: Gateway) -> None:
    answer = tokens(web, "listener")
    web.service.asked.clear()
    for name in ("id_token", "refresh_token"):
        assert web.ask(API, token=answer[name])[0] == 401
    head, body, tail = answer["access_token"].split(".")
    changed = encoded(
        json.dumps({**part(answer["access_token"], 1), "sub": "somebody-else"}).encode()
    )
    for token in (
        f"{head}.{changed}.{tail}",
        f"{head}.{body}.",
        f"{head}.{body}",
        f"{head}.{body}.{tail[:-8]}",
    ):
        assert web.ask(API, token=token)[0] == 401
    assert web.service.asked == []


def test_tokens_are_not_judged_without_keys(
    tmp_path: Path, keycloak: Keycloak, web: Gateway
) -> None:
    answer = tokens(web, "listener")
    with gateway(tmp_path, keycloak, keys_port=quiet_ports(1)[0]) as alone:
        assert alone.ask(API, token=answer["access_token"])[0] == 503
        assert alone.service.headers_of("/v1/playback") == []


@pytest.mark.walk("administrator")
@pytest.mark.parametrize(
    ("role", "client"), [("staff", ""), ("curator", ""), ("viewer", "grafana")]
)
def test_staff_set_up_and_use_second_factor(
    web: Gateway, keycloak: Keycloak, role: str, client: str
) -> None:
    name = f"works-as-{role}"
    add_person(keycloak, name, role=role, client=client)
    place, page = give_password(web, name)
    assert not place.startswith(REDIRECT)
    secret, _ = set_up_second_factor(web, page)
    # Password of the next half minute. The previous one was used.
    password = one_time_password(secret, steps=1)
    for wanted in (True, False):
        place, page = give_password(web, name)
        assert not place.startswith(REDIRECT)
        assert 'name="otp"' in page
        place, _ = web.submit(page, {"otp": password}, REDIRECT)
        assert place.startswith(REDIRECT) == wanted


@pytest.fixture
def mails(keycloak: Keycloak, wanted: Json) -> Iterator[MailServer]:
    """Mail server of the realm."""
    server = MailServer()
    with serving(server):
        keycloak.admin("PUT", "/spotmusic", {"smtpServer": server.settings})
        yield server
    keycloak.admin("PUT", "/spotmusic", {"smtpServer": wanted["smtpServer"]})


def open_mailed_link(web: Gateway, mails: MailServer, user: str) -> str:
    """Ask for a new password, and return the page behind the link in the mail."""
    web.forget()
    _, page = web.visit(login_address(web))
    (link,) = re.findall(r'href="([^"]+/reset-credentials[^"]*)"', page)
    _, page = web.visit(urljoin(web.origin, html.unescape(link)))
    web.submit(page, {"username": user})
    return web.visit(mails.link())[1]


def choose_password(web: Gateway, page: str) -> str:
    """Submit a new password, and return the next address."""
    form = dict.fromkeys(("password-new", "password-confirm"), "another-long-one-of-mine")
    return web.submit(page, form, REDIRECT)[0]


@pytest.mark.walk("listener")
def test_listener_gets_new_password_by_mail(
    web: Gateway, keycloak: Keycloak, mails: MailServer
) -> None:
    add_person(keycloak, "forgets")
    assert choose_password(web, open_mailed_link(web, mails, "forgets")).startswith(REDIRECT)


def test_mailed_link_sets_up_second_factor_of_staff(
    web: Gateway, keycloak: Keycloak, mails: MailServer
) -> None:
    add_person(keycloak, "new-staff", role="staff")
    page = open_mailed_link(web, mails, "new-staff")
    assert 'name="totpSecret"' in page


@pytest.mark.parametrize("role", ["staff", "listener"])
def test_mailed_link_requires_second_factor(
    web: Gateway, keycloak: Keycloak, mails: MailServer, role: str
) -> None:
    """A mailbox alone neither replaces the second factor nor the password."""
    name = f"forgets-as-{role}"
    user = add_person(keycloak, name, role=role)
    if role == "listener":
        keycloak.admin("PUT", f"/spotmusic/users/{user}", {"requiredActions": ["CONFIGURE_TOTP"]})
    secret, _ = set_up_second_factor(web, give_password(web, name)[1])
    page = open_mailed_link(web, mails, name)
    assert 'name="otp"' in page
    _, page = web.submit(page, {"otp": one_time_password(secret, steps=1)}, REDIRECT)
    assert choose_password(web, page).startswith(REDIRECT)


def test_wrong_passwords_lock_an_account(web: Gateway, keycloak: Keycloak) -> None:
    user = add_person(keycloak, "guessed-at")
    state = f"/spotmusic/attack-detection/brute-force/users/{user}"
    assert give_password(web, "guessed-at")[0].startswith(REDIRECT)
    for _ in range(2 * FAILURES):
        # Keycloak counts failures asynchronously, and does not count while it still records the
        # previous attempt.
        assert not give_password(web, "guessed-at", "wrong-wrong-wrong", tries=1)[0].startswith(
            REDIRECT
        )
        if keycloak.admin("GET", state)["disabled"]:
            break
    wait_until(lambda: bool(keycloak.admin("GET", state)["disabled"]), "the account is locked")
    assert not give_password(web, "guessed-at", tries=1)[0].startswith(REDIRECT)
    keycloak.admin("DELETE", state)
    assert give_password(web, "guessed-at")[0].startswith(REDIRECT)

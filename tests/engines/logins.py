"""Logins with the password of all tests, users, and second factors."""

import hmac
import re
import struct
import time

from tests.engines.keycloak import PASSWORD, PUBLIC_URL, Keycloak
from tools.model.values import Json
from tools.smoke import login
from tools.smoke.browser import Browser

REDIRECT = f"{PUBLIC_URL}/callback"
STEP_SECONDS = 30
TRIES = 20


def person(name: str) -> Json:
    """Return a user with the password of all tests."""
    credentials = [{"type": "password", "value": PASSWORD, "temporary": False}]
    named = {
        "firstName": "A",
        "lastName": "B",
        "email": f"{name}@spotmusic.example",
        "emailVerified": True,
    }
    return {**named, "username": name, "enabled": True, "credentials": credentials}


def add_person(keycloak: Keycloak, name: str, *, role: str = "", client: str = "") -> str:
    """Add a user with a role of the realm, or of a client, and return the user's id."""
    keycloak.admin("POST", "/spotmusic/users", person(name))
    (found,) = keycloak.admin("GET", f"/spotmusic/users?exact=true&username={name}")
    if role:
        of, to = "", "realm"
        if client:
            (held,) = keycloak.admin("GET", f"/spotmusic/clients?clientId={client}")
            of, to = f"/clients/{held['id']}", f"clients/{held['id']}"
        wanted = keycloak.admin("GET", f"/spotmusic{of}/roles/{role}")
        keycloak.admin("POST", f"/spotmusic/users/{found['id']}/role-mappings/{to}", [wanted])
    return str(found["id"])


def give_password(
    browser: Browser, user: str, password: str = PASSWORD, *, tries: int = TRIES
) -> tuple[str, str]:
    """Submit the password, again while Keycloak still records the previous login."""
    return login.give_password(browser, user, password, tries=tries)


def tokens(browser: Browser, user: str) -> Json:
    """Log in with the password of all tests and return the tokens."""
    return login.tokens(browser, user, PASSWORD, tries=TRIES)


def set_up_second_factor(browser: Browser, page: str, until: str = REDIRECT) -> tuple[str, str]:
    """Configure a one-time password on its page; return the secret and the URL at which the login
    ended.
    """
    (secret,) = re.findall(r'name="totpSecret"[^>]*value="([^"]+)"', page)
    form = {"totpSecret": secret, "totp": one_time_password(secret), "userLabel": "phone"}
    place, page = browser.submit(page, form, until)
    assert place.startswith(until), page
    return secret, place


def one_time_password(secret: str, *, steps: int = 0) -> str:
    """Compute the one-time password of this half minute, or of a later one (RFC 6238). Keycloak
    accepts the previous and next ones as well.
    """
    digest = hmac.new(
        secret.encode(), struct.pack(">Q", int(time.time()) // STEP_SECONDS + steps), "sha1"
    ).digest()
    place = digest[-1] & 15
    number = int.from_bytes(digest[place : place + 4], "big") & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"

"""Browser logins with authorization code and PKCE, and second factors."""

import base64
import hashlib
import hmac
import re
import struct
import time
from urllib.parse import parse_qs, urlencode, urlsplit

from spotmusic_constructs.identity.keycloak_values import PATH
from tests.engines.keycloak import PASSWORD, PUBLIC_URL, Browser, Keycloak
from tests.model.values import Json

REDIRECT = f"{PUBLIC_URL}/callback"
VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
STEP_SECONDS = 30
TRIES, PAUSE_SECONDS = 20, 0.5


def person(name: str) -> Json:
    """Returns a user with the password of all tests."""
    credentials = [{"type": "password", "value": PASSWORD, "temporary": False}]
    named = {"firstName": "A", "lastName": "B", "email": f"{name}@spotmusic.example", "emailVerified": True}
    return {**named, "username": name, "enabled": True, "credentials": credentials}


def add_person(keycloak: Keycloak, name: str, *, role: str = "", client: str = "") -> str:
    """Adds a user with a role of the realm, or of a client, and returns the user's id."""
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


def login_address(browser: Browser, realm: str = "spotmusic", *, path: str = "auth", **changes: str) -> str:
    """Returns the URL of the login page for the web player; parameters that are set to None are
    omitted.
    """
    asked = {"client_id": "web", "redirect_uri": REDIRECT, "response_type": "code", "scope": "openid"}
    asked |= {"code_challenge": CHALLENGE, "code_challenge_method": "S256"} | changes
    query = urlencode({name: value for name, value in asked.items() if value})
    return f"{browser.origin}{PATH}/realms/{realm}/protocol/openid-connect/{path}?{query}"


def give_password(browser: Browser, user: str, password: str = PASSWORD, *, tries: int = TRIES) -> tuple[str, str]:
    """Starts a login without cookies and submits the password; returns the final URL, or the next
    page.

    While Keycloak still records the previous login, it rejects the user like a wrong password.
    """
    for number in range(tries):
        browser.forget()
        _, page = browser.visit(login_address(browser))
        place, page = browser.submit(page, {"username": user, "password": password}, REDIRECT)
        if 'id="input-error-username"' not in page or number + 1 == tries:
            break
        time.sleep(PAUSE_SECONDS)
    return place, page


def code_of(place: str) -> str:
    """Returns the code in the URL at which a login ended."""
    (code,) = parse_qs(urlsplit(place).query)["code"]
    return code


def tokens(browser: Browser, user: str) -> Json:
    """Logs in with a password only and returns the tokens."""
    place, page = give_password(browser, user)
    assert place.startswith(REDIRECT), page
    status, answer = exchange(browser, code_of(place))
    assert status == 200, answer
    return answer


def exchange(browser: Browser, code: str, **changes: str) -> tuple[int, Json]:
    """Exchanges a code for tokens."""
    form = {"grant_type": "authorization_code", "client_id": "web", "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
    return browser.token("spotmusic", **{**form, "code": code, **changes})


def set_up_second_factor(browser: Browser, page: str, until: str = REDIRECT) -> tuple[str, str]:
    """Configures a one-time password on its page; returns the secret and the URL at which the login
    ended.
    """
    (secret,) = re.findall(r'name="totpSecret"[^>]*value="([^"]+)"', page)
    form = {"totpSecret": secret, "totp": one_time_password(secret), "userLabel": "phone"}
    place, page = browser.submit(page, form, until)
    assert place.startswith(until), page
    return secret, place


def one_time_password(secret: str, *, steps: int = 0) -> str:
    """Computes the one-time password of this half minute, or of a later one (RFC 6238). Keycloak
    accepts the previous and next ones as well.
    """
    digest = hmac.new(secret.encode(), struct.pack(">Q", int(time.time()) // STEP_SECONDS + steps), "sha1").digest()
    place = digest[-1] & 15
    number = int.from_bytes(digest[place : place + 4], "big") & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"

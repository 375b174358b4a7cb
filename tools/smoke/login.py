"""Login of a listener as in the web player: authorization code with PKCE, then a token."""

import base64
import hashlib
import secrets
import time
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from spotmusic_constructs.identity.keycloak_values import PATH
from tools.smoke.browser import Browser

REALM = "spotmusic"
VERIFIER = secrets.token_urlsafe(48)
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
)
REFUSED_LOGIN = 'id="input-error-username"'
"""Part of the login page after a wrong name or password (Keycloak's login theme)."""
_PAUSE_SECONDS = 0.5


class RefusedError(Exception):
    """Login without a token from Keycloak."""


def redirect_of(browser: Browser) -> str:
    """Return the redirect address of the web player."""
    return f"{browser.origin}/callback"


def login_address(
    browser: Browser, realm: str = REALM, *, path: str = "auth", **changes: str
) -> str:
    """Return the URL of the web player's login page; empty parameters are omitted."""
    parameters = {
        "client_id": "web",
        "redirect_uri": redirect_of(browser),
        "response_type": "code",
        "scope": "openid",
    }
    parameters |= {"code_challenge": CHALLENGE, "code_challenge_method": "S256"} | changes
    query = urlencode({name: value for name, value in parameters.items() if value})
    return f"{browser.origin}{PATH}/realms/{realm}/protocol/openid-connect/{path}?{query}"


def give_password(browser: Browser, user: str, password: str, *, tries: int = 1) -> tuple[str, str]:
    """Start a login without cookies and submit the password; return the next page or final URL.

    Args:
        browser: client at the public address.
        user: name of the user.
        password: password of the user.
        tries: attempts; ten wrong passwords lock an account. While Keycloak records the previous
            login, it rejects the user as for a wrong password.
    """
    for number in range(tries):
        browser.forget()
        _, page = browser.visit(login_address(browser))
        place, page = browser.submit(
            page, {"username": user, "password": password}, redirect_of(browser)
        )
        if REFUSED_LOGIN not in page or number + 1 == tries:
            break
        time.sleep(_PAUSE_SECONDS)
    return place, page


def code_of(place: str) -> str:
    """Return the code in the final URL of a login."""
    (code,) = parse_qs(urlsplit(place).query)["code"]
    return code


def exchange(browser: Browser, code: str, **changes: str) -> tuple[int, dict[str, Any]]:
    """Exchange a code for tokens."""
    form = {
        "grant_type": "authorization_code",
        "client_id": "web",
        "redirect_uri": redirect_of(browser),
        "code_verifier": VERIFIER,
    }
    return browser.token(REALM, **{**form, "code": code, **changes})


def tokens(browser: Browser, user: str, password: str, *, tries: int = 1) -> dict[str, Any]:
    """Log in with a password only and return the tokens.

    Raises:
        RefusedError: for a wrong password, a further page such as a second factor, or no token.
        NavigationError: if the login page is missing.
    """
    place, page = give_password(browser, user, password, tries=tries)
    if REFUSED_LOGIN in page:
        raise RefusedError(f"Keycloak refused the name or the password of {user}")
    if not place.startswith(redirect_of(browser)):
        raise RefusedError(
            f"Keycloak requires more than a password from {user}. "
            "Use a listener without a required action."
        )
    if "error=" in urlsplit(place).query:
        raise RefusedError(f"Keycloak ended the login with {urlsplit(place).query}")
    status, answer = exchange(browser, code_of(place))
    if status != 200:
        raise RefusedError(f"no token: {answer.get('error', status)}")
    return answer

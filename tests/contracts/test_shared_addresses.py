"""Rate limits of the web ACL for a mobile network with hundreds of listeners behind one address."""

import re

import pytest

from spotmusic_cdk.settings import Settings
from spotmusic_constructs.edge.web_acl_rules import WINDOW_SECONDS
from spotmusic_constructs.gateway.plugins import RateLimit
from tools.checkout import ROOT, settings_of

LISTENERS_BEHIND_AN_ADDRESS = 500
"""Listeners that the limits allow behind one address. A mobile network that assigns each subscriber
128 of the 64,512 ports above 1023 has 504."""
LOADED = 20
"""Ranges of audio, pictures and parts of the player that a listener loads in five minutes. An
assumption until it is measured."""
TOKENS = 1
"""Renewals in the period of the limits, which equals the lifetime of an access token
(accessTokenLifespan)."""
POSTED = 3
"""Forms of a login: name and password, the second factor, and one mistake."""


def of_a_listener(settings: Settings) -> tuple[float, float]:
    """Return the requests and login forms of one listener in five minutes at peak time."""
    hourly = sum(
        service.load.per_listener_hour
        for service in settings.services.values()
        if service.route and service.load
    )
    requests = hourly * WINDOW_SECONDS / 3600 + LOADED + TOKENS
    return (
        requests,
        POSTED * settings.capacity.identity.logins_per_listener_hour * WINDOW_SECONDS / 3600,
    )


@pytest.mark.parametrize("environment", ["staging", "prod"])
def test_shared_address_limits_allow_500_listeners(environment: str) -> None:
    settings = settings_of(environment)
    requests, forms = of_a_listener(settings)
    assert settings.edge.requests_per_five_minutes >= LISTENERS_BEHIND_AN_ADDRESS * requests
    assert settings.edge.logins_per_five_minutes >= LISTENERS_BEHIND_AN_ADDRESS * forms


PAGES = 12
"""Requests of a login from Kong to Keycloak: pages, forms, redirects and the token for the code.
Files of pages are counted separately, and are in CloudFront's cache."""
RETURNING_MINUTES = 5
"""Minutes in which all listeners behind an address log in again after a failure that ended their
sessions."""
TRIES = 3
"""Requests of a player for its token if all players return in one minute."""


def test_kong_admits_listeners_behind_one_address() -> None:
    limit = RateLimit(requests_per_minute=1, host="", port=6379)
    per_minute = settings_of("prod").edge.requests_per_five_minutes / 5
    assert limit.logins_per_minute >= LISTENERS_BEHIND_AN_ADDRESS * PAGES / RETURNING_MINUTES
    assert limit.tokens_per_minute >= LISTENERS_BEHIND_AN_ADDRESS * TRIES
    assert limit.open_per_minute >= per_minute


@pytest.mark.usefixtures("shipped_production")
def test_web_acl_runbook_has_computed_limits() -> None:
    text = (ROOT / "docs" / "runbooks" / "web-acl.md").read_text()
    requests, forms = of_a_listener(settings_of("prod"))
    said = re.findall(r"= \*\*([\d,.]+)\*\*", text)
    assert said == [
        f"{requests:.1f}",
        f"{LISTENERS_BEHIND_AN_ADDRESS * requests:,.0f}",
        f"{LISTENERS_BEHIND_AN_ADDRESS * forms:,.0f}",
    ]

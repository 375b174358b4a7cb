"""Realm of listeners and staff as code."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from spotmusic_constructs.identity import login_flows
from spotmusic_constructs.identity.clients import (
    GRAFANA_ROLES,
    admin_cli,
    grafana,
    mobile,
    scope_mappings,
    web,
)
from spotmusic_constructs.identity.keycloak_values import CONSOLE_URL
from spotmusic_constructs.identity.providers import Email, IdentityProvider

DAY = 24 * 3600
_RULES = (
    "length(12)",
    "maxLength(128)",
    "notUsername(undefined)",
    "notEmail(undefined)",
    "passwordHistory(5)",
)
PASSWORD_POLICY = " and ".join(_RULES)
"""Length instead of character classes (NIST SP 800-63B, 5.1.1.2)."""
EVENT_DAYS = 190
"""Retention of login events in days: Marco Civil, art. 15, requires six months, which have at most
184 days."""
ADMIN_EVENT_DAYS = 365
"""Retention of administrators' events in days, equal to that of other security records."""
STAFF = "staff"
"""Role of the staff. Users with this role, directly or by a composite role, need a second factor.
All flows with a password enforce this: the login page, the page after an external provider, and the
link by mail for a new password. The password grant cannot enforce it and is disabled for all
clients."""


@dataclass(frozen=True, kw_only=True)
class Realm:
    """Settings of the realm.

    Args:
        name: name of the realm, part of its address.
        display_name: name of the service on login pages, in mails and in authenticator apps.
            Default: `name`.
        web_redirects: exact redirect URLs of the web player.
        mobile_redirects: redirect URLs of the mobile apps, links that the apps claim.
        grafana_url: URL of Grafana. Default: no Grafana.
        tls_required: whether browsers must use TLS.
        registration: whether users may create accounts.
        email: mail server; password resets require it.
        providers: external identity providers.
    """

    name: str
    display_name: str | None = None
    web_redirects: Sequence[str] = ()
    mobile_redirects: Sequence[str] = ()
    grafana_url: str | None = None
    tls_required: bool = True
    registration: bool = False
    email: Email | None = None
    providers: Sequence[IdentityProvider] = ()

    def to_representation(self) -> dict[str, object]:
        """Return the realm without users and keys, with references to secrets' variables."""
        display_name = self.display_name or self.name
        clients = [web(self.web_redirects), mobile(self.mobile_redirects), admin_cli()]
        return {
            "realm": self.name,
            "enabled": True,
            "displayName": display_name,
            "sslRequired": "all" if self.tls_required else "none",
            "registrationAllowed": self.registration,
            "verifyEmail": self.email is not None,
            "resetPasswordAllowed": self.email is not None,
            "loginWithEmailAllowed": True,
            "duplicateEmailsAllowed": False,
            "rememberMe": True,
            "internationalizationEnabled": True,
            "supportedLocales": ["pt-BR", "en", "es"],
            "defaultLocale": "pt-BR",
            "passwordPolicy": PASSWORD_POLICY,
            **_guessing(),
            **_second_factor(),
            **_sessions(),
            **_records(),
            **({"smtpServer": self.email.to_representation(display_name)} if self.email else {}),
            "identityProviders": [
                provider.to_representation(login_flows.AFTER_PROVIDER)
                for provider in self.providers
            ],
            **login_flows.representation(STAFF),
            "roles": {
                "realm": _roles(self.name),
                **({"client": {"grafana": GRAFANA_ROLES}} if self.grafana_url else {}),
            },
            "clients": [*clients, *([grafana(self.grafana_url)] if self.grafana_url else [])],
            "scopeMappings": scope_mappings(["listener", "curator", STAFF]),
        }

    @property
    def variables(self) -> Mapping[str, tuple[str, str]]:
        """Secret ARN and field by environment variable of the representation, except Grafana's."""
        of_providers = {
            provider.variable: (provider.secret_arn, "client_secret") for provider in self.providers
        }
        return {**(self.email.variables if self.email else {}), **of_providers}


def administrators() -> dict[str, object]:
    """Return the master realm: a second factor and admin events for administrators.

    `hostname-admin` applies only to the console's files and the admin API; the console logs in at
    the realm's own address. This is also the forwarded port, because the gateway has no route to
    the master realm.
    """
    records = _records()
    return {
        "realm": "master",
        "passwordPolicy": PASSWORD_POLICY,
        **_guessing(),
        **_second_factor(),
        **records,
        "attributes": {**records["attributes"], "frontendUrl": CONSOLE_URL},
        "clients": [admin_cli()],
        **login_flows.administrators(),
    }


def _roles(realm: str) -> list[dict[str, object]]:
    everybody = {
        "realm": ["offline_access", "uma_authorization", "listener"],
        "client": {"account": ["view-profile", "manage-account"]},
    }
    return [
        {"name": "listener", "description": "Role of every account"},
        {"name": STAFF, "description": "Works on the platform, with a second factor"},
        {
            "name": "curator",
            "description": "Edits the catalogue",
            "composite": True,
            "composites": {"realm": [STAFF]},
        },
        {
            "name": f"default-roles-{realm}",
            "description": "Roles of every account",
            "composite": True,
            "composites": everybody,
        },
    ]


def _guessing() -> dict[str, object]:
    """Brute-force protection: ten wrong passwords lock an account for 1 to 15 minutes."""
    return {
        "bruteForceProtected": True,
        "permanentLockout": False,
        "failureFactor": 10,
        "waitIncrementSeconds": 60,
        "maxFailureWaitSeconds": 900,
        "maxDeltaTimeSeconds": 43_200,
    }


def _second_factor() -> dict[str, object]:
    """One-time passwords of authenticator apps; the login flow decides when one is required."""
    return {
        "otpPolicyType": "totp",
        "otpPolicyAlgorithm": "HmacSHA1",
        "otpPolicyDigits": 6,
        "otpPolicyPeriod": 30,
        "otpPolicyLookAheadWindow": 1,
    }


def _sessions() -> dict[str, object]:
    """Token lifetimes: access tokens expire after five minutes, refresh tokens after two uses.

    The gateway cannot revoke access tokens. RFC 9700, 4.14.2, allows one use of a refresh token,
    and Keycloak ends the session at the second. A lost response (a phone in a tunnel, a restart of
    the gateway) leaves the player with the old token and would log it out. A stolen token that
    exceeds two uses still ends the session, which is noticed.
    """
    return {
        "defaultSignatureAlgorithm": "RS256",
        "accessTokenLifespan": 300,
        "accessCodeLifespan": 60,
        "actionTokenGeneratedByUserLifespan": 900,
        "ssoSessionIdleTimeout": 1800,
        "ssoSessionMaxLifespan": 36_000,
        "ssoSessionIdleTimeoutRememberMe": 14 * DAY,
        "ssoSessionMaxLifespanRememberMe": 90 * DAY,
        # Mobile apps stay logged in if they are used once a month.
        "offlineSessionIdleTimeout": 30 * DAY,
        "offlineSessionMaxLifespanEnabled": True,
        "offlineSessionMaxLifespan": 180 * DAY,
        "revokeRefreshToken": True,
        "refreshTokenMaxReuse": 1,
    }


def _records() -> dict[str, Any]:
    return {
        "eventsEnabled": True,
        "eventsExpiration": EVENT_DAYS * DAY,
        "eventsListeners": ["jboss-logging"],
        "adminEventsEnabled": True,
        # Details would include the written representations with personal data and secrets.
        "adminEventsDetailsEnabled": False,
        "attributes": {"adminEventsExpiration": str(ADMIN_EVENT_DAYS * DAY)},
    }

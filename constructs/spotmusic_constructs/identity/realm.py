"""The realm of Spotmusic's listeners and team, as code: what Keycloak is told of it, and told again whenever this changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from spotmusic_constructs.identity import login_flows
from spotmusic_constructs.identity.clients import GRAFANA_ROLES, admin_cli, grafana, mobile, scope_mappings, web
from spotmusic_constructs.identity.keycloak_values import CONSOLE_URL
from spotmusic_constructs.identity.providers import Email, IdentityProvider

DAY = 24 * 3600
PASSWORD_POLICY = "length(12) and maxLength(128) and notUsername(undefined) and notEmail(undefined) and passwordHistory(5)"  # noqa: S105
"""Length instead of character classes (NIST SP 800-63B, 5.1.1.2)."""
EVENT_DAYS = 190
"""Days that records of logins are kept: Marco Civil, art. 15, asks for six months, the longest of which have 184 days."""
ADMIN_EVENT_DAYS = 365
"""Days that records of what administrators did are kept, as long as the other security records."""
STAFF = "staff"
"""Role of everybody who works on the platform; whoever has it, or one that contains it, cannot log in without a second factor.

Every path that takes a password has this condition: the login page, and the one after a provider. The password grant has none, so no client
may use it."""


@dataclass(frozen=True, kw_only=True)
class Realm:
    """Who may log in to what.

    Args:
        name: name of the realm, part of its address.
        web_redirects: addresses to which the web player gets its logins back, exact ones.
        mobile_redirects: the same for the mobile apps: links that the apps claim.
        grafana_url: address of Grafana; none when there is no Grafana.
        tls_required: whether a browser must have come with TLS.
        registration: whether anybody may make an account.
        email: the mail server; without one nobody can reset a password by themselves.
        providers: external identity providers.
    """

    name: str
    web_redirects: Sequence[str] = ()
    mobile_redirects: Sequence[str] = ()
    grafana_url: str | None = None
    tls_required: bool = True
    registration: bool = False
    email: Email | None = None
    providers: Sequence[IdentityProvider] = ()

    def to_representation(self) -> dict[str, object]:
        """Returns the realm without users and without keys, which Keycloak keeps. Secrets are references to environment variables."""
        clients = [web(self.web_redirects), mobile(self.mobile_redirects), admin_cli()]
        return {
            "realm": self.name,
            "enabled": True,
            "displayName": "Spotmusic",
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
            **({"smtpServer": self.email.to_representation()} if self.email else {}),
            "identityProviders": [provider.to_representation(login_flows.AFTER_PROVIDER) for provider in self.providers],
            **login_flows.representation(STAFF),
            "roles": {"realm": _roles(self.name), **({"client": {"grafana": GRAFANA_ROLES}} if self.grafana_url else {})},
            "clients": [*clients, *([grafana(self.grafana_url)] if self.grafana_url else [])],
            "scopeMappings": scope_mappings(["listener", "curator", STAFF]),
        }

    @property
    def variables(self) -> Mapping[str, tuple[str, str]]:
        """ARN and field of the secret behind each environment variable that the representation refers to, but for Grafana's."""
        of_providers = {provider.variable: (provider.secret_arn, "client_secret") for provider in self.providers}
        return {**(self.email.variables if self.email else {}), **of_providers}


def administrators() -> dict[str, object]:
    """Returns the representation of the master realm: a second factor for administrators, and records of what they do.

    `hostname-admin` moves the console's files and the admin API only; the console sends its login to the realm's own address. That is
    the forwarded port as well, because the gateway has no route to the master realm.
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
    everybody = {"realm": ["offline_access", "uma_authorization", "listener"], "client": {"account": ["view-profile", "manage-account"]}}
    return [
        {"name": "listener", "description": "Listens to music: everybody who has an account"},
        {"name": STAFF, "description": "Works on the platform, with a second factor"},
        {"name": "curator", "description": "Edits the catalogue", "composite": True, "composites": {"realm": [STAFF]}},
        {"name": f"default-roles-{realm}", "description": "What every account has", "composite": True, "composites": everybody},
    ]


def _guessing() -> dict[str, object]:
    """Ten wrong passwords lock an account for a minute, then longer each time, up to a quarter of an hour."""
    return {
        "bruteForceProtected": True,
        "permanentLockout": False,
        "failureFactor": 10,
        "waitIncrementSeconds": 60,
        "maxFailureWaitSeconds": 900,
        "maxDeltaTimeSeconds": 43_200,
    }


def _second_factor() -> dict[str, object]:
    """One-time passwords of any authenticator application; who must have one is for the login flow."""
    return {
        "otpPolicyType": "totp",
        "otpPolicyAlgorithm": "HmacSHA1",
        "otpPolicyDigits": 6,
        "otpPolicyPeriod": 30,
        "otpPolicyLookAheadWindow": 1,
    }


def _sessions() -> dict[str, object]:
    """The gateway cannot take a token back: it lives five minutes, and its refresh token works twice.

    Once would be the rule (RFC 9700, 4.14.2), and Keycloak ends the session at the second use. But an answer that is lost on its way
    (a phone in a tunnel, a restart of the gateway) leaves the player with the old token alone: it would be logged out. A stolen token that
    is used beyond its two uses still ends the session, and is noticed so.
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
        # Mobile apps stay logged in while they are used once in a month.
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
        # With details, records would hold what was written, personal data and secrets among it.
        "adminEventsDetailsEnabled": False,
        "attributes": {"adminEventsExpiration": str(ADMIN_EVENT_DAYS * DAY)},
    }

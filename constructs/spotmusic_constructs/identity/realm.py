"""The realm of Spotmusic's listeners and team, as Keycloak imports it when it does not exist yet."""

from collections.abc import Sequence
from dataclasses import dataclass

CLIENT_SECRET = "GRAFANA_CLIENT_SECRET"  # noqa: S105 the name of an environment variable
PASSWORD_POLICY = "length(12) and notUsername(undefined) and notEmail(undefined) and passwordHistory(5)"  # noqa: S105 a rule, not a password
"""Length instead of character classes (NIST SP 800-63B, 5.1.1.2)."""


@dataclass(frozen=True, kw_only=True)
class Realm:
    """Who may log in to what.

    Keycloak imports a realm only once: what changes later is changed by its administrators.

    Args:
        name: name of the realm, part of its address.
        web_redirects: addresses to which the web player gets its logins back, exact ones.
        grafana_url: address of Grafana; none when there is no Grafana.
        tls_required: whether a browser must have come with TLS. A load balancer without a certificate says that none has.
    """

    name: str = "spotmusic"
    web_redirects: Sequence[str] = ()
    grafana_url: str | None = None
    tls_required: bool = True

    def to_import(self) -> dict[str, object]:
        """Returns the realm representation, without users and without keys: those Keycloak makes."""
        clients = [_web(self.web_redirects), *([_grafana(self.grafana_url)] if self.grafana_url else [])]
        roles = [{"name": role, "description": f"{role.capitalize()} in Grafana"} for role in ("admin", "editor", "viewer")]
        return {
            "realm": self.name,
            "enabled": True,
            "sslRequired": "all" if self.tls_required else "none",
            "registrationAllowed": False,
            "loginWithEmailAllowed": True,
            "duplicateEmailsAllowed": False,
            "passwordPolicy": PASSWORD_POLICY,
            **_guessing(),
            **_second_factor(),
            **_sessions(),
            "eventsEnabled": True,
            "eventsExpiration": 15_552_000,  # 180 days: Marco Civil, art. 15
            "adminEventsEnabled": True,
            "adminEventsDetailsEnabled": False,
            "clients": clients,
            **({"roles": {"client": {"grafana": roles}}} if self.grafana_url else {}),
        }


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
    """One-time passwords of any authenticator application; Keycloak asks everybody who has set one up."""
    return {
        "otpPolicyType": "totp",
        "otpPolicyAlgorithm": "HmacSHA1",
        "otpPolicyDigits": 6,
        "otpPolicyPeriod": 30,
        "otpPolicyLookAheadWindow": 1,
    }


def _sessions() -> dict[str, object]:
    """The gateway cannot take a token back: it lives five minutes, and its refresh token works once."""
    return {
        "defaultSignatureAlgorithm": "RS256",
        "accessTokenLifespan": 300,
        "ssoSessionIdleTimeout": 1800,
        "ssoSessionMaxLifespan": 36_000,
        "revokeRefreshToken": True,
        "refreshTokenMaxReuse": 0,
    }


def _client(client_id: str, redirects: Sequence[str]) -> dict[str, object]:
    return {
        "clientId": client_id,
        "enabled": True,
        "protocol": "openid-connect",
        "standardFlowEnabled": True,
        "implicitFlowEnabled": False,
        "directAccessGrantsEnabled": False,
        "redirectUris": list(redirects),
        "attributes": {"pkce.code.challenge.method": "S256"},
    }


def _web(redirects: Sequence[str]) -> dict[str, object]:
    """The web player. Its tokens are for the audience `web-api`, which the services check."""
    audience = {
        "name": "web-api",
        "protocol": "openid-connect",
        "protocolMapper": "oidc-audience-mapper",
        "config": {"included.custom.audience": "web-api", "access.token.claim": "true", "id.token.claim": "false"},
    }
    return {**_client("web", redirects), "publicClient": True, "protocolMappers": [audience]}


def _grafana(url: str) -> dict[str, object]:
    roles = {
        "name": "roles",
        "protocol": "openid-connect",
        "protocolMapper": "oidc-usermodel-client-role-mapper",
        "config": {
            "usermodel.clientRoleMapping.clientId": "grafana",
            "claim.name": "resource_access.grafana.roles",
            "jsonType.label": "String",
            "multivalued": "true",
            "id.token.claim": "true",
            "userinfo.token.claim": "true",
            "access.token.claim": "true",
        },
    }
    redirects = [f"{url}/login/generic_oauth"]
    return {
        **_client("grafana", redirects),
        "publicClient": False,
        "secret": f"${{{CLIENT_SECRET}}}",
        "protocolMappers": [roles],
    }

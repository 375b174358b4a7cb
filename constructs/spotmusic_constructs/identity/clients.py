"""Clients of the realm: web player, mobile apps, Grafana, and a built-in client of Keycloak."""

from collections.abc import Sequence

AUDIENCE = "web-api"
"""Audience of the tokens of player and apps, checked by the gateway and the services."""
GRAFANA_SECRET = "GRAFANA_CLIENT_SECRET"  # noqa: S105 name of an environment variable
LISTENERS_CLIENTS = ("web", "mobile")
"""Clients with tokens that the gateway accepts."""

GRAFANA_ROLES: list[dict[str, object]] = [
    {
        "name": role,
        "description": f"{role.capitalize()} in Grafana",
        "composite": True,
        # Grafana roles imply the role of the staff.
        "composites": {"realm": ["staff"]},
    }
    for role in ("admin", "editor", "viewer")
]


def admin_cli() -> dict[str, object]:
    """Keycloak's built-in command-line client, without the password grant.

    The grant requires no second factor. Every new realm has this public client with the grant
    enabled. `kcadm.sh` works with a service account.
    """
    return {"clientId": "admin-cli", "directAccessGrantsEnabled": False}


def secret(variable: str) -> str:
    """Return a reference to an environment variable, which keycloak-config-cli resolves."""
    return f"$(env:{variable})"


def web(redirects: Sequence[str]) -> dict[str, object]:
    """Web player, a public client on the same origin as Keycloak, without CORS."""
    return {
        **_client("web", redirects),
        "name": "Web player",
        "publicClient": True,
        "protocolMappers": [_audience()],
    }


def mobile(redirects: Sequence[str]) -> dict[str, object]:
    """Mobile apps, with claimed links as redirects (RFC 8252, 7.2) that other apps cannot use."""
    return {
        **_client("mobile", redirects),
        "name": "Mobile apps",
        "publicClient": True,
        "protocolMappers": [_audience()],
    }


def grafana(url: str) -> dict[str, object]:
    """Grafana, a confidential client."""
    return {
        **_client("grafana", [f"{url}/login/generic_oauth"]),
        "name": "Grafana",
        "publicClient": False,
        "secret": secret(GRAFANA_SECRET),
        "protocolMappers": [_grafana_roles()],
    }


def scope_mappings(roles: Sequence[str]) -> list[dict[str, object]]:
    """Realm roles in the tokens of listeners' clients; Grafana's tokens have only its own roles."""
    return [{"client": client, "roles": list(roles)} for client in LISTENERS_CLIENTS]


def _client(client_id: str, redirects: Sequence[str]) -> dict[str, object]:
    origins = {redirect.rsplit("/", redirect.count("/") - 2)[0] for redirect in redirects}
    return {
        "clientId": client_id,
        "enabled": True,
        "protocol": "openid-connect",
        "standardFlowEnabled": True,
        "implicitFlowEnabled": False,
        "directAccessGrantsEnabled": False,
        "serviceAccountsEnabled": False,
        "fullScopeAllowed": False,
        "redirectUris": list(redirects),
        "webOrigins": sorted(origin for origin in origins if origin.startswith("http://localhost")),
        "attributes": {
            "pkce.code.challenge.method": "S256",
            "post.logout.redirect.uris": "##".join(f"{origin}/" for origin in sorted(origins)),
        },
    }


def _audience() -> dict[str, object]:
    return {
        "name": AUDIENCE,
        "protocol": "openid-connect",
        "protocolMapper": "oidc-audience-mapper",
        "config": {
            "included.custom.audience": AUDIENCE,
            "access.token.claim": "true",
            "id.token.claim": "false",
        },
    }


def _grafana_roles() -> dict[str, object]:
    return {
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

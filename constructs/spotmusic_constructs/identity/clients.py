"""The clients of the realm: the web player, the mobile apps, Grafana, and a built-in client of Keycloak."""

from collections.abc import Sequence

AUDIENCE = "web-api"
"""For whom tokens of the player and the apps are: the gateway and the services check it."""
GRAFANA_SECRET = "GRAFANA_CLIENT_SECRET"  # noqa: S105 the name of an environment variable
LISTENERS_CLIENTS = ("web", "mobile")
"""Clients whose tokens the gateway lets pass."""

GRAFANA_ROLES: list[dict[str, object]] = [
    {
        "name": role,
        "description": f"{role.capitalize()} in Grafana",
        "composite": True,
        # Whoever sees the platform from inside works on it.
        "composites": {"realm": ["staff"]},
    }
    for role in ("admin", "editor", "viewer")
]


def admin_cli() -> dict[str, object]:
    """Keycloak's built-in client of its command line, without the grant that takes a password and asks for no second factor.

    Every new realm has this public client with the grant enabled. `kcadm.sh` works with a service account.
    """
    return {"clientId": "admin-cli", "directAccessGrantsEnabled": False}


def secret(variable: str) -> str:
    """Returns a reference to an environment variable, as keycloak-config-cli resolves it."""
    return f"$(env:{variable})"


def web(redirects: Sequence[str]) -> dict[str, object]:
    """The web player, a public client of one origin with Keycloak: it needs no CORS."""
    return {**_client("web", redirects), "name": "Web player", "publicClient": True, "protocolMappers": [_audience()]}


def mobile(redirects: Sequence[str]) -> dict[str, object]:
    """The mobile apps, which get their logins back by links that they claim (RFC 8252, 7.2): no other app can take those."""
    return {**_client("mobile", redirects), "name": "Mobile apps", "publicClient": True, "protocolMappers": [_audience()]}


def grafana(url: str) -> dict[str, object]:
    """Grafana, whose server keeps a secret."""
    return {
        **_client("grafana", [f"{url}/login/generic_oauth"]),
        "name": "Grafana",
        "publicClient": False,
        "secret": secret(GRAFANA_SECRET),
        "protocolMappers": [_grafana_roles()],
    }


def scope_mappings(roles: Sequence[str]) -> list[dict[str, object]]:
    """Which roles of the realm may stand in the tokens of listeners' clients; those of Grafana have its own only."""
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
        "config": {"included.custom.audience": AUDIENCE, "access.token.claim": "true", "id.token.claim": "false"},
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

"""Realm of Keycloak from the environment file."""

from collections.abc import Iterator

from spotmusic_cdk.settings import Settings
from spotmusic_cdk.settings.identity import IdentityProviderSettings
from spotmusic_constructs.identity.providers import Email, IdentityProvider
from spotmusic_constructs.identity.realm import Realm

GRAFANA_URL = "https://localhost:3000"
"""Address of Grafana through `kubectl port-forward`. Grafana has no public address."""
LOCAL_PLAYER = "http://localhost:5173"
"""Address of the web player on a developer's machine, allowed only without a domain."""

WEB_PAGES = ("callback", "silent-check-sso.html")
"""Redirect pages of the web player: the visible one, and the hidden frame of keycloak-js (Keycloak,
JavaScript adapter, silent check-sso)."""


def realm_of(settings: Settings) -> Realm:
    """Return the clients and login rules of the realm, with exact redirect addresses."""
    identity = settings.identity
    secure = settings.public_url.startswith("https://")
    origins = [
        *([settings.public_url] if secure else []),
        *([] if settings.domain else [LOCAL_PLAYER]),
    ]
    email = identity.email
    return Realm(
        name=settings.realm,
        display_name=identity.display_name,
        web_redirects=[f"{origin}/{page}" for origin in origins for page in WEB_PAGES],
        mobile_redirects=[f"{origin}/app/callback" for origin in origins],
        grafana_url=GRAFANA_URL,
        tls_required=secure,
        registration=identity.registration,
        email=Email(
            host=email.host or f"email-smtp.{settings.region}.amazonaws.com",
            sender=email.sender,
            secret_arn=email.secret,
        )
        if email
        else None,
        providers=[_provider(alias, provider) for alias, provider in identity.providers.items()],
    )


def secrets_of(settings: Settings) -> Iterator[str]:
    """Yield the ARNs of the realm's secrets in the environment file."""
    if settings.identity.email:
        yield settings.identity.email.secret
    for provider in settings.identity.providers.values():
        yield provider.secret


def _provider(alias: str, provider: IdentityProviderSettings) -> IdentityProvider:
    endpoints = {
        "issuer": provider.issuer,
        "authorizationUrl": provider.authorization_url,
        "tokenUrl": provider.token_url,
        "jwksUrl": provider.jwks_url,
    }
    return IdentityProvider(
        alias=alias,
        kind=provider.kind,
        label=provider.label,
        client_id=provider.client_id,
        secret_arn=provider.secret,
        endpoints={name: url for name, url in endpoints.items() if url},
    )

"""The realm as the environment file describes it."""

from collections.abc import Iterator

from spotmusic_cdk.settings import Settings
from spotmusic_cdk.settings.identity import IdentityProviderSettings
from spotmusic_constructs.identity.providers import Email, IdentityProvider
from spotmusic_constructs.identity.realm import Realm

GRAFANA_URL = "https://localhost:3000"
"""Grafana is not public: the team reaches it by `kubectl port-forward`."""
LOCAL_PLAYER = "http://localhost:5173"
"""The web player on the machine of its developer: only where there is no domain."""

WEB_PAGES = ("callback", "silent-check-sso.html")
"""Pages of the web player that take a login back: the visible one, and the one that keycloak-js loads into a frame without showing it
(Keycloak, JavaScript adapter, silent check-sso)."""


def realm_of(settings: Settings) -> Realm:
    """Returns who may log in to what. Logins go back to the public address, exactly."""
    identity = settings.identity
    secure = settings.public_url.startswith("https://")
    origins = [*([settings.public_url] if secure else []), *([] if settings.domain else [LOCAL_PLAYER])]
    email = identity.email
    return Realm(
        name=settings.realm,
        web_redirects=[f"{origin}/{page}" for origin in origins for page in WEB_PAGES],
        mobile_redirects=[f"{origin}/app/callback" for origin in origins],
        grafana_url=GRAFANA_URL,
        tls_required=secure,
        registration=identity.registration,
        email=Email(host=email.host or f"email-smtp.{settings.region}.amazonaws.com", sender=email.sender, secret_arn=email.secret)
        if email
        else None,
        providers=[_provider(alias, provider) for alias, provider in identity.providers.items()],
    )


def secrets_of(settings: Settings) -> Iterator[str]:
    """Yields the ARNs of secrets that the environment file names for the realm."""
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

"""Effects of the section `identity` on the realm and on the connections of Keycloak."""

from typing import Any

import pytest

from spotmusic_cdk import flows
from spotmusic_cdk.settings import Settings
from spotmusic_cdk.settings.identity import (
    EmailSettings,
    IdentityProviderSettings,
    IdentitySettings,
)
from spotmusic_constructs.network.flows import INTERNET
from stacks.realm import realm_of, secrets_of
from tests.conftest import sample_of
from tests.helm_values import arn_of
from tools.model.values import Json

IDENTITY = IdentitySettings(
    registration=True,
    email=EmailSettings(sender="no-reply@spotmusic.example", secret=arn_of("mail")),
    providers={
        "google": IdentityProviderSettings(
            kind="google", label="Google", client_id="g", secret=arn_of("google")
        )
    },
)
CLOUDFRONT_NAME = "d111111abcdef8.cloudfront.net"


def changed(environment: str, **changes: Any) -> Settings:
    return sample_of(environment).model_copy(update=changes)


def redirects(settings: Settings) -> dict[str, list[str]]:
    representation: Json = realm_of(settings).to_representation()
    return {
        client["clientId"]: client["redirectUris"]
        for client in representation["clients"]
        if "redirectUris" in client
    }


def web(origin: str) -> list[str]:
    """Redirect pages of the web player, for visible and silent logins."""
    return [f"{origin}/callback", f"{origin}/silent-check-sso.html"]


def test_redirects_use_domain_only() -> None:
    assert redirects(sample_of("prod")) == {
        "web": web("https://spotmusic.example"),
        "mobile": ["https://spotmusic.example/app/callback"],
        "grafana": ["https://localhost:3000/login/generic_oauth"],
    }


def test_redirects_without_domain_use_localhost() -> None:
    assert redirects(sample_of("dev"))["web"] == web("http://localhost:5173")
    assert realm_of(sample_of("dev")).tls_required is False


def test_distribution_name_replaces_internal_name() -> None:
    dev = sample_of("dev")
    named = changed(
        "dev", edge=dev.edge.model_copy(update={"distribution_domain_name": CLOUDFRONT_NAME})
    )
    assert named.issuer == f"https://{CLOUDFRONT_NAME}/auth/realms/spotmusic"
    assert redirects(named)["web"] == [
        *web(f"https://{CLOUDFRONT_NAME}"),
        *web("http://localhost:5173"),
    ]
    assert realm_of(named).tls_required is True


@pytest.mark.parametrize(
    ("environment", "issuer"),
    [
        ("dev", "http://gateway.dev.spotmusic.internal/auth/realms/spotmusic"),
        ("prod", "https://spotmusic.example/auth/realms/spotmusic"),
    ],
)
def test_issuer_depends_on_domain(environment: str, issuer: str) -> None:
    assert sample_of(environment).issuer == issuer


def test_realm_email_uses_regional_ses() -> None:
    realm = realm_of(changed("prod", identity=IDENTITY))
    assert realm.email is not None
    assert realm.email.host == "email-smtp.sa-east-1.amazonaws.com"
    assert list(secrets_of(changed("prod", identity=IDENTITY))) == [
        arn_of("mail"),
        arn_of("google"),
    ]


def test_realm_shows_display_name_only() -> None:
    identity = IDENTITY.model_copy(update={"display_name": "Our Music"})
    realm: Json = realm_of(changed("prod", identity=identity)).to_representation()
    assert realm["displayName"] == realm["smtpServer"]["fromDisplayName"] == "Our Music"
    assert "Spotmusic" not in str(realm)


def leaving(settings: Settings) -> set[int]:
    return {
        flow.port
        for flow in flows.table(settings)
        if (flow.source, flow.target) == ("keycloak", INTERNET)
    }


def test_keycloak_egress_requires_mail_or_providers() -> None:
    assert leaving(sample_of("prod")) == set()
    assert leaving(changed("prod", identity=IDENTITY)) == {443, 587}

"""Realm with every option of the settings, for tests."""

from spotmusic_constructs.identity.providers import Email, IdentityProvider
from spotmusic_constructs.identity.realm import Realm

CLUB = {
    "issuer": "https://club.example",
    "authorizationUrl": "https://club.example/auth",
    "tokenUrl": "https://club.example/token",
    "jwksUrl": "https://club.example/keys",
}
FULL = Realm(
    name="spotmusic",
    web_redirects=["https://spotmusic.example/callback"],
    mobile_redirects=["https://spotmusic.example/app/callback"],
    grafana_url="https://grafana.example",
    registration=True,
    email=Email(
        host="email-smtp.sa-east-1.amazonaws.com",
        sender="no-reply@spotmusic.example",
        secret_arn="arn:mail",
    ),
    providers=[
        IdentityProvider(
            alias="google", kind="google", label="Google", client_id="g", secret_arn="arn:google"
        ),
        IdentityProvider(
            alias="music-club",
            kind="oidc",
            label="Club",
            client_id="c",
            secret_arn="arn:club",
            endpoints=CLUB,
        ),
    ],
)

"""Identity and mail sections of an environment file."""

from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from spotmusic_cdk.settings.model import Email, Model, Name, SecretArn, UnorderedKeys

HTTPS = 443


def _on_the_port_that_is_open(url: str) -> str:
    """Require port 443: flows allow Keycloak only this port and the port of mail."""
    port = urlsplit(url).netloc.rpartition(":")[2]
    if port.isdigit() and int(port) != HTTPS:
        raise ValueError(
            f"port {port} is closed to outgoing traffic. "
            f"Use an address on port {HTTPS}, without the number."
        )
    return url


HttpsUrl = Annotated[
    str,
    StringConstraints(
        pattern=r"^https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?$", max_length=255
    ),
    AfterValidator(_on_the_port_that_is_open),
]


DisplayName = Annotated[
    str,
    StringConstraints(
        pattern=r"^[^\x00-\x20\x7f-\xa0<>$][^\x00-\x1f\x7f-\x9f<>$]*$", max_length=40
    ),
]
"""Text on login pages. It has no `$`, because the job of the realm would replace it by secrets."""


class EmailSettings(Model):
    """Mail server by which Keycloak confirms addresses and resets passwords, such as Amazon SES."""

    host: (
        Annotated[
            str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$", max_length=253)
        ]
        | None
    ) = None
    """SMTP server. Default: Amazon SES in the home region."""
    sender: Email
    """Sender of mails, verified with SES."""
    secret: SecretArn
    """JSON secret with `username` and `password` of the SMTP user."""


class IdentityProviderSettings(Model):
    """External identity provider."""

    kind: Literal["google", "github", "oidc"]
    """`google` and `github` are built into Keycloak; `oidc` is another OpenID Connect provider,
    such as Microsoft Entra ID. Apple needs an extension of Keycloak."""
    label: DisplayName
    """Text of the login button."""
    client_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]+$", max_length=255)]
    """Client at the provider. Its redirect address is `<public
    address>/auth/realms/spotmusic/broker/<key of this entry>/endpoint`."""
    secret: SecretArn
    """JSON secret with `client_secret`."""
    issuer: HttpsUrl | None = None
    """`oidc` only: issuer of its tokens."""
    authorization_url: HttpsUrl | None = None
    """`oidc` only: its authorization endpoint."""
    token_url: HttpsUrl | None = None
    """`oidc` only: its token endpoint."""
    jwks_url: HttpsUrl | None = None
    """`oidc` only: address of its public keys."""

    @model_validator(mode="after")
    def _only_oidc_has_endpoints(self) -> Self:
        endpoints = {
            name: getattr(self, name)
            for name in ("issuer", "authorization_url", "token_url", "jwks_url")
        }
        if self.kind == "oidc" and not all(endpoints.values()):
            missing = ", ".join(name for name, value in endpoints.items() if not value)
            raise ValueError(
                f"kind: an oidc provider needs {missing}. "
                "Copy them from its /.well-known/openid-configuration."
            )
        if self.kind != "oidc" and any(endpoints.values()):
            given = ", ".join(name for name, value in endpoints.items() if value)
            raise ValueError(f"kind: Keycloak knows the endpoints of {self.kind}. Remove {given}.")
        return self

    @model_validator(mode="after")
    def _keycloak_reads_its_answer(self) -> Self:
        """Refuse Apple. Its answer with an address is a POST, which Keycloak's endpoint of a
        provider does not accept, and it has no scope `profile` (keycloak/keycloak issue 12468)."""
        if self.issuer and urlsplit(self.issuer).hostname == "appleid.apple.com":
            raise ValueError(
                "issuer: Keycloak does not accept Apple's answer, a form by POST. "
                "Remove the provider."
            )
        return self


class IdentitySettings(Model):
    """Realm of listeners and team."""

    display_name: DisplayName = "Spotmusic"
    """Name of the service on login pages, in mails of Keycloak and in authenticator apps."""
    registration: bool = False
    """Self-registration of listeners. It requires `email`, because addresses must be confirmed."""
    email: EmailSettings | None = None
    """Mail server. Without it Keycloak sends no mail, and listeners cannot reset their
    passwords."""
    providers: Annotated[dict[Name, IdentityProviderSettings], UnorderedKeys] = Field(
        default_factory=dict, max_length=20
    )
    """External identity providers by alias."""

    @model_validator(mode="after")
    def _registration_confirms_addresses(self) -> Self:
        if self.registration and self.email is None:
            raise ValueError(
                "registration: it requires identity.email to confirm addresses. "
                "Set identity.email, or remove registration."
            )
        return self


class MailSettings(Model):
    """Amazon SES in the home region, for services with `mail` in `talks_to`."""

    sender: Annotated[
        str,
        StringConstraints(
            pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*@[a-z0-9-]+(\.[a-z0-9-]+)+$", max_length=254
        ),
    ]
    """Sender of mails. Services may use no other."""
    identity: (
        Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$", max_length=253)]
        | None
    ) = None
    """Domain that SES has verified. Default: the sender's domain. Verify it by hand in the home
    region (docs/deployment.md, Before the first time)."""

    @property
    def domain(self) -> str:
        """Domain of the identity."""
        return self.identity or self.sender.partition("@")[2]

    @model_validator(mode="after")
    def _identity_covers_the_sender(self) -> Self:
        if not f".{self.sender.partition('@')[2]}".endswith(f".{self.domain}"):
            raise ValueError(
                f"identity: {self.identity} does not cover {self.sender}. "
                "Name the domain of the sender, or one above it."
            )
        return self

"""Who else the realm deals with: external identity providers, and the mail server."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from spotmusic_constructs.identity.clients import secret


@dataclass(frozen=True, kw_only=True)
class Email:
    """The mail server through which addresses are confirmed and passwords reset.

    Args:
        host: SMTP server that offers STARTTLS.
        sender: address that mails come from.
        secret_arn: complete ARN of a JSON secret with `username` and `password`.
        port: its port; 587 is that of submission.
    """

    host: str
    sender: str
    secret_arn: str
    port: int = 587

    @property
    def variables(self) -> Mapping[str, tuple[str, str]]:
        """ARN and field of the secret behind each environment variable."""
        return {"SMTP_USERNAME": (self.secret_arn, "username"), "SMTP_PASSWORD": (self.secret_arn, "password")}

    def to_representation(self) -> dict[str, str]:
        """Returns the entry of the realm."""
        server = {"host": self.host, "port": str(self.port), "starttls": "true", "ssl": "false"}
        login = {"auth": "true", "user": secret("SMTP_USERNAME"), "password": secret("SMTP_PASSWORD")}
        return {**server, **login, "from": self.sender, "fromDisplayName": "Spotmusic"}


@dataclass(frozen=True, kw_only=True)
class IdentityProvider:
    """Another place where listeners have an account already.

    Args:
        alias: name in addresses: `/realms/<realm>/broker/<alias>/endpoint` is what the provider must know.
        kind: `google`, `github` or `oidc`.
        label: what the button says.
        client_id: our client there.
        secret_arn: complete ARN of a JSON secret with `client_secret`.
        endpoints: for `oidc`: `issuer`, `authorizationUrl`, `tokenUrl` and `jwksUrl`.
    """

    alias: str
    kind: str
    label: str
    client_id: str
    secret_arn: str
    endpoints: Mapping[str, str] = field(default_factory=dict)

    @property
    def variable(self) -> str:
        """Environment variable of the secret."""
        return f"PROVIDER_{self.alias.upper().replace('-', '_')}_SECRET"

    def to_representation(self, after: str) -> dict[str, object]:
        """Returns the entry of the realm.

        Args:
            after: flow that follows the provider's login.
        """
        client = {"clientId": self.client_id, "clientSecret": secret(self.variable), "syncMode": "IMPORT"}
        proof = {"clientAuthMethod": "client_secret_post", "defaultScope": "openid profile email", "pkceEnabled": "true"}
        signature = {"pkceMethod": "S256", "useJwksUrl": "true", "validateSignature": "true"}
        return {
            "alias": self.alias,
            "providerId": self.kind,
            "displayName": self.label,
            "enabled": True,
            # Google owns or has confirmed the addresses that it tells; of others an account here asks for a confirmation of its own.
            "trustEmail": self.kind == "google",
            "storeToken": False,
            "linkOnly": False,
            "firstBrokerLoginFlowAlias": "first broker login",
            "postBrokerLoginFlowAlias": after,
            "config": {**client, **({**proof, **signature, **self.endpoints} if self.kind == "oidc" else {})},
        }

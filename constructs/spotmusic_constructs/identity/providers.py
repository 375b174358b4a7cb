"""External identity providers and mail server of the realm."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from spotmusic_constructs.identity.clients import secret


@dataclass(frozen=True, kw_only=True)
class Email:
    """Mail server for address confirmations and password resets.

    Args:
        host: SMTP server with STARTTLS, on the port of mail submission.
        sender: sender address of the mails.
        secret_arn: complete ARN of a JSON secret with `username` and `password`.
    """

    host: str
    sender: str
    secret_arn: str

    @property
    def variables(self) -> Mapping[str, tuple[str, str]]:
        """Secret ARN and field by environment variable."""
        return {
            "SMTP_USERNAME": (self.secret_arn, "username"),
            "SMTP_PASSWORD": (self.secret_arn, "password"),
        }

    def to_representation(self, display_name: str) -> dict[str, str]:
        """Return the entry of the realm.

        Args:
            display_name: name of the sender.
        """
        return {
            "host": self.host,
            "port": "587",
            "starttls": "true",
            "ssl": "false",
            "auth": "true",
            "user": secret("SMTP_USERNAME"),
            "password": secret("SMTP_PASSWORD"),
            "from": self.sender,
            "fromDisplayName": display_name,
        }


@dataclass(frozen=True, kw_only=True)
class IdentityProvider:
    """External identity provider for listeners.

    Args:
        alias: name in URLs: the provider must accept `/realms/<realm>/broker/<alias>/endpoint`.
        kind: `google`, `github` or `oidc`.
        label: label of the login button.
        client_id: client id at the provider.
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
        """Return the entry of the realm.

        Args:
            after: flow that follows the provider's login.
        """
        config = {
            "clientId": self.client_id,
            "clientSecret": secret(self.variable),
            "syncMode": "IMPORT",
        }
        if self.kind == "oidc":
            config |= {
                "clientAuthMethod": "client_secret_post",
                "defaultScope": "openid profile email",
                "pkceEnabled": "true",
                "pkceMethod": "S256",
                "useJwksUrl": "true",
                "validateSignature": "true",
                **self.endpoints,
            }
        return {
            "alias": self.alias,
            "providerId": self.kind,
            "displayName": self.label,
            "enabled": True,
            # Google has verified the addresses that it sends; addresses of other providers require
            # confirmation.
            "trustEmail": self.kind == "google",
            "storeToken": False,
            "linkOnly": False,
            "firstBrokerLoginFlowAlias": "first broker login",
            "postBrokerLoginFlowAlias": after,
            "config": config,
        }

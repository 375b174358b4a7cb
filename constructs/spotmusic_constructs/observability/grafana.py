"""Who Grafana is, where it keeps what people make, and who vouches for its users."""

from dataclasses import dataclass

from aws_cdk import aws_secretsmanager as secretsmanager

from spotmusic_constructs.kubernetes.certificate import Certificate, service_names
from spotmusic_constructs.kubernetes.external_secret import ExternalSecret, SecretField

SERVICE_ACCOUNT = "grafana"
SECRET = "grafana"  # noqa: S105 the name of a Kubernetes Secret
TLS = "grafana-tls"
KEYS = {
    "database_name": "GF_DATABASE_NAME",
    "database_user": "GF_DATABASE_USER",
    "database_password": "GF_DATABASE_PASSWORD",
    "client_secret": "GF_AUTH_GENERIC_OAUTH_CLIENT_SECRET",
}
"""Environment variable by key of the Secret."""


@dataclass(frozen=True, kw_only=True)
class Grafana:
    """Who Grafana is, where it keeps what people make, and who vouches for its users.

    Args:
        url: address by which the team reaches it; Keycloak sends logins back there. It is not public.
        realm_url: realm of Keycloak as browsers see it, such as https://spotmusic.example/auth/realms/spotmusic.
        internal_realm_url: the same realm as pods see it, for the tokens.
        database_host: host of the identity database.
        database_port: its port.
        database_ca: root certificates of Amazon RDS in PEM, which the database is checked against.
        database_user: JSON secret with `username`, `password` and `dbname`.
        admin: JSON secret with `username` and `password` of the administrator, for the day that Keycloak is down.
        clients: JSON secret with the field `grafana`, the secret of the OIDC client.
    """

    url: str
    realm_url: str
    internal_realm_url: str
    database_host: str
    database_port: int
    database_ca: str
    database_user: secretsmanager.ISecret
    admin: secretsmanager.ISecret
    clients: secretsmanager.ISecret

    def external_secret(self, namespace: str) -> ExternalSecret:
        """Returns the Secret that the pods read."""
        database, admin = self.database_user.secret_arn, self.admin.secret_arn
        return ExternalSecret(
            namespace=namespace,
            name=SECRET,
            fields={
                "admin_user": SecretField(secret_arn=admin, field="username"),
                "admin_password": SecretField(secret_arn=admin, field="password"),
                "database_name": SecretField(secret_arn=database, field="dbname"),
                "database_user": SecretField(secret_arn=database, field="username"),
                "database_password": SecretField(secret_arn=database, field="password"),
                "client_secret": SecretField(secret_arn=self.clients.secret_arn, field="grafana"),
            },
            # Grafana's default key is public. It only guards tokens of logged-in users, who log in again when it changes.
            template={
                **{key: f"{{{{ .{key} }}}}" for key in (*KEYS, "admin_user", "admin_password")},
                "secret_key": "{{ .admin_password | sha256sum }}",
            },
        )

    def certificate(self, namespace: str) -> Certificate:
        """Returns the certificate of Grafana, which brings the internal authority along."""
        # `localhost` is where the team sees it, at the near end of a tunnel.
        return Certificate(namespace=namespace, name=TLS, dns_names=(*service_names("grafana", namespace), "localhost"))

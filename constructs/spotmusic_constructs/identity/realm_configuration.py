"""Jobs that apply the realm's configuration and rotate its signing keys."""

from typing import Unpack

from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from spotmusic_constructs.arns import secret_arn
from spotmusic_constructs.identity.clients import GRAFANA_SECRET
from spotmusic_constructs.identity.keycloak_values import TLS
from spotmusic_constructs.identity.realm import Realm, administrators
from spotmusic_constructs.kubernetes.certificate import Certificate
from spotmusic_constructs.kubernetes.external_secret import ExternalSecret, SecretField
from spotmusic_constructs.kubernetes.helm_release import ChartRelease, LocalChart, Placement

RELEASE = "realm"
SECRET = "realm"  # noqa: S105 name of a Secret
ACCOUNT_ID, ACCOUNT_SECRET = "automation-id", "automation-secret"
PUBLISHED_SECONDS = 900
"""Seconds between publication and use of a key: three times the refresh interval of the gateway."""


class RealmConfiguration(ChartRelease):
    """Realm as code, also for an existing realm: other settings of the realm do not change.

    Creates the release of the chart `charts/realm`: a job of keycloak-config-cli that waits for
    Keycloak and runs again when the configuration changes, and a job that rotates the realm's keys
    every three months and publishes each key 15 minutes before use. Users are never deleted. The
    stack must create the entries of `external_secrets` before the release.

    Args:
        chart: the chart `charts/realm`.
        config_image: image of keycloak-config-cli in the platform's registry.
        keycloak_image: image of Keycloak in the platform's registry, which contains `kcadm.sh`.
        url: URL of Keycloak in the cluster, with its path.
        realm: settings of the realm.
        automation: JSON secret with `username` and `password` of the service account that Keycloak
            created at its first start.
        clients: JSON secret with the field `grafana`, the secret of that OIDC client.
        schedule: cron schedule of the key rotation, in UTC.
        namespace: namespace of Keycloak.
        placement: cluster, and constructs that must be deployed before: Keycloak.

    Example:
        realm = Realm(name="spotmusic", web_redirects=["https://spotmusic.example/callback"])
        RealmConfiguration(self, "Realm", cluster=cluster, chart=LocalChart(path=charts / "realm"),
                           url=f"{keycloak.url}/auth", realm=realm, after=[keycloak], **options)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        chart: LocalChart,
        config_image: str,
        keycloak_image: str,
        url: str,
        realm: Realm,
        automation: secretsmanager.ISecret,
        clients: secretsmanager.ISecret,
        schedule: str = "23 6 1 */3 *",
        namespace: str = "keycloak",
        **placement: Unpack[Placement],
    ) -> None:
        grafana = {GRAFANA_SECRET: (secret_arn(clients), "grafana")} if realm.grafana_url else {}
        variables = {**grafana, **realm.variables}
        account = {
            ACCOUNT_ID: (secret_arn(automation), "username"),
            ACCOUNT_SECRET: (secret_arn(automation), "password"),
        }
        sources = {**account, **{_key(name): source for name, source in variables.items()}}
        fields = {
            key: SecretField(secret_arn=arn, field=field) for key, (arn, field) in sources.items()
        }
        super().__init__(
            scope,
            construct_id,
            chart=chart,
            release=RELEASE,
            namespace=namespace,
            # The job retries until Keycloak responds.
            wait=False,
            minutes=5,
            values={
                "configImage": config_image,
                "keycloakImage": keycloak_image,
                "url": url,
                "authoritySecret": TLS,
                "accountSecret": SECRET,
                "accountIdKey": ACCOUNT_ID,
                "accountSecretKey": ACCOUNT_SECRET,
                "realms": {
                    f"{realm.name}.json": realm.to_representation(),
                    "master.json": administrators(),
                },
                "variables": {name: _key(name) for name in variables},
                "keyRotation": {
                    "realm": realm.name,
                    "schedule": schedule,
                    "publishedSeconds": PUBLISHED_SECONDS,
                },
            },
            **placement,
        )
        self.certificates: tuple[Certificate, ...] = ()
        self.external_secrets = (ExternalSecret(namespace=namespace, name=SECRET, fields=fields),)


def _key(variable: str) -> str:
    """Return the key of the Secret for an environment variable."""
    return variable.lower().replace("_", "-")

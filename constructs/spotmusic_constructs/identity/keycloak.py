"""Keycloak on MySQL as the identity provider, without public administration."""

from typing import Unpack

from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from spotmusic_constructs.arns import secret_arn
from spotmusic_constructs.identity import keycloak_values as values
from spotmusic_constructs.identity.keycloak_values import PATH, PORT, RELEASE, SECRET, SERVICE, TLS
from spotmusic_constructs.kubernetes.certificate import Certificate, service_names
from spotmusic_constructs.kubernetes.config_map import config_map
from spotmusic_constructs.kubernetes.external_secret import ExternalSecret, SecretField
from spotmusic_constructs.kubernetes.helm_release import ChartRelease, Placement
from spotmusic_constructs.kubernetes.images import ChartWithImages, Images, images_of
from spotmusic_constructs.kubernetes.reloader import FOLLOWS_ITS_SECRETS

__all__ = ["PATH", "Keycloak", "realm_url"]
NAMESPACE = "keycloak"


class Keycloak(ChartRelease):
    """Release of Keycloak with at least two pods, behind the gateway's path /auth.

    Creates the release: a Service `keycloak-http` with TLS on 8443, health and metrics on 9000 with
    TLS. The realm comes with `RealmConfiguration`. The gateway has routes to the realm only;
    administrators reach the console by `kubectl port-forward service/keycloak-http 8443` at
    https://localhost:8443/auth.

    Keycloak verifies the database with the root certificates of Amazon RDS, a ConfigMap of the
    release. The stack must create the entries of `external_secrets` and `certificates` before the
    release.

    Args:
        chart: chart `keycloakx` at one version, with the image of Keycloak.
        images: names of images in our registry.
        public_url: public URL of the platform, such as https://spotmusic.example. Every link and
            token contains it.
        realm_name: name of the realm with the keys for the gateway.
        database_host: host of the identity database.
        database_port: port of the identity database.
        database_ca: root certificates of Amazon RDS in PEM.
        database_user: JSON secret with `username`, `password` and `dbname`.
        admin: JSON secret with `username` and `password` of the first administrator.
        automation: JSON secret with `username` and `password` of the service account that applies
            realms. Keycloak creates it, like the first administrator, only at its first start.
        vpc_cidr: range of trusted proxies.
        replicas: number of pods; with two, sessions survive the loss of one.
        zones: availability zones of the cluster. With as many pods as zones, each zone keeps a node
            for other pods too.
        namespace: existing namespace with Pod Security `restricted`.
        placement: cluster, and constructs that must be deployed before.

    Example:
        Keycloak(self, "Keycloak", cluster=cluster, chart=versions.KEYCLOAK, images=images,
                 public_url="https://spotmusic.example", database_ca=rds_ca("sa-east-1"), **options)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        chart: ChartWithImages,
        images: Images,
        public_url: str,
        realm_name: str,
        database_host: str,
        database_port: int,
        database_ca: str,
        database_user: secretsmanager.ISecret,
        admin: secretsmanager.ISecret,
        automation: secretsmanager.ISecret,
        vpc_cidr: str,
        replicas: int = 2,
        zones: int = 3,
        namespace: str = NAMESPACE,
        **placement: Unpack[Placement],
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            chart=chart,
            release=RELEASE,
            namespace=namespace,
            # A StatefulSet cannot be rolled back; the first pod also creates the tables.
            wait=False,
            minutes=13,
            values={
                "fullnameOverride": RELEASE,
                "image": images_of(chart, images)["keycloak"].named,
                "replicas": replicas,
                "statefulsetAnnotations": dict(FOLLOWS_ITS_SECRETS),
                "command": ["/opt/keycloak/bin/kc.sh", "start"],
                "http": {"relativePath": PATH, "internalScheme": "HTTPS"},
                "proxy": {"enabled": True, "mode": "xforwarded", "http": {"enabled": False}},
                "database": {"vendor": "mysql", "hostname": database_host, "port": database_port},
                "cache": {"stack": "default"},
                "health": {"enabled": True},
                "metrics": {"enabled": True},
                "serviceMonitor": values.monitor(namespace),
                "extraEnv": values.block(values.environment(public_url, vpc_cidr)),
                "extraVolumes": values.block(values.volumes()),
                "extraVolumeMounts": values.block(values.mounts()),
                "extraManifests": [config_map("rds-ca", namespace, {"ca.pem": database_ca})],
                **values.pods(zones=min(replicas, zones)),
            },
            **placement,
        )
        self.external_secrets = (_secret(namespace, database_user, admin, automation),)
        self.certificates = (
            Certificate(
                namespace=namespace,
                name=TLS,
                dns_names=(*service_names(SERVICE, namespace), "localhost"),
            ),
        )
        self.url = _url(namespace)
        self.jwks_uri = f"{realm_url(realm_name, namespace)}/protocol/openid-connect/certs"


def realm_url(realm_name: str, namespace: str = NAMESPACE) -> str:
    """Return the URL of a realm in the cluster."""
    return f"{_url(namespace)}{PATH}/realms/{realm_name}"


def _url(namespace: str) -> str:
    return f"https://{SERVICE}.{namespace}.svc.cluster.local:{PORT}"


def _secret(
    namespace: str,
    database: secretsmanager.ISecret,
    admin: secretsmanager.ISecret,
    automation: secretsmanager.ISecret,
) -> ExternalSecret:
    fields = {
        "database_name": (database, "dbname"),
        "database_user": (database, "username"),
        "database_password": (database, "password"),
        "admin_user": (admin, "username"),
        "admin_password": (admin, "password"),
        "automation_id": (automation, "username"),
        "automation_secret": (automation, "password"),
    }
    return ExternalSecret(
        namespace=namespace,
        name=SECRET,
        fields={
            key: SecretField(secret_arn=secret_arn(secret), field=field)
            for key, (secret, field) in fields.items()
        },
    )

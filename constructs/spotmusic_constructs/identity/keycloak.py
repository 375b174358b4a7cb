"""The identity provider: Keycloak on MySQL, with one public name and no public administration."""

import json
from collections.abc import Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct, IConstruct

from spotmusic_constructs.identity.realm import CLIENT_SECRET, Realm
from spotmusic_constructs.kubernetes.certificate import Certificate, service_names
from spotmusic_constructs.kubernetes.external_secret import ExternalSecret, SecretField
from spotmusic_constructs.kubernetes.helm_release import HelmRelease
from spotmusic_constructs.kubernetes.images import ChartWithImages, Images, images_of
from spotmusic_constructs.kubernetes.pod import CONTAINER_SECURITY, POD_SECURITY, apart, resources, spread

RELEASE = "keycloak"
SERVICE = f"{RELEASE}-http"
SECRET = RELEASE
TLS = "keycloak-tls"
PORT = 8443
PATH = "/auth"
LABELS = {"app.kubernetes.io/name": "keycloakx", "app.kubernetes.io/instance": RELEASE}


class Keycloak(Construct):
    """Two pods or more that share sessions, behind the gateway's path /auth.

    Creates the release: a Service `keycloak-http` with TLS on 8443, health and metrics on 9000 with TLS, and the realm, which
    is imported when it does not exist. The gateway has routes to the realm only; administrators reach the console by
    `kubectl port-forward service/keycloak-http 8443` at https://localhost:8443/auth.

    The database is checked against the roots of Amazon RDS, which the release brings along as a ConfigMap. The stack makes what
    `external_secrets` and `certificates` name, and the release comes after.

    Args:
        cluster: cluster with a kubectl provider.
        chart: chart `keycloakx` at one version, with the image of Keycloak.
        images: names of images in our registry.
        hostname: public name, such as spotmusic.example, which every link and token bears. Without one the name is taken from
            each request: only for environments without a domain.
        realm: who may log in to what.
        database_host: host of the identity database.
        database_port: its port.
        database_ca: root certificates of Amazon RDS in PEM.
        database_user: JSON secret with `username`, `password` and `dbname`.
        admin: JSON secret with `username` and `password` of the first administrator.
        clients: JSON secret with the field `grafana`, the secret of that OIDC client.
        vpc_cidr: addresses that are trusted to say for whom they forward a request.
        replicas: pods; two keep sessions when one is lost.
        namespace: existing namespace with Pod Security `restricted`.
        after: constructs that must be deployed before.

    Example:
        Keycloak(self, "Keycloak", cluster=cluster, chart=versions.KEYCLOAK, images=registry.images, hostname="spotmusic.example",
                 realm=Realm(web_redirects=["https://spotmusic.example/callback"]), database_ca=rds_ca("sa-east-1"), ...)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster: eks.ICluster,
        chart: ChartWithImages,
        images: Images,
        hostname: str | None,
        realm: Realm,
        database_host: str,
        database_port: int = 3306,
        database_ca: str,
        database_user: secretsmanager.ISecret,
        admin: secretsmanager.ISecret,
        clients: secretsmanager.ISecret,
        vpc_cidr: str,
        replicas: int = 2,
        namespace: str = "keycloak",
        after: Sequence[IConstruct] = (),
    ) -> None:
        super().__init__(scope, construct_id)
        self.external_secrets = (_secret(namespace, database_user, admin, clients),)
        self.certificates = (Certificate(namespace=namespace, name=TLS, dns_names=(*service_names(SERVICE, namespace), "localhost")),)
        self.url = f"https://{SERVICE}.{namespace}.svc.cluster.local:{PORT}"

        self.release = HelmRelease(
            self,
            "Release",
            cluster=cluster,
            chart=chart,
            release=RELEASE,
            namespace=namespace,
            # A StatefulSet cannot be rolled back; the first pod also makes the database's tables.
            wait=False,
            timeout=cdk.Duration.minutes(13),
            after=after,
            values={
                "fullnameOverride": RELEASE,
                "image": images_of(chart, images)["keycloak"].named,
                "replicas": replicas,
                "command": ["/opt/keycloak/bin/kc.sh", "start", "--import-realm"],
                "http": {"relativePath": PATH, "internalScheme": "HTTPS"},
                "proxy": {"enabled": True, "mode": "xforwarded", "http": {"enabled": False}},
                "database": {"vendor": "mysql", "hostname": database_host, "port": database_port},
                "cache": {"stack": "default"},
                "health": {"enabled": True},
                "metrics": {"enabled": True},
                "serviceMonitor": _monitor(namespace),
                "extraEnv": _block(_environment(hostname, vpc_cidr)),
                "extraVolumes": _block(_volumes()),
                "extraVolumeMounts": _block(_mounts()),
                "extraManifests": [
                    _config_map("rds-ca", namespace, {"ca.pem": database_ca}),
                    _config_map("keycloak-realm", namespace, {"realm.json": json.dumps(realm.to_import(), indent=1)}),
                ],
                **_pods(),
            },
        )


def _secret(
    namespace: str, database: secretsmanager.ISecret, admin: secretsmanager.ISecret, clients: secretsmanager.ISecret
) -> ExternalSecret:
    fields = {
        "database_name": (database, "dbname"),
        "database_user": (database, "username"),
        "database_password": (database, "password"),
        "admin_user": (admin, "username"),
        "admin_password": (admin, "password"),
        "grafana_client_secret": (clients, "grafana"),
    }
    return ExternalSecret(
        namespace=namespace,
        name=SECRET,
        fields={key: SecretField(secret_arn=secret.secret_arn, field=field) for key, (secret, field) in fields.items()},
    )


def _environment(hostname: str | None, vpc_cidr: str) -> list[Mapping[str, object]]:
    """Variables that the chart does not set itself: twice the same would fail the release."""
    plain = {
        **({"KC_HOSTNAME": f"https://{hostname}{PATH}", "KC_HOSTNAME_ADMIN": f"https://localhost:{PORT}{PATH}"} if hostname else {}),
        "KC_HOSTNAME_STRICT": "true" if hostname else "false",
        "KC_PROXY_TRUSTED_ADDRESSES": vpc_cidr,
        "KC_HTTPS_CERTIFICATE_FILE": "/etc/keycloak-tls/tls.crt",
        "KC_HTTPS_CERTIFICATE_KEY_FILE": "/etc/keycloak-tls/tls.key",
        "KC_HTTPS_PROTOCOLS": "TLSv1.3,TLSv1.2",
        # Counts only while no db-url is set (Keycloak, configuring the database).
        "KC_DB_URL_PROPERTIES": "?sslMode=VERIFY_IDENTITY&connectionTimeZone=UTC",
        "KC_TRUSTSTORE_PATHS": "/etc/rds-ca/ca.pem",
        "JAVA_OPTS_APPEND": "-XX:MaxRAMPercentage=70",
    }
    secret = {
        "KC_DB_URL_DATABASE": "database_name",
        "KC_DB_USERNAME": "database_user",
        "KC_DB_PASSWORD": "database_password",
        "KC_BOOTSTRAP_ADMIN_USERNAME": "admin_user",
        "KC_BOOTSTRAP_ADMIN_PASSWORD": "admin_password",
        CLIENT_SECRET: "grafana_client_secret",
    }
    values: list[Mapping[str, object]] = [{"name": name, "value": value} for name, value in plain.items()]
    return values + [{"name": name, "valueFrom": {"secretKeyRef": {"name": SECRET, "key": key}}} for name, key in secret.items()]


def _volumes() -> list[Mapping[str, object]]:
    return [
        {"name": "tls", "secret": {"secretName": TLS}},
        {"name": "rds-ca", "configMap": {"name": "rds-ca"}},
        {"name": "realm", "configMap": {"name": "keycloak-realm"}},
    ]


def _mounts() -> list[Mapping[str, object]]:
    places = {"tls": "/etc/keycloak-tls", "rds-ca": "/etc/rds-ca", "realm": "/opt/keycloak/data/import"}
    return [{"name": name, "mountPath": path, "readOnly": True} for name, path in places.items()]


def _monitor(namespace: str) -> dict[str, object]:
    authority = {"secret": {"name": TLS, "key": "ca.crt"}}
    return {"enabled": True, "interval": "30s", "tlsConfig": {"ca": authority, "serverName": f"{SERVICE}.{namespace}.svc"}}


def _pods() -> dict[str, object]:
    return {
        # The pod has no use of the Kubernetes API: members find each other in the database.
        "serviceAccount": {"create": True, "automountServiceAccountToken": False},
        "podDisruptionBudget": {"maxUnavailable": 1},
        "priorityClassName": "spotmusic-platform",
        "affinity": json.dumps(apart(LABELS)),
        "topologySpreadConstraints": _block([spread(LABELS)]),
        "podSecurityContext": {**POD_SECURITY, "fsGroup": 1000},
        # Not read-only: Keycloak builds itself for its database when it starts.
        "securityContext": {**CONTAINER_SECURITY, "runAsUser": 1000},
        "resources": resources(cpu="1", memory="1500Mi", limit="2Gi"),
    }


def _block(items: Sequence[Mapping[str, object]]) -> str:
    """Writes a list as the chart wants it: text that continues a YAML list."""
    return "\n".join(f"- {json.dumps(item)}" for item in items)


def _config_map(name: str, namespace: str, data: Mapping[str, str]) -> dict[str, object]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}, "data": dict(data)}

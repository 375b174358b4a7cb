"""Grafana: two replicas on MySQL, logins through Keycloak only, no secrets in its configuration."""

import json
from dataclasses import dataclass

from aws_cdk import aws_secretsmanager as secretsmanager

from spotmusic_constructs.arns import secret_arn
from spotmusic_constructs.kubernetes.certificate import Certificate, service_names
from spotmusic_constructs.kubernetes.external_secret import ExternalSecret, SecretField
from spotmusic_constructs.kubernetes.images import Image
from spotmusic_constructs.kubernetes.pod import READ_ONLY_CONTAINER, resources, spread
from spotmusic_constructs.kubernetes.reloader import FOLLOWS_ITS_SECRETS
from spotmusic_constructs.observability.prometheus import Workspace

PORT = 3000
REPLICAS = 2
DATABASE_CONNECTIONS = 20
"""Connections of a replica to the identity database."""
SERVICE_ACCOUNT = "grafana"
SECRET = "grafana"  # noqa: S105 name of a Kubernetes Secret
TLS = "grafana-tls"
KEYS = {
    "database_name": "GF_DATABASE_NAME",
    "database_user": "GF_DATABASE_USER",
    "database_password": "GF_DATABASE_PASSWORD",
    "client_secret": "GF_AUTH_GENERIC_OAUTH_CLIENT_SECRET",
}
"""Environment variable by key of the Secret."""
ROLES = (
    "contains(resource_access.grafana.roles[*], 'admin') && 'Admin'"
    " || contains(resource_access.grafana.roles[*], 'editor') && 'Editor'"
    " || contains(resource_access.grafana.roles[*], 'viewer') && 'Viewer'"
)
"""Role in Grafana by role of the client `grafana` in Keycloak. Users without one are denied."""
PROXY = "127.0.0.1:8005"
"""Address of the signing proxy: loopback, so that only the pod can use the rights of Grafana."""
_HEALTH: dict[str, object] = {
    "httpGet": {"path": "/api/health", "port": "grafana", "scheme": "HTTPS"}
}


@dataclass(frozen=True, kw_only=True)
class Grafana:
    """Addresses, database and secrets of Grafana.

    Args:
        url: address for the team, and redirect address of logins. It is not public.
        realm_url: address of the Keycloak realm for browsers, such as
            https://spotmusic.example/auth/realms/spotmusic.
        internal_realm_url: address of the realm for pods, for tokens.
        database_host: host of the identity database.
        database_port: port of the identity database.
        database_ca: root certificates of Amazon RDS in PEM.
        database_user: JSON secret with `username`, `password` and `dbname`.
        admin: JSON secret with `username` and `password` of the administrator, for use when
            Keycloak is down.
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
        """Return the Secret of the pods."""
        database, admin = secret_arn(self.database_user), secret_arn(self.admin)
        return ExternalSecret(
            namespace=namespace,
            name=SECRET,
            fields={
                "admin_user": SecretField(secret_arn=admin, field="username"),
                "admin_password": SecretField(secret_arn=admin, field="password"),
                "database_name": SecretField(secret_arn=database, field="dbname"),
                "database_user": SecretField(secret_arn=database, field="username"),
                "database_password": SecretField(secret_arn=database, field="password"),
                "client_secret": SecretField(secret_arn=secret_arn(self.clients), field="grafana"),
            },
            # Grafana's default key is public. It encrypts only tokens of logged-in users, who log
            # in again after a change.
            template={
                **{key: f"{{{{ .{key} }}}}" for key in (*KEYS, "admin_user", "admin_password")},
                "secret_key": "{{ .admin_password | sha256sum }}",
            },
        )

    def certificate(self, namespace: str) -> Certificate:
        """Return the certificate of Grafana, with the internal authority."""
        # The team opens `localhost` through a tunnel.
        return Certificate(
            namespace=namespace,
            name=TLS,
            dns_names=(*service_names("grafana", namespace), "localhost"),
        )


def grafana_values(
    *,
    grafana: Grafana,
    namespace: str,
    workspace: Workspace,
    image: Image,
    sidecar: Image,
    proxy: Image,
) -> dict[str, object]:
    """Return the values below `grafana`."""
    return {
        "fullnameOverride": "grafana",
        "image": image.parts,
        "replicas": REPLICAS,
        "annotations": dict(FOLLOWS_ITS_SECRETS),
        "podDisruptionBudget": {"maxUnavailable": 1},
        "topologySpreadConstraints": [
            spread({"app.kubernetes.io/name": "grafana"}, each_revision=True)
        ],
        "containerSecurityContext": READ_ONLY_CONTAINER,
        "resources": resources(cpu="100m", memory="256Mi", limit="512Mi"),
        # The chart's role reads Secrets as well: see `reader`.
        "rbac": {"create": False},
        "serviceAccount": {"create": True, "name": SERVICE_ACCOUNT},
        "testFramework": {"enabled": False},
        "initChownData": {"enabled": False},
        "admin": {
            "existingSecret": SECRET,
            "userKey": "admin_user",
            "passwordKey": "admin_password",
        },
        "envValueFrom": {
            variable: {"secretKeyRef": {"name": SECRET, "key": key}}
            for key, variable in {**KEYS, "secret_key": "GF_SECURITY_SECRET_KEY"}.items()
        },
        "extraSecretMounts": [
            {
                "name": "tls",
                "secretName": TLS,
                "mountPath": "/etc/grafana-tls",
                "readOnly": True,
                "defaultMode": 0o440,
            }
        ],
        "extraConfigmapMounts": [
            {"name": "rds-ca", "configMap": "rds-ca", "mountPath": "/etc/rds-ca", "readOnly": True}
        ],
        "extraEmptyDirMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108 writable path
        "readinessProbe": _HEALTH,
        # Grafana answers after it has changed its tables, and only while its database does. The
        # default of the chart, ten failures, would kill it in the middle of a change, which MySQL
        # cannot undo, and in each longer failover.
        "livenessProbe": {**_HEALTH, "failureThreshold": 60},
        "service": {"port": 443, "portName": "https"},
        "serviceMonitor": {
            "enabled": True,
            "scheme": "https",
            "tlsConfig": {
                "ca": {"secret": {"name": TLS, "key": "ca.crt"}},
                "serverName": f"grafana.{namespace}.svc",
            },
        },
        "sidecar": _sidecar(sidecar),
        "additionalDataSources": _data_sources(workspace),
        # The chart appends this text to its containers.
        "extraContainers": f"- {json.dumps(_signing_proxy(workspace, proxy))}",
        "grafana.ini": _ini(grafana),
    }


def reader(namespace: str) -> list[dict[str, object]]:
    """Return the Role and RoleBinding of Grafana's sidecars.

    They read ConfigMaps of their namespace, and no Secrets.
    """
    group = "rbac.authorization.k8s.io"
    metadata = {"name": SERVICE_ACCOUNT, "namespace": namespace}
    rule = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "watch"]}
    subject = {"kind": "ServiceAccount", **metadata}
    return [
        {"apiVersion": f"{group}/v1", "kind": "Role", "metadata": metadata, "rules": [rule]},
        {
            "apiVersion": f"{group}/v1",
            "kind": "RoleBinding",
            "metadata": metadata,
            "roleRef": {"apiGroup": group, "kind": "Role", "name": SERVICE_ACCOUNT},
            "subjects": [subject],
        },
    ]


def _sidecar(image: Image) -> dict[str, object]:
    """Return the values of the sidecars, which load dashboards and data sources from ConfigMaps."""
    return {
        "image": image.parts,
        "resources": resources(cpu="20m", memory="96Mi", limit="192Mi"),
        "securityContext": READ_ONLY_CONTAINER,
        "dashboards": {
            "enabled": True,
            # The chart's value ALL requires rights on the whole cluster.
            "searchNamespace": "",
            "resource": "configmap",
            "folderAnnotation": "grafana_folder",
            "provider": {"foldersFromFilesStructure": True, "allowUiUpdates": False},
            "reloadURL": f"https://localhost:{PORT}/api/admin/provisioning/dashboards/reload",
            "env": {"REQ_SKIP_TLS_VERIFY": "true"},
        },
        "datasources": {
            "enabled": True,
            "resource": "configmap",
            "reloadURL": f"https://localhost:{PORT}/api/admin/provisioning/datasources/reload",
            "env": {"REQ_SKIP_TLS_VERIFY": "true"},
        },
    }


def _ini(grafana: Grafana) -> dict[str, object]:
    openid, internal = (
        f"{url}/protocol/openid-connect" for url in (grafana.realm_url, grafana.internal_realm_url)
    )
    return {
        "paths": {"logs": "/var/lib/grafana/log"},
        "analytics": {
            "reporting_enabled": False,
            "check_for_updates": False,
            "check_for_plugin_updates": False,
        },
        "server": {
            "protocol": "https",
            "root_url": grafana.url,
            "cert_file": "/etc/grafana-tls/tls.crt",
            "cert_key": "/etc/grafana-tls/tls.key",
        },
        "database": {
            "type": "mysql",
            "host": f"{grafana.database_host}:{grafana.database_port}",
            "ssl_mode": "true",
            "ca_cert_path": "/etc/rds-ca/ca.pem",
            "server_cert_name": grafana.database_host,
            # The default is no limit, and Keycloak uses the same instance.
            "max_open_conn": DATABASE_CONNECTIONS,
            "max_idle_conn": 5,
        },
        "security": {
            "cookie_secure": True,
            "cookie_samesite": "lax",
            "strict_transport_security": True,
            "disable_gravatar": True,
        },
        "users": {"allow_sign_up": False},
        "unified_alerting": {"enabled": False},
        "auth": {"disable_login_form": True, "oauth_allow_insecure_email_lookup": False},
        "auth.anonymous": {"enabled": False},
        "auth.basic": {"enabled": True},
        "auth.generic_oauth": {
            "enabled": True,
            "name": "Keycloak",
            "client_id": "grafana",
            "scopes": "openid profile email roles offline_access",
            "use_pkce": True,
            "use_refresh_token": True,
            "allow_sign_up": True,
            "auth_url": f"{openid}/auth",
            "token_url": f"{internal}/token",
            "api_url": f"{internal}/userinfo",
            "signout_redirect_url": f"{openid}/logout",
            "tls_client_ca": "/etc/grafana-tls/ca.crt",
            "login_attribute_path": "preferred_username",
            "email_attribute_path": "email",
            "name_attribute_path": "name",
            "role_attribute_path": ROLES,
            "role_attribute_strict": True,
            "skip_org_role_sync": False,
        },
    }


def _data_sources(workspace: Workspace) -> list[dict[str, object]]:
    """Return the data sources `cloudwatch` and `history`, the workspace.

    The chart adds Prometheus and Alertmanager. Grafana 13 does not sign requests to Prometheus, and
    its image lacks the plugin for the workspace: a proxy in the pod signs them.
    """
    fixed = {"access": "proxy", "editable": False}
    return [
        {
            **fixed,
            "name": "CloudWatch",
            "uid": "cloudwatch",
            "type": "cloudwatch",
            "jsonData": {"authType": "default", "defaultRegion": workspace.region},
        },
        {
            **fixed,
            "name": "Prometheus, 150 days",
            "uid": "history",
            "type": "prometheus",
            "url": f"http://{PROXY}{workspace.path}/",
            "jsonData": {
                "httpMethod": "POST",
                "timeInterval": "30s",
                "prometheusType": "Prometheus",
            },
        },
    ]


def _signing_proxy(workspace: Workspace, image: Image) -> dict[str, object]:
    """Return the container that signs requests to the workspace with the rights of Grafana.

    It has no probe: the kubelet cannot reach the loopback, and the image contains only the proxy.

    Args:
        workspace: workspace of Amazon Managed Service for Prometheus.
        image: image of aws-sigv4-proxy.
    """
    return {
        "name": "signing-proxy",
        "image": f"{image.name}:{image.tag}",
        "args": [
            "--name=aps",
            f"--region={workspace.region}",
            f"--host={workspace.host}",
            f"--port={PROXY}",
            "--log-failed-requests",
        ],
        "resources": resources(cpu="10m", memory="32Mi", limit="64Mi"),
        "securityContext": READ_ONLY_CONTAINER,
    }

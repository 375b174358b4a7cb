"""What Grafana's chart is told: two replicas on MySQL, logins through Keycloak alone, and no secret in its configuration."""

import json

from spotmusic_constructs.kubernetes.images import Image
from spotmusic_constructs.kubernetes.pod import READ_ONLY_CONTAINER, resources, spread
from spotmusic_constructs.kubernetes.reloader import FOLLOWS_ITS_SECRETS
from spotmusic_constructs.observability.data_sources import data_sources, signing_proxy
from spotmusic_constructs.observability.grafana import KEYS, SECRET, SERVICE_ACCOUNT, TLS, Grafana
from spotmusic_constructs.observability.prometheus import Workspace

PORT = 3000
ROLES = (
    "contains(resource_access.grafana.roles[*], 'admin') && 'Admin' || contains(resource_access.grafana.roles[*], 'editor') && 'Editor'"
    " || contains(resource_access.grafana.roles[*], 'viewer') && 'Viewer'"
)
"""Role in Grafana by role of the client `grafana` in Keycloak. Whoever has none is refused."""


def grafana_values(
    *, grafana: Grafana, namespace: str, workspace: Workspace, image: Image, sidecar: Image, proxy: Image
) -> dict[str, object]:
    """Returns the values below `grafana`."""
    return {
        "fullnameOverride": "grafana",
        "image": image.parts,
        "replicas": 2,
        "annotations": dict(FOLLOWS_ITS_SECRETS),
        "podDisruptionBudget": {"maxUnavailable": 1},
        "topologySpreadConstraints": [spread({"app.kubernetes.io/name": "grafana"})],
        "containerSecurityContext": READ_ONLY_CONTAINER,
        "resources": resources(cpu="100m", memory="256Mi", limit="512Mi"),
        # The chart's role reads Secrets as well: see `reader`.
        "rbac": {"create": False},
        "serviceAccount": {"create": True, "name": SERVICE_ACCOUNT},
        "testFramework": {"enabled": False},
        "initChownData": {"enabled": False},
        "admin": {"existingSecret": SECRET, "userKey": "admin_user", "passwordKey": "admin_password"},
        "envValueFrom": {
            variable: {"secretKeyRef": {"name": SECRET, "key": key}}
            for key, variable in {**KEYS, "secret_key": "GF_SECURITY_SECRET_KEY"}.items()
        },
        "extraSecretMounts": [{"name": "tls", "secretName": TLS, "mountPath": "/etc/grafana-tls", "readOnly": True, "defaultMode": 0o440}],
        "extraConfigmapMounts": [{"name": "rds-ca", "configMap": "rds-ca", "mountPath": "/etc/rds-ca", "readOnly": True}],
        "extraEmptyDirMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108 the only place beside its data where Grafana writes
        **{
            probe: {"httpGet": {"path": "/api/health", "port": "grafana", "scheme": "HTTPS"}}
            for probe in ("readinessProbe", "livenessProbe")
        },
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
        "additionalDataSources": data_sources(workspace),
        # A text that goes on below the chart's own containers.
        "extraContainers": f"- {json.dumps(signing_proxy(workspace, proxy))}",
        "grafana.ini": _ini(grafana),
    }


def reader(namespace: str) -> list[dict[str, object]]:
    """Returns the role of Grafana's sidecars, and what binds it: they read ConfigMaps of their namespace, and no Secret."""
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
    """Dashboards and data sources come from ConfigMaps of the namespace."""
    return {
        "image": image.parts,
        "resources": resources(cpu="20m", memory="96Mi", limit="192Mi"),
        "securityContext": READ_ONLY_CONTAINER,
        "dashboards": {
            "enabled": True,
            # The chart's ALL would need rights on the whole cluster.
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
    openid, internal = (f"{url}/protocol/openid-connect" for url in (grafana.realm_url, grafana.internal_realm_url))
    return {
        "paths": {"logs": "/var/lib/grafana/log"},
        "analytics": {"reporting_enabled": False, "check_for_updates": False, "check_for_plugin_updates": False},
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
            # Without a number there is no limit, and Keycloak lives in the same instance.
            "max_open_conn": 20,
            "max_idle_conn": 5,
        },
        "security": {"cookie_secure": True, "cookie_samesite": "lax", "strict_transport_security": True, "disable_gravatar": True},
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

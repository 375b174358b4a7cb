"""Helm values for the Keycloak chart."""

import json
from collections.abc import Mapping, Sequence

from spotmusic_constructs.kubernetes.pod import (
    CONTAINER_SECURITY,
    PLATFORM_PRIORITY,
    POD_SECURITY,
    apart,
    resources,
    spread,
)

RELEASE = "keycloak"
SERVICE = f"{RELEASE}-http"
SECRET = RELEASE
TLS = "keycloak-tls"
PORT = 8443
PATH = "/auth"
CONSOLE_URL = f"https://localhost:{PORT}{PATH}"
"""URL of Keycloak through `kubectl port-forward`, for the console and administrators' logins."""
DATABASE_CONNECTIONS = 50
"""Maximum database connections of a pod. A login mostly hashes a password, without a connection."""
LABELS = {"app.kubernetes.io/name": "keycloakx", "app.kubernetes.io/instance": RELEASE}

_STARTUP_PROBE: dict[str, object] = {
    # The chart asks /health, which fails while Keycloak creates or changes tables: after five
    # minutes the kubelet would kill it, and MySQL cannot undo half of a change. This path answers
    # as soon as that work begins in the background (Keycloak, tracking instance status with health
    # checks, and server-async-bootstrap; tried with 26.7.3).
    "httpGet": {
        "path": f"{PATH}/health/started",
        "port": "http-internal",
        "scheme": "HTTPS",
    },
    "initialDelaySeconds": 15,
    "periodSeconds": 5,
    "failureThreshold": 60,
}


def environment(public_url: str, vpc_cidr: str) -> list[Mapping[str, object]]:
    """Environment variables that the chart does not set; duplicates would fail the release."""
    plain = {
        # Fixed name, independent of requests: links, redirects and the issuer of tokens contain it.
        "KC_HOSTNAME": f"{public_url}{PATH}",
        "KC_HOSTNAME_ADMIN": CONSOLE_URL,
        "KC_HOSTNAME_STRICT": "true",
        "KC_PROXY_TRUSTED_ADDRESSES": vpc_cidr,
        "KC_HTTPS_CERTIFICATE_FILE": "/etc/keycloak-tls/tls.crt",
        "KC_HTTPS_CERTIFICATE_KEY_FILE": "/etc/keycloak-tls/tls.key",
        "KC_HTTPS_PROTOCOLS": "TLSv1.3,TLSv1.2",
        # Metrics of logins and their errors, disabled by default (Keycloak, monitoring user
        # activities with event metrics).
        "KC_EVENT_METRICS_USER_ENABLED": "true",
        # Ignored if db-url is set (Keycloak, configuring the database).
        "KC_DB_URL_PROPERTIES": "?sslMode=VERIFY_IDENTITY&connectionTimeZone=UTC",
        "KC_TRUSTSTORE_PATHS": "/etc/rds-ca/ca.pem",
        # Keycloak's default is 100 for each pod (Keycloak, all configuration), more than the total
        # of a small database.
        "KC_DB_POOL_MAX_SIZE": str(DATABASE_CONNECTIONS),
        "JAVA_OPTS_APPEND": "-XX:MaxRAMPercentage=70",
    }
    secret = {
        "KC_DB_URL_DATABASE": "database_name",
        "KC_DB_USERNAME": "database_user",
        "KC_DB_PASSWORD": "database_password",
        "KC_BOOTSTRAP_ADMIN_USERNAME": "admin_user",
        "KC_BOOTSTRAP_ADMIN_PASSWORD": "admin_password",
        "KC_BOOTSTRAP_ADMIN_CLIENT_ID": "automation_id",
        "KC_BOOTSTRAP_ADMIN_CLIENT_SECRET": "automation_secret",
    }
    values: list[Mapping[str, object]] = [
        {"name": name, "value": value} for name, value in plain.items()
    ]
    return values + [
        {"name": name, "valueFrom": {"secretKeyRef": {"name": SECRET, "key": key}}}
        for name, key in secret.items()
    ]


def volumes() -> list[Mapping[str, object]]:
    """Volumes of a pod: its certificate and the root certificates of the database."""
    return [
        {"name": "tls", "secret": {"secretName": TLS}},
        {"name": "rds-ca", "configMap": {"name": "rds-ca"}},
    ]


def mounts() -> list[Mapping[str, object]]:
    """Mount paths of the volumes."""
    places = {"tls": "/etc/keycloak-tls", "rds-ca": "/etc/rds-ca"}
    return [{"name": name, "mountPath": path, "readOnly": True} for name, path in places.items()]


def monitor(namespace: str) -> dict[str, object]:
    """ServiceMonitor of Keycloak, with verified TLS."""
    authority = {"secret": {"name": TLS, "key": "ca.crt"}}
    return {
        "enabled": True,
        "interval": "30s",
        "tlsConfig": {"ca": authority, "serverName": f"{SERVICE}.{namespace}.svc"},
    }


def pods(*, zones: int) -> dict[str, object]:
    """Placement, rights and requests of the pods.

    Args:
        zones: zones that must have a node before one of them receives a second pod.
    """
    return {
        # The pod does not use the Kubernetes API: members discover each other through the database.
        "serviceAccount": {"create": True, "automountServiceAccountToken": False},
        # In order, Kubernetes would wait for a pod that cannot start, and never replace it by the
        # corrected one.
        "podManagementPolicy": "Parallel",
        "podDisruptionBudget": {"maxUnavailable": 1},
        "priorityClassName": PLATFORM_PRIORITY,
        "affinity": json.dumps(apart(LABELS)),
        "topologySpreadConstraints": block([spread(LABELS, zones=zones)]),
        "podSecurityContext": {**POD_SECURITY, "fsGroup": 1000},
        # Not read-only: Keycloak builds its server at start.
        "securityContext": {**CONTAINER_SECURITY, "runAsUser": 1000},
        "startupProbe": json.dumps(_STARTUP_PROBE),
        "resources": resources(cpu="1", memory="1500Mi", limit="2Gi"),
    }


def block(items: Sequence[Mapping[str, object]]) -> str:
    """Render a list in the form that the chart expects: text that continues a YAML list."""
    return "\n".join(f"- {json.dumps(item)}" for item in items)

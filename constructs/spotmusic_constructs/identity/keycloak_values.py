"""What Keycloak's chart is told, part by part."""

import json
from collections.abc import Mapping, Sequence

from spotmusic_constructs.kubernetes.pod import CONTAINER_SECURITY, POD_SECURITY, apart, resources, spread

RELEASE = "keycloak"
SERVICE = f"{RELEASE}-http"
SECRET = RELEASE
TLS = "keycloak-tls"
PORT = 8443
PATH = "/auth"
CONSOLE_URL = f"https://localhost:{PORT}{PATH}"
"""Address of Keycloak behind `kubectl port-forward`: the console and the logins of administrators."""
DATABASE_CONNECTIONS = 50
"""Connections to the database that one pod may hold. A login hashes a password most of its time, and holds none meanwhile."""
LABELS = {"app.kubernetes.io/name": "keycloakx", "app.kubernetes.io/instance": RELEASE}


def environment(public_url: str, vpc_cidr: str) -> list[Mapping[str, object]]:
    """Variables that the chart does not set itself: twice the same would fail the release."""
    plain = {
        # One name, whatever a request says: links, redirects and the issuer of tokens are made of it.
        "KC_HOSTNAME": f"{public_url}{PATH}",
        "KC_HOSTNAME_ADMIN": CONSOLE_URL,
        "KC_HOSTNAME_STRICT": "true",
        "KC_PROXY_TRUSTED_ADDRESSES": vpc_cidr,
        "KC_HTTPS_CERTIFICATE_FILE": "/etc/keycloak-tls/tls.crt",
        "KC_HTTPS_CERTIFICATE_KEY_FILE": "/etc/keycloak-tls/tls.key",
        "KC_HTTPS_PROTOCOLS": "TLSv1.3,TLSv1.2",
        # Logins and why they fail, as metrics: off by default (Keycloak, monitoring user activities with event metrics).
        "KC_EVENT_METRICS_USER_ENABLED": "true",
        # Counts only while no db-url is set (Keycloak, configuring the database).
        "KC_DB_URL_PROPERTIES": "?sslMode=VERIFY_IDENTITY&connectionTimeZone=UTC",
        "KC_TRUSTSTORE_PATHS": "/etc/rds-ca/ca.pem",
        # Keycloak's own default is 100 for each pod (Keycloak, all configuration), more than a small database has for all of them.
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
    values: list[Mapping[str, object]] = [{"name": name, "value": value} for name, value in plain.items()]
    return values + [{"name": name, "valueFrom": {"secretKeyRef": {"name": SECRET, "key": key}}} for name, key in secret.items()]


def volumes() -> list[Mapping[str, object]]:
    """The volumes of a pod: its certificate, and the roots of the database."""
    return [
        {"name": "tls", "secret": {"secretName": TLS}},
        {"name": "rds-ca", "configMap": {"name": "rds-ca"}},
    ]


def mounts() -> list[Mapping[str, object]]:
    """Where each volume is in the container."""
    places = {"tls": "/etc/keycloak-tls", "rds-ca": "/etc/rds-ca"}
    return [{"name": name, "mountPath": path, "readOnly": True} for name, path in places.items()]


def monitor(namespace: str) -> dict[str, object]:
    """What Prometheus scrapes, over TLS that it verifies."""
    authority = {"secret": {"name": TLS, "key": "ca.crt"}}
    return {"enabled": True, "interval": "30s", "tlsConfig": {"ca": authority, "serverName": f"{SERVICE}.{namespace}.svc"}}


def pods(*, zones: int) -> dict[str, object]:
    """Placement, rights and requests of the pods.

    Args:
        zones: zones that must have a node before one of them takes a second pod.
    """
    return {
        # The pod has no use of the Kubernetes API: members find each other in the database.
        "serviceAccount": {"create": True, "automountServiceAccountToken": False},
        "podDisruptionBudget": {"maxUnavailable": 1},
        "priorityClassName": "spotmusic-platform",
        "affinity": json.dumps(apart(LABELS)),
        "topologySpreadConstraints": block([spread(LABELS, zones=zones)]),
        "podSecurityContext": {**POD_SECURITY, "fsGroup": 1000},
        # Not read-only: Keycloak builds itself for its database when it starts.
        "securityContext": {**CONTAINER_SECURITY, "runAsUser": 1000},
        "resources": resources(cpu="1", memory="1500Mi", limit="2Gi"),
    }


def block(items: Sequence[Mapping[str, object]]) -> str:
    """Writes a list as the chart wants it: text that continues a YAML list."""
    return "\n".join(f"- {json.dumps(item)}" for item in items)

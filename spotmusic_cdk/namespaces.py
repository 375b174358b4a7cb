"""The namespaces of the cluster: who lives where, and which is an exception to Pod Security `restricted`."""

from spotmusic_constructs.kubernetes.namespace import Namespace

MONITORING = "monitoring"
NODE_METRICS = "node-metrics"

NAMESPACES: dict[str, Namespace] = {
    "cert-manager": Namespace(parties={"cert-manager": {}}, calls_apis=True, answers_webhooks=True),
    "external-secrets": Namespace(parties={"external-secrets": {}}, calls_apis=True, answers_webhooks=True),
    "redpanda": Namespace(parties={"redpanda": {}}, calls_apis=True),
    # Its operators live with it, and answer webhooks.
    "rabbitmq": Namespace(parties={"rabbitmq": {}}, calls_apis=True, answers_webhooks=True),
    "keycloak": Namespace(parties={"keycloak": {}}),
    "kong": Namespace(parties={"kong": {}}),
    MONITORING: Namespace(
        parties={name: {"app.kubernetes.io/name": name} for name in ("prometheus", "alertmanager", "grafana")},
        calls_apis=True,
        answers_webhooks=True,
        scrapes=True,
    ),
    NODE_METRICS: Namespace(
        pod_security="privileged",
        because="node-exporter reads the processes, the network and the file systems of its node; nothing else runs here.",
    ),
}
"""Namespaces by name."""

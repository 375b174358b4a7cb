"""Namespaces of the cluster, with their parties, quotas and Pod Security standards."""

from spotmusic_cdk.settings import Settings
from spotmusic_cdk.settings.brokers import RedpandaSettings
from spotmusic_cdk.settings.kubernetes import KongSettings
from spotmusic_constructs.kubernetes.namespace import Namespace, Quota

MONITORING = "monitoring"
NODE_METRICS = "node-metrics"
POD_LOGS = "pod-logs"
EXPERIMENTER = "fault-injection"
"""Kubernetes user and service account of AWS FIS."""


def namespaces(settings: Settings) -> dict[str, Namespace]:
    """Return the namespaces of an environment by name.

    Each party of the table of flows has a separate namespace, except in monitoring.
    """
    kubernetes = settings.kubernetes
    experimenter = EXPERIMENTER if settings.resilience.fault_injection else ""
    return {
        "cert-manager": Namespace(
            parties={"cert-manager": {}}, calls_apis=True, answers_webhooks=True
        ),
        "external-secrets": Namespace(
            parties={"external-secrets": {}}, calls_apis=True, answers_webhooks=True
        ),
        "reloader": Namespace(parties={"reloader": {}}, calls_apis=True),
        "redpanda": Namespace(
            parties={"redpanda": {}},
            calls_apis=True,
            behind_load_balancer=True,
            quota=_quota_of_redpanda(kubernetes.redpanda),
            experiments_by=experimenter,
        ),
        # The operators run in this namespace and serve webhooks.
        "rabbitmq": Namespace(
            parties={"rabbitmq": {}},
            calls_apis=True,
            answers_webhooks=True,
            behind_load_balancer=True,
            experiments_by=experimenter,
        ),
        "keycloak": Namespace(
            parties={"keycloak": {}}, quota=Quota(pods=2 * kubernetes.keycloak.replicas + 10)
        ),
        "kong": Namespace(
            parties={"kong": {}}, behind_load_balancer=True, quota=_quota_of_kong(kubernetes.kong)
        ),
        MONITORING: Namespace(
            parties={
                name: {"app.kubernetes.io/name": name}
                for name in ("prometheus", "alertmanager", "grafana")
            },
            calls_apis=True,
            answers_webhooks=True,
        ),
        NODE_METRICS: Namespace(
            pod_security="privileged",
            because=(
                "node-exporter reads the processes, the network and the file systems of its node; "
                "nothing else runs here."
            ),
            # One pod on each node.
            quota=Quota(pods=200),
        ),
        POD_LOGS: Namespace(
            parties={"fluent-bit": {}},
            pod_security="privileged",
            because=(
                "Fluent Bit reads the log files of its node, which only root may; "
                "nothing else runs here."
            ),
            calls_apis=True,
            quota=Quota(pods=200),
        ),
    }


def _quota_of_redpanda(redpanda: RedpandaSettings) -> Quota:
    """Quota of brokers: one more core and GiB each for the sidecar, a spare broker, and jobs."""
    places = redpanda.brokers + 1
    return Quota(
        cpu=str(places * (redpanda.cpu + 1) + 4),
        memory=f"{places * (redpanda.memory_gib + 1) + 8}Gi",
    )


def _quota_of_kong(kong: KongSettings) -> Quota:
    """Quota of 150% of all pods. A rolling update adds a quarter, and a quarter that it replaces
    still closes connections: Kubernetes counts pods until they are gone (kubernetes.io,
    Deployments).
    """
    pods = kong.max_replicas * 3 // 2 + 5
    return Quota(pods=pods, cpu=str(pods), memory=f"{2 * pods}Gi")

"""Values of the Prometheus operator, kube-state-metrics and node-exporter."""

from spotmusic_constructs.kubernetes.certificate import INTERNAL_CA
from spotmusic_constructs.kubernetes.images import Image
from spotmusic_constructs.kubernetes.pod import (
    PLATFORM_PRIORITY,
    READ_ONLY_CONTAINER,
    resources,
)

UNREACHABLE = ("kubeControllerManager", "kubeScheduler", "kubeEtcd", "kubeProxy", "coreDns")
"""Components that EKS does not expose: the control plane, and in Auto Mode kube-proxy and the
resolver on the nodes."""
ALERTS = (
    "alertmanager",
    "configReloaders",
    "general",
    "kubeApiserverSlos",
    "kubeStateMetrics",
    "kubernetesApps",
    "kubernetesResources",
    "kubernetesStorage",
    "kubernetesSystem",
    "network",
    "nodeExporterAlerting",
    "prometheus",
    "prometheusOperator",
)
"""Groups of alert rules of the chart. The platform's own alerts, each with a runbook and a test,
replace them; the remaining groups only record series for the chart's dashboards."""
HELM_LABELS = ("name", "owner", "status")
"""Labels that Helm sets on the record of a release, by which an alert finds an interrupted one."""


def cluster_values(names: dict[str, Image], node_namespace: str | None) -> dict[str, object]:
    """Return the values of the operator and of the exporters of the cluster."""
    small = resources(cpu="50m", memory="128Mi", limit="256Mi")
    return {
        **{part: {"enabled": False} for part in UNREACHABLE},
        # The default of the chart for containers, 10s, triples their samples in the workspace.
        "kubelet": {"serviceMonitor": {"interval": "30s"}},
        "defaultRules": {"rules": dict.fromkeys(ALERTS, False)},
        "prometheusOperator": {
            "image": names["operator"].parts,
            "prometheusConfigReloader": {
                "image": names["reloader"].parts,
                "resources": resources(cpu="10m", memory="64Mi"),
            },
            "thanosImage": names["thanos"].parts,
            # A certificate of the internal authority instead of two hook jobs that create one.
            "admissionWebhooks": {
                "certManager": {
                    "enabled": True,
                    "issuerRef": {"kind": "ClusterIssuer", "name": INTERNAL_CA},
                }
            },
            "resources": small,
            "containerSecurityContext": READ_ONLY_CONTAINER,
        },
        "kube-state-metrics": {
            "fullnameOverride": "kube-state-metrics",
            "image": names["kube-state-metrics"].parts,
            "metricLabelsAllowlist": [f"secrets=[{','.join(HELM_LABELS)}]"],
            "resources": small,
            "containerSecurityContext": READ_ONLY_CONTAINER,
        },
        "nodeExporter": {"enabled": node_namespace is not None},
        **(
            {"prometheus-node-exporter": _node_exporter(names["node-exporter"], node_namespace)}
            if node_namespace
            else {}
        ),
    }


def _node_exporter(image: Image, namespace: str) -> dict[str, object]:
    return {
        "fullnameOverride": "node-exporter",
        "namespaceOverride": namespace,
        # The tag already contains the suffix for distroless images, which the chart would repeat.
        "image": {**image.parts, "distroless": False},
        # Nodes are older than this release and may be full. Karpenter adds no node for a DaemonSet:
        # its pod must be able to preempt others (karpenter.sh, FAQ, additional DaemonSets).
        "priorityClassName": PLATFORM_PRIORITY,
        "containerSecurityContext": READ_ONLY_CONTAINER,
        "resources": resources(cpu="20m", memory="64Mi", limit="128Mi"),
    }

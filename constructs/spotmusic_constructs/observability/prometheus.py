"""Values of Prometheus: two replicas, targets, and remote write to the workspace."""

from collections.abc import Sequence
from dataclasses import dataclass

from spotmusic_constructs.kubernetes.images import Image
from spotmusic_constructs.kubernetes.pod import POD_SECURITY, resources, spread
from spotmusic_constructs.observability.alertmanager import volume

SERVICE_ACCOUNT = "prometheus"
REPLICAS = 2
MEMORY_LIMIT_GIB = 4


@dataclass(frozen=True, kw_only=True)
class ScrapeTarget:
    """Service outside the cluster with tasks that are found by DNS.

    Args:
        service: name of the service; it becomes the label `service`.
        host: name that resolves to the addresses of its tasks, eight at most in an answer (AWS
            Cloud Map API reference, DnsConfig): with more tasks, rates are too low.
        port: TCP port of the metrics.
        path: path of the metrics.
    """

    service: str
    host: str
    port: int
    path: str = "/metrics"

    def to_scrape_config(self) -> dict[str, object]:
        """Return the scrape configuration of Prometheus."""
        return {
            "job_name": f"ecs-{self.service}",
            "metrics_path": self.path,
            "dns_sd_configs": [
                {"names": [self.host], "type": "A", "port": self.port, "refresh_interval": "30s"}
            ],
            "relabel_configs": [{"target_label": "service", "replacement": self.service}],
        }


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """Workspace of Amazon Managed Service for Prometheus.

    Args:
        arn: ARN of the workspace.
        workspace_id: id of the workspace, such as ws-01234567-89ab-cdef.
        region: region of the workspace.
    """

    arn: str
    workspace_id: str
    region: str

    @property
    def host(self) -> str:
        """Host of all workspaces of the region."""
        return f"aps-workspaces.{self.region}.amazonaws.com"

    @property
    def path(self) -> str:
        """Path of the workspace."""
        return f"/workspaces/{self.workspace_id}"

    @property
    def remote_write_url(self) -> str:
        """Address for remote write."""
        return f"https://{self.host}{self.path}/api/v1/remote_write"


def prometheus_values(
    *,
    image: Image,
    environment: str,
    workspace: Workspace,
    targets: Sequence[ScrapeTarget],
    storage_class: str,
    storage_gib: int,
    retention_hours: int,
) -> dict[str, object]:
    """Return the values below `prometheus`; the arguments are those of `KubePrometheusStack`."""
    return {
        "serviceAccount": {"create": True, "name": SERVICE_ACCOUNT},
        # One pod may be evicted. The chart sets minAvailable by default and cannot unset it, and
        # Kubernetes rejects a budget with both fields.
        "podDisruptionBudget": {"enabled": True, "minAvailable": REPLICAS - 1},
        "prometheusSpec": {
            "image": image.parts,
            "replicas": REPLICAS,
            # The workspace keeps one of two samples by these two labels (Amazon Managed Service for
            # Prometheus, high availability). The operator's own label, <namespace>/<name>, would
            # take precedence over one of the same key (prometheus-operator, promcfg.go).
            "prometheusExternalLabelNameClear": True,
            "replicaExternalLabelName": "__replica__",
            "externalLabels": {"cluster": f"spotmusic-{environment}"},
            "retention": f"{retention_hours}h",
            # Prometheus deletes the oldest samples before the volume is full; a tenth remains for
            # the write-ahead log of the day.
            "retentionSize": f"{storage_gib * 9 // 10}GiB",
            "walCompression": True,
            "podAntiAffinity": "hard",
            "topologySpreadConstraints": [spread({"app.kubernetes.io/name": "prometheus"})],
            "resources": resources(cpu="500m", memory="2Gi", limit=f"{MEMORY_LIMIT_GIB}Gi"),
            # Of the pod; the operator sets the security context of the containers.
            "securityContext": POD_SECURITY,
            "storageSpec": volume(storage_class, gib=storage_gib),
            "remoteWrite": [
                {
                    "url": workspace.remote_write_url,
                    "sigv4": {"region": workspace.region},
                    # 1000 samples in a request (Amazon Managed Service for Prometheus, remote write
                    # quotas).
                    "queueConfig": {"maxSamplesPerSend": 1000, "maxShards": 200, "capacity": 2500},
                }
            ],
            # Select monitors and rules of every chart, not only those of this release.
            **{
                f"{kind}SelectorNilUsesHelmValues": False
                for kind in ("serviceMonitor", "podMonitor", "rule", "probe", "scrapeConfig")
            },
            "additionalScrapeConfigs": [target.to_scrape_config() for target in targets],
        },
    }

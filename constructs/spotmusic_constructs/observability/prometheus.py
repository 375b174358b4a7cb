"""Values of Prometheus: two replicas, targets, and remote write to the workspace."""

from collections.abc import Sequence
from dataclasses import dataclass

from spotmusic_constructs.kubernetes.images import Image
from spotmusic_constructs.kubernetes.pod import PLATFORM_PRIORITY, POD_SECURITY, resources, spread
from spotmusic_constructs.location import Location
from spotmusic_constructs.observability.alertmanager import volume
from spotmusic_constructs.rights import Statement, allow

SERVICE_ACCOUNT = "prometheus"
REPLICAS = 2
MEMORY_LIMIT_GIB = 4


@dataclass(frozen=True, kw_only=True)
class ScrapeTarget:
    """Service on Amazon ECS with metrics on `/metrics`.

    Args:
        service: name of the service; it becomes the label `service`.
        ecs_name: name of the service in ECS.
        port: TCP port of the metrics.
    """

    service: str
    ecs_name: str
    port: int

    def to_relabel_configs(self) -> list[dict[str, object]]:
        """Return the rules that set the label and the address of each task."""
        return [
            {
                "source_labels": ["__meta_ecs_service"],
                "regex": self.ecs_name,
                "target_label": "service",
                "replacement": self.service,
            },
            {
                "source_labels": ["service", "__meta_ecs_ip_address"],
                "regex": f"{self.service};(.+)",
                "target_label": "__address__",
                "replacement": f"$1:{self.port}",
            },
        ]


@dataclass(frozen=True, kw_only=True)
class ScrapedCluster:
    """Services of an Amazon ECS cluster. Prometheus lists their tasks by the ECS API.

    DNS would return eight tasks of a service (AWS Cloud Map API reference, DnsConfig).

    Args:
        arn: ARN of the cluster. Prometheus does not find clusters by their names.
        targets: services to scrape. The label `job` of their tasks is `ecs-<service>`.
    """

    arn: str
    targets: Sequence[ScrapeTarget]

    def to_scrape_config(self, region: str) -> dict[str, object]:
        """Return the scrape configuration of Prometheus, for running tasks of the targets."""
        return {
            "job_name": "ecs",
            "aws_sd_configs": [
                {"role": "ecs", "region": region, "clusters": [self.arn], "refresh_interval": "30s"}
            ],
            "relabel_configs": [
                {
                    "source_labels": ["__meta_ecs_last_status"],
                    "regex": "RUNNING",
                    "action": "keep",
                },
                *(rule for target in self.targets for rule in target.to_relabel_configs()),
                {"source_labels": ["service"], "regex": ".+", "action": "keep"},
                {"source_labels": ["service"], "target_label": "job", "replacement": "ecs-$1"},
            ],
        }

    @staticmethod
    def described_arns(location: Location) -> list[str]:
        """Return the patterns of services and tasks, which a condition limits to the cluster."""
        return [location.arn("ecs", f"{kind}/*") for kind in ("service", "task")]

    def rights(self, location: Location) -> list[Statement]:
        """Return the rights of the discovery (Prometheus 3.13, discovery/aws/ecs.go)."""
        here = {"ArnEquals": {"ecs:cluster": self.arn}}
        return [
            allow(
                ["ecs:DescribeServices", "ecs:DescribeTasks"], self.described_arns(location), here
            ),
            allow(["ecs:ListServices", "ecs:ListTasks"], ["*"], here),
            # Prometheus tests its credentials with a request that names no cluster.
            allow(["ecs:DescribeClusters"], [self.arn, location.arn("ecs", "cluster/default")]),
            # Public addresses, which tasks do not have. The action has no resources.
            allow(["ec2:DescribeNetworkInterfaces"], ["*"]),
        ]


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
    scraped: ScrapedCluster | None,
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
            # The scheduler preempts pods of a lower priority at once, before Karpenter adds a node,
            # and despite a PodDisruptionBudget if it must (kubernetes.io, pod priority and
            # preemption): after the loss of a zone, new pods of Kong would end the last replica.
            "priorityClassName": PLATFORM_PRIORITY,
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
            "additionalScrapeConfigs": (
                [scraped.to_scrape_config(workspace.region)] if scraped else []
            ),
        },
    }

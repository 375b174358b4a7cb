"""Row of the dashboard for each kind of component."""

from collections.abc import Mapping, Sequence
from functools import partial

from spotmusic_constructs.edge_region import EDGE_REGION
from spotmusic_constructs.observability.alarm import MetricSource
from spotmusic_constructs.observability.component_dashboard import DashboardRow, GraphSpec
from spotmusic_constructs.observability.load_balancer_alarms import error_rate


def _graph(
    title: str,
    namespace: str,
    names: Mapping[str, str] | Sequence[str],
    dimensions: Mapping[str, str],
    *,
    statistic: str = "Average",
    region: str | None = None,
) -> GraphSpec:
    labels = names if isinstance(names, Mapping) else {name: name for name in names}
    lines = {
        label: MetricSource(
            namespace=namespace, name=name, dimensions=dimensions, statistic=statistic
        )
        for name, label in labels.items()
    }
    return GraphSpec(title=title, lines=lines, region=region)


def _compared(
    title: str,
    *,
    namespace: str,
    name: str,
    dimension: str,
    members: Mapping[str, str],
    statistic: str,
    period: int = 60,
    **dimensions: str,
) -> GraphSpec:
    """Return a graph of one metric with a line for each member.

    Args:
        title: title of the graph.
        namespace: namespace of the metric.
        name: name of the metric.
        dimension: dimension that identifies a member.
        members: value of the dimension by label of the line.
        statistic: statistic of a period.
        period: seconds.
        **dimensions: dimensions that all members share.
    """
    metric = partial(
        MetricSource, namespace=namespace, name=name, statistic=statistic, period=period
    )
    return GraphSpec(
        title=title,
        lines={
            label: metric(dimensions={dimension: value, **dimensions})
            for label, value in members.items()
        },
    )


def edge_row(*, distribution_id: str, web_acl_metric_name: str) -> DashboardRow:
    """Return the row of CloudFront and its web ACL."""
    distribution = {"DistributionId": distribution_id, "Region": "Global"}
    acl = {"WebACL": web_acl_metric_name, "Rule": "ALL"}
    return DashboardRow(
        title="Edge (CloudFront, WAF)",
        graphs=[
            _graph(
                "Requests",
                "AWS/CloudFront",
                ["Requests"],
                distribution,
                statistic="Sum",
                region=EDGE_REGION,
            ),
            _graph(
                "Errors (%)",
                "AWS/CloudFront",
                {"4xxErrorRate": "4xx", "5xxErrorRate": "5xx"},
                distribution,
                region=EDGE_REGION,
            ),
            _graph(
                "Bytes to viewers",
                "AWS/CloudFront",
                ["BytesDownloaded"],
                distribution,
                statistic="Sum",
                region=EDGE_REGION,
            ),
            _graph(
                "Web ACL",
                "AWS/WAFV2",
                ["AllowedRequests", "BlockedRequests"],
                acl,
                statistic="Sum",
                region=EDGE_REGION,
            ),
        ],
    )


def load_balancer_row(*, title: str, load_balancer_full_name: str) -> DashboardRow:
    """Return the row of an Application Load Balancer."""
    dimensions = {"LoadBalancer": load_balancer_full_name}
    times = {
        statistic: MetricSource(
            namespace="AWS/ApplicationELB",
            name="TargetResponseTime",
            dimensions=dimensions,
            statistic=statistic,
        )
        for statistic in ("p50", "p95", "p99")
    }
    return DashboardRow(
        title=title,
        graphs=[
            _graph("Requests", "AWS/ApplicationELB", ["RequestCount"], dimensions, statistic="Sum"),
            GraphSpec(title="Errors (%)", lines={"5xx": error_rate(load_balancer_full_name)}),
            GraphSpec(title="Response time (s)", lines=times),
            _graph(
                "Connections",
                "AWS/ApplicationELB",
                {
                    "ActiveConnectionCount": "active",
                    "NewConnectionCount": "new",
                    "RejectedConnectionCount": "rejected",
                },
                dimensions,
                statistic="Sum",
            ),
        ],
    )


def network_load_balancer_row(*, title: str, load_balancer_full_name: str) -> DashboardRow:
    """Return the row of a Network Load Balancer."""
    dimensions = {"LoadBalancer": load_balancer_full_name}
    return DashboardRow(
        title=title,
        graphs=[
            _graph("Active flows", "AWS/NetworkELB", ["ActiveFlowCount"], dimensions),
            _graph("Bytes", "AWS/NetworkELB", ["ProcessedBytes"], dimensions, statistic="Sum"),
            _graph(
                "Resets and port errors",
                "AWS/NetworkELB",
                {
                    "TCP_Client_Reset_Count": "client",
                    "TCP_Target_Reset_Count": "target",
                    "PortAllocationErrorCount": "ports",
                },
                dimensions,
                statistic="Sum",
            ),
        ],
    )


def service_row(*, name: str, cluster_name: str, service_name: str) -> DashboardRow:
    """Return the row of an application service on ECS."""
    dimensions = {"ClusterName": cluster_name, "ServiceName": service_name}
    return DashboardRow(
        title=f"Service {name}",
        graphs=[
            _graph(
                "Tasks",
                "ECS/ContainerInsights",
                {"RunningTaskCount": "running", "DesiredTaskCount": "desired"},
                dimensions,
            ),
            _graph(
                "Cpu and memory (%)",
                "AWS/ECS",
                {"CPUUtilization": "cpu", "MemoryUtilization": "memory"},
                dimensions,
            ),
            _graph(
                "Network (bytes/s)",
                "ECS/ContainerInsights",
                {"NetworkRxBytes": "in", "NetworkTxBytes": "out"},
                dimensions,
            ),
        ],
    )


def queue_row(*, queues: Mapping[str, MetricSource]) -> DashboardRow:
    """Return the row of waiting messages in each queue."""
    return DashboardRow(title="Queues", graphs=[GraphSpec(title="Waiting messages", lines=queues)])


def database_row(*, title: str, instance_identifier: str, replica: bool = False) -> DashboardRow:
    """Return the row of an RDS instance, with the lag of a read replica."""
    dimensions = {"DBInstanceIdentifier": instance_identifier}
    lag = (
        [_graph("Lag (s)", "AWS/RDS", ["ReplicaLag"], dimensions, statistic="Maximum")]
        if replica
        else []
    )
    return DashboardRow(
        title=title,
        graphs=[
            _graph("Cpu (%)", "AWS/RDS", ["CPUUtilization"], dimensions),
            _graph(
                "Connections", "AWS/RDS", ["DatabaseConnections"], dimensions, statistic="Maximum"
            ),
            _graph(
                "Free (bytes)",
                "AWS/RDS",
                {"FreeStorageSpace": "storage", "FreeableMemory": "memory"},
                dimensions,
                statistic="Minimum",
            ),
            _graph(
                "Latency (s)",
                "AWS/RDS",
                {"ReadLatency": "read", "WriteLatency": "write"},
                dimensions,
            ),
            *lag,
        ],
    )


def cache_row(*, nodes: Sequence[str], title: str = "Cache") -> DashboardRow:
    """Return the row of a replication group of ElastiCache, with a line for each node."""
    members = {f"node {number}": node for number, node in enumerate(nodes, start=1)}
    graph = partial(
        _compared, namespace="AWS/ElastiCache", dimension="CacheClusterId", members=members
    )
    return DashboardRow(
        title=title,
        graphs=[
            graph("Engine cpu (%)", name="EngineCPUUtilization", statistic="Average"),
            graph("Memory (%)", name="DatabaseMemoryUsagePercentage", statistic="Maximum"),
            graph("Hit rate (%)", name="CacheHitRate", statistic="Average"),
            graph("Evictions", name="Evictions", statistic="Sum"),
            graph("Replication lag (s)", name="ReplicationLag", statistic="Maximum"),
        ],
    )


def kubernetes_row(*, cluster_name: str) -> DashboardRow:
    """Return the row of the control plane of an EKS cluster. Grafana shows the pods."""
    dimensions = {"ClusterName": cluster_name}
    return DashboardRow(
        title="Kubernetes control plane",
        graphs=[
            _graph(
                "API requests",
                "AWS/EKS",
                {"apiserver_request_total": "all", "apiserver_request_total_5XX": "5xx"},
                dimensions,
                statistic="Sum",
            ),
            _graph(
                "Pods that wait",
                "AWS/EKS",
                {
                    "scheduler_pending_pods": "pending",
                    "scheduler_pending_pods_UNSCHEDULABLE": "unschedulable",
                },
                dimensions,
                statistic="Maximum",
            ),
            _graph(
                "Database (bytes)",
                "AWS/EKS",
                ["apiserver_storage_size_bytes"],
                dimensions,
                statistic="Maximum",
            ),
        ],
    )


def nat_row(*, nat_gateways: Mapping[str, str]) -> DashboardRow:
    """Return the row of NAT gateways, with a line for each."""
    graph = partial(
        _compared,
        namespace="AWS/NATGateway",
        dimension="NatGatewayId",
        members=nat_gateways,
        statistic="Sum",
    )
    return DashboardRow(
        title="NAT gateways",
        graphs=[
            graph("Bytes out", name="BytesOutToDestination"),
            graph("Port allocation errors", name="ErrorPortAllocation"),
            graph("Dropped packets", name="PacketsDropCount"),
        ],
    )


def bucket_row(*, buckets: Mapping[str, str]) -> DashboardRow:
    """Return the row of buckets, with a line for each. S3 measures once a day."""
    graph = partial(
        _compared,
        namespace="AWS/S3",
        dimension="BucketName",
        members=buckets,
        statistic="Average",
        period=86_400,
    )
    return DashboardRow(
        title="Buckets",
        graphs=[
            graph("Objects", name="NumberOfObjects", StorageType="AllStorageTypes"),
            graph(
                "Bytes read often",
                name="BucketSizeBytes",
                StorageType="IntelligentTieringFAStorage",
            ),
            graph(
                "Bytes read seldom",
                name="BucketSizeBytes",
                StorageType="IntelligentTieringIAStorage",
            ),
        ],
    )


def events_row(*, counts: Mapping[str, MetricSource]) -> DashboardRow:
    """Return the row of failures, such as those of backups, and of findings."""
    return DashboardRow(
        title="Events", graphs=[GraphSpec(title="Failures and findings", lines=counts)]
    )

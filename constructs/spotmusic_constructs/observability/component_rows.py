"""Row of the dashboard for each kind of component."""

from collections.abc import Mapping, Sequence

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
        label: MetricSource(namespace=namespace, name=name, dimensions=dimensions, statistic=statistic) for name, label in labels.items()
    }
    return GraphSpec(title=title, lines=lines, region=region)


def edge_row(*, distribution_id: str, web_acl_metric_name: str) -> DashboardRow:
    """Return the row of CloudFront and its web ACL."""
    distribution = {"DistributionId": distribution_id, "Region": "Global"}
    acl = {"WebACL": web_acl_metric_name, "Rule": "ALL"}
    return DashboardRow(
        title="Edge (CloudFront, WAF)",
        graphs=[
            _graph("Requests", "AWS/CloudFront", ["Requests"], distribution, statistic="Sum", region=EDGE_REGION),
            _graph("Errors (%)", "AWS/CloudFront", {"4xxErrorRate": "4xx", "5xxErrorRate": "5xx"}, distribution, region=EDGE_REGION),
            _graph("Bytes to viewers", "AWS/CloudFront", ["BytesDownloaded"], distribution, statistic="Sum", region=EDGE_REGION),
            _graph("Web ACL", "AWS/WAFV2", ["AllowedRequests", "BlockedRequests"], acl, statistic="Sum", region=EDGE_REGION),
        ],
    )


def load_balancer_row(*, title: str, load_balancer_full_name: str) -> DashboardRow:
    """Return the row of an Application Load Balancer."""
    dimensions = {"LoadBalancer": load_balancer_full_name}
    times = {
        statistic: MetricSource(namespace="AWS/ApplicationELB", name="TargetResponseTime", dimensions=dimensions, statistic=statistic)
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
                {"ActiveConnectionCount": "active", "NewConnectionCount": "new", "RejectedConnectionCount": "rejected"},
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
                {"TCP_Client_Reset_Count": "client", "TCP_Target_Reset_Count": "target", "PortAllocationErrorCount": "ports"},
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
            _graph("Tasks", "ECS/ContainerInsights", {"RunningTaskCount": "running", "DesiredTaskCount": "desired"}, dimensions),
            _graph("Cpu and memory (%)", "AWS/ECS", {"CPUUtilization": "cpu", "MemoryUtilization": "memory"}, dimensions),
            _graph("Network (bytes/s)", "ECS/ContainerInsights", {"NetworkRxBytes": "in", "NetworkTxBytes": "out"}, dimensions),
        ],
    )


def queue_row(*, queues: Mapping[str, MetricSource]) -> DashboardRow:
    """Return the row of messages that wait in each queue."""
    return DashboardRow(title="Queues", graphs=[GraphSpec(title="Messages that wait", lines=queues)])


def database_row(*, title: str, instance_identifier: str, replica: bool = False) -> DashboardRow:
    """Return the row of an RDS instance, with the lag of a read replica."""
    dimensions = {"DBInstanceIdentifier": instance_identifier}
    lag = [_graph("Lag (s)", "AWS/RDS", ["ReplicaLag"], dimensions, statistic="Maximum")] if replica else []
    return DashboardRow(
        title=title,
        graphs=[
            _graph("Cpu (%)", "AWS/RDS", ["CPUUtilization"], dimensions),
            _graph("Connections", "AWS/RDS", ["DatabaseConnections"], dimensions, statistic="Maximum"),
            _graph("Free (bytes)", "AWS/RDS", {"FreeStorageSpace": "storage", "FreeableMemory": "memory"}, dimensions, statistic="Minimum"),
            _graph("Latency (s)", "AWS/RDS", {"ReadLatency": "read", "WriteLatency": "write"}, dimensions),
            *lag,
        ],
    )


def cache_row(*, nodes: Sequence[str], title: str = "Cache") -> DashboardRow:
    """Return the row of a replication group of ElastiCache, with a line for each node."""

    def graph(title: str, name: str, statistic: str) -> GraphSpec:
        lines = {
            f"node {number}": MetricSource(namespace="AWS/ElastiCache", name=name, dimensions={"CacheClusterId": node}, statistic=statistic)
            for number, node in enumerate(nodes, start=1)
        }
        return GraphSpec(title=title, lines=lines)

    return DashboardRow(
        title=title,
        graphs=[
            graph("Engine cpu (%)", "EngineCPUUtilization", "Average"),
            graph("Memory (%)", "DatabaseMemoryUsagePercentage", "Maximum"),
            graph("Hit rate (%)", "CacheHitRate", "Average"),
            graph("Evictions", "Evictions", "Sum"),
            graph("Replication lag (s)", "ReplicationLag", "Maximum"),
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
                {"scheduler_pending_pods": "pending", "scheduler_pending_pods_UNSCHEDULABLE": "unschedulable"},
                dimensions,
                statistic="Maximum",
            ),
            _graph("Database (bytes)", "AWS/EKS", ["apiserver_storage_size_bytes"], dimensions, statistic="Maximum"),
        ],
    )


def nat_row(*, nat_gateways: Mapping[str, str]) -> DashboardRow:
    """Return the row of NAT gateways, with a line for each."""

    def graph(title: str, metric: str) -> GraphSpec:
        lines = {
            name: MetricSource(namespace="AWS/NATGateway", name=metric, dimensions={"NatGatewayId": id_}, statistic="Sum")
            for name, id_ in nat_gateways.items()
        }
        return GraphSpec(title=title, lines=lines)

    return DashboardRow(
        title="NAT gateways",
        graphs=[
            graph("Bytes out", "BytesOutToDestination"),
            graph("Port allocation errors", "ErrorPortAllocation"),
            graph("Dropped packets", "PacketsDropCount"),
        ],
    )


def bucket_row(*, buckets: Mapping[str, str]) -> DashboardRow:
    """Return the row of buckets, with a line for each. S3 measures once a day."""

    def graph(title: str, metric: str, storage: str) -> GraphSpec:
        lines = {
            name: MetricSource(
                namespace="AWS/S3",
                name=metric,
                dimensions={"BucketName": bucket, "StorageType": storage},
                statistic="Average",
                period=86_400,
            )
            for name, bucket in buckets.items()
        }
        return GraphSpec(title=title, lines=lines)

    return DashboardRow(
        title="Buckets",
        graphs=[
            graph("Objects", "NumberOfObjects", "AllStorageTypes"),
            graph("Bytes read often", "BucketSizeBytes", "IntelligentTieringFAStorage"),
            graph("Bytes read seldom", "BucketSizeBytes", "IntelligentTieringIAStorage"),
        ],
    )


def events_row(*, counts: Mapping[str, MetricSource]) -> DashboardRow:
    """Return the row of events that should never happen, such as failed backups and findings."""
    return DashboardRow(title="Events", graphs=[GraphSpec(title="Events that should never happen", lines=counts)])

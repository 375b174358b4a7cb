"""Metrics that AWS and our functions publish, with their dimensions and valid statistics.

CloudWatch accepts alarms on metrics that do not exist. Such an alarm is always in the same state.
Reviewed on 2026-11-29 against the guide of each service, and against the metrics that aws-cdk-lib
2.275.0 knows (`*-canned-metrics.generated`). A new metric needs a new row, with its source read.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from tests.model.values import Json

Dimensions = frozenset[str]


@dataclass(frozen=True)
class Published:
    """Dimensions and statistics of one metric.

    Args:
        dimensions: each complete set of dimensions under which there are data points.
        statistics: statistics that are valid; others exist, and mean something else.
    """

    dimensions: frozenset[Dimensions]
    statistics: frozenset[str]


def _by(*sets: str, of: str) -> Published:
    return Published(frozenset(frozenset(names.split()) for names in sets), frozenset(of.split()))


_BALANCER, _GROUP, _SERVICE = "LoadBalancer", "LoadBalancer TargetGroup", "ClusterName ServiceName"

PUBLISHED: Mapping[str, Mapping[str, Published]] = {
    # User Guide for Application Load Balancers, CloudWatch metrics.
    "AWS/ApplicationELB": {
        "DesyncMitigationMode_NonCompliant_Request_Count": _by(_BALANCER, of="Sum"),
        "HTTPCode_ELB_5XX_Count": _by(_BALANCER, of="Sum"),
        "HTTPCode_Target_5XX_Count": _by(_BALANCER, _GROUP, of="Sum"),
        "HealthyHostCount": _by(_GROUP, of="Average Minimum Maximum"),
        "RejectedConnectionCount": _by(_BALANCER, of="Sum"),
        "RequestCount": _by(_BALANCER, _GROUP, of="Sum"),
        "TargetConnectionErrorCount": _by(_BALANCER, _GROUP, of="Sum"),
        "TargetResponseTime": _by(_BALANCER, _GROUP, of="Average p99 PR(:0.5)"),
        "UnHealthyHostCount": _by(_GROUP, of="Average Minimum Maximum"),
    },
    # ACM user guide, supported CloudWatch metrics.
    "AWS/CertificateManager": {"DaysToExpiry": _by("CertificateArn", of="Minimum Maximum Average")},
    # Amazon CloudFront developer guide, values and dimensions: `Region` is always `Global`.
    "AWS/CloudFront": {
        "4xxErrorRate": _by("DistributionId Region", of="Average"),
        "5xxErrorRate": _by("DistributionId Region", of="Average"),
        "OriginLatency": _by("DistributionId Region", of="p50 p90 p95 p99"),
    },
    # Amazon ECS developer guide, CloudWatch metrics.
    "AWS/ECS": {
        "CPUUtilization": _by(_SERVICE, of="Average Minimum Maximum"),
        "MemoryUtilization": _by(_SERVICE, of="Average Minimum Maximum"),
    },
    # Amazon EKS user guide, basic metrics in Amazon CloudWatch. A minimum over several schedulers may be zero.
    "AWS/EKS": {
        "apiserver_request_total": _by("ClusterName", of="Sum"),
        "apiserver_request_total_5XX": _by("ClusterName", of="Sum"),
        "apiserver_storage_size_bytes": _by("ClusterName", of="Maximum"),
        "scheduler_pending_pods_UNSCHEDULABLE": _by("ClusterName", of="Sum"),
    },
    # Amazon ElastiCache user guide, metrics for Valkey and Redis OSS, host-level metrics.
    "AWS/ElastiCache": {
        "AuthenticationFailures": _by("CacheClusterId", "CacheClusterId CacheNodeId", of="Sum"),
        "CurrConnections": _by("CacheClusterId", "CacheClusterId CacheNodeId", of="Average Maximum"),
        "DatabaseMemoryUsagePercentage": _by("CacheClusterId", "CacheClusterId CacheNodeId", of="Average Maximum"),
        "EngineCPUUtilization": _by("CacheClusterId", "CacheClusterId CacheNodeId", of="Average Maximum"),
        "Evictions": _by("CacheClusterId", "CacheClusterId CacheNodeId", of="Sum"),
        "IsMaster": _by("CacheClusterId", "CacheClusterId CacheNodeId", of="Average Minimum Maximum"),
        "ReplicationLag": _by("CacheClusterId", "CacheClusterId CacheNodeId", of="Average Maximum"),
    },
    # AWS Lambda developer guide, types of metrics.
    "AWS/Lambda": {"Errors": _by("FunctionName", "FunctionName Resource", of="Sum")},
    # Amazon VPC user guide, NAT gateway metrics.
    "AWS/NATGateway": {
        "ErrorPortAllocation": _by("NatGatewayId", of="Sum"),
        "PacketsDropCount": _by("NatGatewayId", of="Sum"),
    },
    # User Guide for Network Load Balancers, CloudWatch metrics.
    "AWS/NetworkELB": {
        "HealthyHostCount": _by(_GROUP, of="Minimum Maximum"),
        "PortAllocationErrorCount": _by(_BALANCER, of="Sum"),
        "UnHealthyHostCount": _by(_GROUP, of="Minimum Maximum"),
    },
    # Amazon RDS user guide, CloudWatch instance-level metrics.
    "AWS/RDS": {
        "CPUUtilization": _by("DBInstanceIdentifier", of="Average Maximum"),
        "DatabaseConnections": _by("DBInstanceIdentifier", of="Average Maximum"),
        "DiskQueueDepth": _by("DBInstanceIdentifier", of="Average Maximum"),
        "FreeStorageSpace": _by("DBInstanceIdentifier", of="Average Minimum"),
        "FreeableMemory": _by("DBInstanceIdentifier", of="Average Minimum"),
    },
    # Amazon SNS developer guide, CloudWatch metrics.
    "AWS/SNS": {"NumberOfMessagesPublished": _by("TopicName", of="Sum")},
    # Amazon SQS developer guide, available CloudWatch metrics. A queue without messages for six hours reports none.
    "AWS/SQS": {
        "ApproximateAgeOfOldestMessage": _by("QueueName", of="Average Minimum Maximum"),
        "ApproximateNumberOfMessagesVisible": _by("QueueName", of="Average Minimum Maximum"),
    },
    # Amazon EventBridge Scheduler user guide, CloudWatch metrics.
    "AWS/Scheduler": {"InvocationDroppedCount": _by("ScheduleGroup", of="Sum")},
    # AWS WAF developer guide, metrics and dimensions: `Region` is a dimension of everything but CloudFront.
    "AWS/WAFV2": {"BlockedRequests": _by("WebACL Rule", of="Sum")},
    # Amazon CloudWatch user guide, Container Insights metrics for Amazon ECS.
    "ECS/ContainerInsights": {
        "DesiredTaskCount": _by(_SERVICE, of="Average Minimum Maximum"),
        "RunningTaskCount": _by(_SERVICE, of="Average Minimum Maximum"),
    },
    # constructs/spotmusic_constructs/services/queue_depth_handler.
    "Spotmusic/Queues": {"ReadyMessages": _by("Environment Queue", of="Average Maximum")},
}
"""Metrics by namespace and name. Those of metric filters are in the templates."""


def problem_with(metric: Json) -> str | None:
    """Returns the error in a metric that an alarm reads, or None."""
    namespace, name, statistic = metric["Namespace"], metric["MetricName"], metric["Statistic"]
    published = PUBLISHED.get(namespace, {}).get(name)
    if published is None:
        return f"{namespace} {name} is not in tests/properties/published_metrics.py. Read the service's guide and add it."
    dimensions = frozenset(dimension["Name"] for dimension in metric.get("Dimensions") or [])
    if dimensions not in published.dimensions:
        known = " or ".join(sorted(" + ".join(sorted(names)) for names in published.dimensions))
        return f"{namespace} {name} has no data by {' + '.join(sorted(dimensions)) or 'no dimension'}. Use {known}."
    if statistic not in published.statistics:
        return f"{statistic} of {namespace} {name} means something else. Use {' or '.join(sorted(published.statistics))}."
    return None

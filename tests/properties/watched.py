"""Table of conditions to watch, and the resources of an environment that it covers."""

import re
from collections.abc import Iterator, Mapping

from tests.model.assembly import Assembly, Resource
from tests.properties.alarms import Watch, alarms_that_tell, metrics_of, place_of
from tests.properties.releases import releases_of
from tests.properties.statements import statements_of

WARNING, CRITICAL, BOTH = ("warning",), ("critical",), ("warning", "critical")


def _aws(service: str, severities: tuple[str, ...], what: str, *metrics: str, statistic: str | None = None) -> Watch:
    return Watch(what=what, namespace=f"AWS/{service}", metrics=metrics, severities=severities, statistic=statistic)


def _targets(service: str, lost: tuple[str, ...] = CRITICAL) -> tuple[Watch, ...]:
    return (
        _aws(service, lost, "targets that answer", "HealthyHostCount"),
        _aws(service, WARNING, "targets that do not", "UnHealthyHostCount"),
    )


WATCHED: Mapping[str, tuple[Watch, ...]] = {
    "application load balancer": (
        _aws("ApplicationELB", BOTH, "server errors", "HTTPCode_Target_5XX_Count", "HTTPCode_ELB_5XX_Count", "RequestCount"),
        _aws("ApplicationELB", BOTH, "the slowest hundredth", "TargetResponseTime", statistic="p99"),
        _aws("ApplicationELB", CRITICAL, "connections that it refuses", "RejectedConnectionCount"),
        _aws("ApplicationELB", WARNING, "malformed requests", "DesyncMitigationMode_NonCompliant_Request_Count"),
    ),
    "network load balancer": (_aws("NetworkELB", CRITICAL, "ports that are used up", "PortAllocationErrorCount"),),
    "target group": _targets("ApplicationELB"),
    "target group of brokers": _targets("NetworkELB"),
    # The other brokers continue, and the bootstrap listener shows a total outage.
    "target group of one broker": _targets("NetworkELB", WARNING),
    "AWS::ECS::Service": (
        Watch(
            what="tasks that do not run",
            namespace="ECS/ContainerInsights",
            metrics=("RunningTaskCount", "DesiredTaskCount"),
            severities=CRITICAL,
        ),
        _aws("ECS", WARNING, "cpu", "CPUUtilization"),
        _aws("ECS", BOTH, "memory", "MemoryUtilization"),
    ),
    "AWS::RDS::DBInstance": (
        _aws("RDS", BOTH, "cpu", "CPUUtilization"),
        _aws("RDS", BOTH, "storage", "FreeStorageSpace", statistic="Minimum"),
        _aws("RDS", BOTH, "memory", "FreeableMemory", statistic="Minimum"),
        _aws("RDS", BOTH, "connections", "DatabaseConnections", statistic="Maximum"),
        _aws("RDS", WARNING, "the queue of its disk", "DiskQueueDepth"),
    ),
    "node of the cache": (
        _aws("ElastiCache", BOTH, "cpu", "EngineCPUUtilization"),
        _aws("ElastiCache", WARNING, "evictions", "Evictions"),
        _aws("ElastiCache", BOTH, "memory", "DatabaseMemoryUsagePercentage"),
        _aws("ElastiCache", BOTH, "lag of a replica", "ReplicationLag"),
        _aws("ElastiCache", BOTH, "connections", "CurrConnections"),
        _aws("ElastiCache", WARNING, "a failover", "IsMaster"),
        _aws("ElastiCache", WARNING, "logins that are refused", "AuthenticationFailures"),
    ),
    "AWS::CloudFront::Distribution": (
        _aws("CloudFront", BOTH, "server errors", "5xxErrorRate"),
        _aws("CloudFront", WARNING, "requests that are refused", "4xxErrorRate"),
        _aws("CloudFront", WARNING, "how long origins take", "OriginLatency", statistic="p99"),
    ),
    "web ACL": (_aws("WAFV2", BOTH, "a peak of blocked requests", "BlockedRequests"),),
    "certificate of the edge": (_aws("CertificateManager", BOTH, "days that are left", "DaysToExpiry"),),
    "AWS::EC2::NatGateway": (
        _aws("NATGateway", CRITICAL, "ports that are used up", "ErrorPortAllocation"),
        _aws("NATGateway", WARNING, "packets that are dropped", "PacketsDropCount"),
    ),
    "AWS::EKS::Cluster": (
        _aws("EKS", CRITICAL, "pods without a node", "scheduler_pending_pods_UNSCHEDULABLE"),
        _aws("EKS", BOTH, "an API that fails", "apiserver_request_total_5XX"),
        _aws("EKS", CRITICAL, "an API that nobody reaches", "apiserver_request_total"),
        _aws("EKS", BOTH, "the size of etcd", "apiserver_storage_size_bytes"),
    ),
    "queue": (Watch(what="tasks that wait", namespace="Spotmusic/Queues", metrics=("ReadyMessages",), severities=BOTH),),
    "queue of verdicts": (_aws("SQS", WARNING, "verdicts that wait", "ApproximateAgeOfOldestMessage", statistic="Maximum"),),
    "queue of dead verdicts": (_aws("SQS", WARNING, "verdicts that failed", "ApproximateNumberOfMessagesVisible", statistic="Maximum"),),
    "function that runs by itself": (_aws("Lambda", (), "failures", "Errors"),),
    "heartbeat": (_aws("SNS", CRITICAL, "alerts that do not travel", "NumberOfMessagesPublished", statistic="Sum"),),
    "AWS::Scheduler::ScheduleGroup": (_aws("Scheduler", (), "what was not done", "InvocationDroppedCount"),),
}
"""Conditions to watch by type, with their severity. Add every new alarm to this table."""

HEARTBEAT = WATCHED["heartbeat"][0]

ON_THE_DASHBOARD = (
    "application load balancer",
    "network load balancer",
    "node of the cache",
    "web ACL",
    "queue",
    "AWS::ECS::Service",
    "AWS::RDS::DBInstance",
    "AWS::CloudFront::Distribution",
    "AWS::EC2::NatGateway",
    "AWS::EKS::Cluster",
)
"""Types on CloudWatch's dashboard."""

RECORDED = (
    "aws.acm",
    "aws.backup",
    "aws.ecs",
    "aws.eks",
    "aws.elasticache",
    "aws.guardduty",
    "aws.health",
    "aws.kms",
    "aws.rds",
)
"""Services with recorded events, for the analysis of incidents."""

EVENTS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "a backup that fails": ("aws.backup", ("$.detail.state", '"FAILED"', '"EXPIRED"')),
    "a restore, or the weekly test of one, that fails": (
        "aws.backup",
        ("Restore Job State Change", "$.detail.status", '"FAILED"', '"ABORTED"'),
    ),
    "a certificate that is not renewed": ("aws.acm", ("ACM Certificate Approaching Expiration",)),
    "a deployment that is rolled back": ("aws.ecs", ("SERVICE_DEPLOYMENT_FAILED",)),
    "a finding of GuardDuty": ("aws.guardduty", ("$.detail.severity >=",)),
    "an upload that carries malware": ("aws.guardduty", ("THREATS_FOUND",)),
    "an upload without a verdict": (
        "aws.guardduty",
        ("GuardDuty Malware Protection Object Scan Result", '!= "NO_THREATS_FOUND"', '!= "THREATS_FOUND"'),
    ),
    "a problem or maintenance that AWS announces": ("aws.health", ('"issue"', '"scheduledChange"', "AWS Health Abuse Event")),
    "a key that is about to be lost": ("aws.kms", ('"ScheduleKeyDeletion"', '"DisableKey"', "$.detail.errorCode NOT EXISTS")),
    "a key that is deleted": ("aws.kms", ("KMS CMK Deletion",)),
    "tracks that are deleted": ("aws.s3", ("Object Deleted",)),
}
"""Conditions that AWS reports only as events: source, and required text of the metric filter."""

IN_THE_CLUSTER: Mapping[str, str] = {
    "a node that is not ready": 'kube_node_status_condition{condition="Ready"',
    "a pod that does not run": "kube_pod_status_phase",
    "a container that crashes": "kube_pod_container_status_waiting_reason",
    "a volume that fills up": "kubelet_volume_stats_available_bytes",
    "partitions of Redpanda with too few copies": "redpanda_kafka_under_replicated_replicas",
    "partitions of Redpanda without a leader": "redpanda_cluster_unavailable_partitions",
    "consumers of events that fall behind": "redpanda_kafka_consumer_group_lag_sum",
    "a licence of Redpanda that ends": "redpanda_cluster_features_enterprise_license_expiry_sec",
    "older events that do not reach Amazon S3": "redpanda_cloud_storage_errors_total",
    "the quorum of RabbitMQ": "rabbitmq_build_info",
    "tasks that wait in RabbitMQ": "rabbitmq_detailed_queue_messages_ready",
    "tasks that nobody could do": 'queue=~"dead-letters',
    "errors at Kong": "kong_http_requests_total",
    "errors of Keycloak": "http_server_requests_seconds_count",
    "mails that do not go out": 'error="email_send_failed"',
    "an identity provider that refuses logins": 'error="identity_provider_login_failure"',
    "a certificate that expires": "certmanager_certificate_expiration_timestamp_seconds",
    "a secret that does not follow": "externalsecret_status_condition",
    "a component that nobody scrapes": "absent(up{",
    "samples that do not leave the cluster": "prometheus_remote_storage_queue_highest_timestamp_seconds",
}
"""Subjects of Prometheus, and the series that an alert on each reads."""


def subjects(platform: Assembly) -> Iterator[tuple[str, str, str]]:
    """Resources to watch: type in the table, name, and names in dimensions."""
    yield from _edge(platform)
    yield from _ways_in(platform)
    for nodes in platform.some("AWS::ElastiCache::ReplicationGroup"):
        for number in range(1, nodes["ReplicasPerNodeGroup"] + 2):
            yield "node of the cache", f"{nodes.name} node {number}", f"{place_of(nodes)}-{number:03}"
    for name, service in platform.settings.services.items():
        if service.scaling.messages_per_task:
            yield "queue", f"queue {name}", name
    for queue in platform.all("AWS::SQS::Queue"):
        yield "queue of verdicts" if queue["RedrivePolicy"] else "queue of dead verdicts", queue.name, place_of(queue)
    receivers = releases_of(platform)["monitoring"].values["alertmanager"]["config"]["receivers"]
    for beat in (sns for receiver in receivers if receiver["name"] == "heartbeat" for sns in receiver["sns_configs"]):
        yield "heartbeat", "heartbeat of Alertmanager", beat["topic_arn"]
    yield from (("function that runs by itself", function.name, place_of(function)) for function in _unattended(platform))
    for kind in (kind for kind in WATCHED if kind.startswith("AWS::")):
        yield from ((kind, resource.name, place_of(resource)) for resource in platform.all(kind))


def _edge(platform: Assembly) -> Iterator[tuple[str, str, str]]:
    for acl in platform.some("AWS::WAFv2::WebACL"):
        yield "web ACL", acl.name, acl.text("VisibilityConfig.MetricName")
    # In the home region, events report certificates; no other record exists.
    for certificate in platform.all("AWS::CertificateManager::Certificate", stack="edge"):
        yield "certificate of the edge", certificate.name, place_of(certificate)
    domain = platform.settings.domain
    if domain and domain.edge_certificate:
        yield "certificate of the edge", domain.edge_certificate, domain.edge_certificate


def _ways_in(platform: Assembly) -> Iterator[tuple[str, str, str]]:
    of_services = {target for service in platform.some("AWS::ECS::Service") for target in service.mentions("LoadBalancers")}
    for balancer in platform.some("AWS::ElasticLoadBalancingV2::LoadBalancer"):
        yield f"{balancer['Type']} load balancer", balancer.name, place_of(balancer)
    for group in platform.some("AWS::ElasticLoadBalancingV2::TargetGroup"):
        # A blue/green deployment empties one of the two target groups, so the count of running tasks is watched instead.
        if group not in of_services:
            brokers = "one broker" if re.search(r"Broker\d", group.id) else "brokers"
            kind = "target group" if str(group["Protocol"]).startswith("HTTP") else f"target group of {brokers}"
            yield kind, group.name, place_of(group)


def _unattended(platform: Assembly) -> list[Resource]:
    """Functions called by a rule or a rotation, except those with an alarm on missing
    invocations.
    """
    callers = [*platform.some("AWS::Events::Rule"), *platform.some("AWS::SecretsManager::RotationSchedule")]
    called = {goal for caller in callers for path in ("Targets", "RotationLambdaARN") for goal in caller.mentions(path)}
    missed = {
        metric["Namespace"]
        for alarm in alarms_that_tell(platform)
        if alarm["TreatMissingData"] == "breaching"
        for metric in metrics_of(alarm)
    }
    measuring = {
        role
        for statement in statements_of(platform)
        if missed.intersection(statement.values("StringEquals", "cloudwatch:namespace"))
        for role in [statement.resource, *statement.resource.mentions("Roles")]
    }
    functions = {function for function in called if function.type == "AWS::Lambda::Function"}
    return sorted((function for function in functions if function.target("Role") not in measuring), key=str)

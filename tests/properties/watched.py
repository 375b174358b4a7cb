"""What has to be watched, as a table, and which alarm watches it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from tests.properties.resources import Json, Platform, Resource
from tests.properties.statements import statements_of

_ATTRIBUTE = re.compile(r"\.\w+\}$")

ALARM = "AWS::CloudWatch::Alarm"
COMPOSITE = "AWS::CloudWatch::CompositeAlarm"


@dataclass(frozen=True, kw_only=True)
class Watch:
    """Something that has to be watched of every resource of a type.

    Args:
        what: what goes wrong.
        namespace: namespace of the metrics.
        metrics: metrics that one alarm has to read, all of them.
        statistic: statistic that matters, where another would hide what goes wrong.
    """

    what: str
    namespace: str
    metrics: tuple[str, ...]
    statistic: str | None = None


def _aws(service: str, what: str, *metrics: str, statistic: str | None = None) -> Watch:
    return Watch(what=what, namespace=f"AWS/{service}", metrics=metrics, statistic=statistic)


WATCHED: Mapping[str, tuple[Watch, ...]] = {
    "application load balancer": (
        _aws("ApplicationELB", "server errors", "HTTPCode_Target_5XX_Count", "HTTPCode_ELB_5XX_Count", "RequestCount"),
        _aws("ApplicationELB", "the slowest hundredth", "TargetResponseTime", statistic="p99"),
    ),
    "target group": (_aws("ApplicationELB", "targets that answer", "HealthyHostCount"),),
    "target group of brokers": (_aws("NetworkELB", "targets that answer", "HealthyHostCount"),),
    "AWS::ECS::Service": (
        Watch(what="tasks that do not run", namespace="ECS/ContainerInsights", metrics=("RunningTaskCount", "DesiredTaskCount")),
        _aws("ECS", "cpu", "CPUUtilization"),
        _aws("ECS", "memory", "MemoryUtilization"),
    ),
    "AWS::RDS::DBInstance": (
        _aws("RDS", "cpu", "CPUUtilization"),
        _aws("RDS", "storage", "FreeStorageSpace", statistic="Minimum"),
        _aws("RDS", "connections", "DatabaseConnections", statistic="Maximum"),
    ),
    "node of the cache": (
        _aws("ElastiCache", "cpu", "EngineCPUUtilization"),
        _aws("ElastiCache", "evictions", "Evictions"),
        _aws("ElastiCache", "memory", "DatabaseMemoryUsagePercentage"),
        _aws("ElastiCache", "lag of a replica", "ReplicationLag"),
    ),
    "AWS::CloudFront::Distribution": (_aws("CloudFront", "server errors", "5xxErrorRate"),),
    "web ACL": (_aws("WAFV2", "a peak of blocked requests", "BlockedRequests"),),
    "AWS::EC2::NatGateway": (_aws("NATGateway", "ports that are used up", "ErrorPortAllocation"),),
    "AWS::EKS::Cluster": (
        _aws("EKS", "pods without a node", "scheduler_pending_pods_UNSCHEDULABLE"),
        _aws("EKS", "an API that fails", "apiserver_request_total_5XX"),
    ),
    "function that runs by itself": (_aws("Lambda", "failures", "Errors"),),
}
"""What has to be watched of each kind of thing."""

DAYS = Watch(what="days that are left", namespace="AWS/CertificateManager", metrics=("DaysToExpiry",))
EXPIRING = ("aws.acm", ("ACM Certificate Approaching Expiration",))

EVENTS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "a backup that fails": ("aws.backup", ("$.detail.state", '"FAILED"', '"EXPIRED"')),
    "a restore, or the weekly test of one, that fails": ("aws.backup", ("$.detail.status", '"FAILED"', '"ABORTED"')),
    "a certificate that is not renewed": EXPIRING,
    "a deployment that is rolled back": ("aws.ecs", ("SERVICE_DEPLOYMENT_FAILED",)),
    "a finding of GuardDuty": ("aws.guardduty", ("$.detail.severity >=",)),
    "a key that is deleted": ("aws.kms", ("KMS CMK Deletion",)),
}
"""What AWS only says in an event: its source, and what the filter that counts it must name."""

IN_THE_CLUSTER: Mapping[str, str] = {
    "a node that is not ready": 'kube_node_status_condition{condition="Ready"',
    "a pod that does not run": "kube_pod_status_phase",
    "a container that crashes": "kube_pod_container_status_waiting_reason",
    "a volume that fills up": "kubelet_volume_stats_available_bytes",
    "partitions of Redpanda with too few copies": "redpanda_kafka_under_replicated_replicas",
    "partitions of Redpanda without a leader": "redpanda_cluster_unavailable_partitions",
    "consumers of events that fall behind": "redpanda_kafka_consumer_group_lag_sum",
    "the quorum of RabbitMQ": "rabbitmq_build_info",
    "tasks that wait in RabbitMQ": "rabbitmq_detailed_queue_messages_ready",
    "tasks that nobody could do": 'queue=~"dead-letters',
    "errors at Kong": "kong_http_requests_total",
    "errors of Keycloak": "http_server_requests_seconds_count",
    "a certificate that expires": "certmanager_certificate_expiration_timestamp_seconds",
    "a secret that does not follow": "externalsecret_status_condition",
    "a component that nobody scrapes": "absent(up{",
    "samples that do not leave the cluster": "prometheus_remote_storage_queue_highest_timestamp_seconds",
}
"""What Prometheus sees, and what an alert on it reads."""


@cache
def alarms_that_tell(platform: Platform) -> tuple[Resource, ...]:
    """Every alarm but those that only others read: a composite alarm, or a deployment that is rolled back by it."""
    readers = [(composite, "AlarmRule") for composite in platform.all(COMPOSITE)]
    readers += [(service, "DeploymentConfiguration.Alarms") for service in platform.all("AWS::ECS::Service")]
    read = {alarm for reader, path in readers for alarm in reader.mentions(path)}
    return tuple(alarm for alarm in platform.some(ALARM, COMPOSITE) if alarm not in read)


def metrics_of(alarm: Resource) -> Iterator[Json]:
    """Namespace, name, statistic and dimensions of every metric that an alarm reads."""
    if alarm["MetricName"]:
        yield {**alarm.properties, "Statistic": alarm["Statistic"] or alarm["ExtendedStatistic"]}
    for source in alarm["Metrics"] or []:
        if "MetricStat" in source:
            yield {**source["MetricStat"]["Metric"], "Statistic": source["MetricStat"]["Stat"]}


@cache
def _by_place(platform: Platform) -> dict[str, list[tuple[Resource, frozenset[tuple[str, str, str]]]]]:
    """Alarms with what they read, by each text that stands in one of their dimensions; a resource is called `${stack/LogicalId}`."""
    found: dict[str, list[tuple[Resource, frozenset[tuple[str, str, str]]]]] = {}
    for alarm in alarms_that_tell(platform):
        by_place: dict[str, set[tuple[str, str, str]]] = {}
        for metric in metrics_of(alarm):
            for dimension in metric.get("Dimensions", []):
                place = _ATTRIBUTE.sub("}", platform.text(alarm.stack, dimension["Value"]))
                by_place.setdefault(place, set()).add((metric["Namespace"], metric["MetricName"], metric["Statistic"]))
        for place, read in by_place.items():
            found.setdefault(place, []).append((alarm, frozenset(read)))
    return found


def place_of(resource: Resource) -> str:
    """How a dimension names a resource, by whichever of its attributes."""
    return f"${{{resource.stack}/{resource.id}}}"


def is_watched(platform: Platform, watch: Watch, place: str) -> bool:
    """Tells whether an alarm that tells somebody watches what has this text in a dimension."""
    return any(_reads(read, watch) for _, read in _by_place(platform).get(place, []))


def _reads(read: frozenset[tuple[str, str, str]], watch: Watch) -> bool:
    wanted = {(watch.namespace, metric) for metric in watch.metrics}
    return wanted <= {(namespace, name) for namespace, name, statistic in read if watch.statistic in (None, statistic)}


def is_counted(platform: Platform, source: str, said: tuple[str, ...]) -> bool:
    """Tells whether events of a source are recorded, those that say this are counted, and an alarm watches the count."""
    for counter in platform.all("AWS::Logs::MetricFilter"):
        group = counter.target("LogGroupName")
        pattern = str(counter["FilterPattern"])
        if group and f'"{source}"' in pattern and all(part in pattern for part in said) and _records(platform, source, group):
            counts = {(made["MetricNamespace"], made["MetricName"]) for made in counter["MetricTransformations"]}
            if any(counts & {(m["Namespace"], m["MetricName"]) for m in metrics_of(alarm)} for alarm in alarms_that_tell(platform)):
                return True
    return False


def _records(platform: Platform, source: str, group: Resource) -> bool:
    for rule in platform.all("AWS::Events::Rule"):
        listens = source in (rule["EventPattern.source"] or []) and rule["State"] != "DISABLED"
        if listens and group in rule.mentions("Targets"):
            return True
    return False


def subjects(platform: Platform) -> Iterator[tuple[str, str, str]]:
    """Everything that has to be watched: its kind in the table, its name, and how dimensions name it."""
    yield from _ways_in(platform)
    for nodes in platform.some("AWS::ElastiCache::ReplicationGroup"):
        for number in range(1, nodes["ReplicasPerNodeGroup"] + 2):
            yield "node of the cache", f"{nodes.name} node {number}", f"{place_of(nodes)}-{number:03}"
    for acl in platform.some("AWS::WAFv2::WebACL"):
        yield "web ACL", acl.name, acl.text("VisibilityConfig.MetricName")
    for function in _unattended(platform):
        yield "function that runs by itself", function.name, place_of(function)
    for kind in WATCHED:
        if kind.startswith("AWS::"):
            yield from ((kind, resource.name, place_of(resource)) for resource in platform.some(kind))


def _ways_in(platform: Platform) -> Iterator[tuple[str, str, str]]:
    of_services = {target for service in platform.some("AWS::ECS::Service") for target in service.mentions("LoadBalancers")}
    for balancer in platform.some("AWS::ElasticLoadBalancingV2::LoadBalancer"):
        if balancer["Type"] != "network":
            yield "application load balancer", balancer.name, place_of(balancer)
    for group in platform.some("AWS::ElasticLoadBalancingV2::TargetGroup"):
        # A blue/green deployment leaves one group of a service for the other: the count of running tasks tells instead.
        if group not in of_services:
            kind = "target group" if str(group["Protocol"]).startswith("HTTP") else "target group of brokers"
            yield kind, group.name, place_of(group)


def _unattended(platform: Platform) -> list[Resource]:
    """Functions that a rule or a rotation calls, but for those whose silence is an alarm by itself."""
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


def alerts_of(manifests: list[Json]) -> list[tuple[Json, str]]:
    """Alerts of PrometheusRules, each with everything that it reads: recorded series are spelt out."""
    rules = [rule for manifest in manifests for group in manifest["spec"]["groups"] for rule in group["rules"]]
    recorded: dict[str, str] = {}
    for rule in rules:
        if "record" in rule:
            recorded[rule["record"]] = f"{recorded.get(rule['record'], '')} {rule['expr']}"
    return [(rule, _spelt_out(rule["expr"], recorded)) for rule in rules if "alert" in rule]


def _spelt_out(expr: str, recorded: Mapping[str, str]) -> str:
    return " ".join([expr, *(read for name, read in recorded.items() if name in expr)])


def tells_somebody(alert: Mapping[str, Any]) -> bool:
    """Alertmanager sends these to the topic; `info` and `none` are seen in Grafana only."""
    return alert["labels"]["severity"] in ("critical", "warning")

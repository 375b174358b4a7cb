"""Alarms of load balancers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from constructs import Construct

from spotmusic_constructs.observability.alarm import (
    AlarmGroup,
    AlarmRule,
    Formula,
    MetricSource,
    Recipients,
    Severity,
    Thresholds,
)
from spotmusic_constructs.share import bad_percent

ERROR_PERCENT: Thresholds = {"warning": 1, "critical": 5}
LATENCY_SECONDS: Thresholds = {"warning": 1, "critical": 3}
"""p99: a player aborts a request after three seconds."""

MALFORMED_REQUESTS = 100
"""Requests in five minutes. In its strictest mode a load balancer also refuses a cookie or
User-Agent with a letter beyond ASCII (http-desync-guardian, NonCompliantHeader): a player with such
a header causes these requests from every listener."""


def error_rate(load_balancer_full_name: str, *, period: int = 60, at_least: int = 0) -> Formula:
    """Return the percentage of requests that a load balancer or its targets answered with 5xx.

    A load balancer without targets returns 503 and counts no request: `RequestCount` covers only
    requests for which a target was chosen (CloudWatch metrics for your Application Load Balancer).
    The result is then 100. It is at most 100 and never too low; it is too high while only some
    requests find a target.

    Args:
        load_balancer_full_name: full name of the load balancer (`app/…`).
        period: seconds.
        at_least: number of these requests below which the result is 0.
    """
    whole = {"LoadBalancer": load_balancer_full_name}
    total = partial(
        MetricSource,
        namespace="AWS/ApplicationELB",
        dimensions=whole,
        statistic="Sum",
        period=period,
    )
    errors = "FILL(own, 0) + FILL(theirs, 0)"
    percent = bad_percent(errors, "FILL(requests, 0)")
    return Formula(
        expression=f"IF({errors} >= {at_least}, {percent}, 0)" if at_least else percent,
        metrics={
            "requests": total(name="RequestCount"),
            "own": total(name="HTTPCode_ELB_5XX_Count"),
            "theirs": total(name="HTTPCode_Target_5XX_Count"),
        },
        label="Requests answered with 5xx, in percent",
    )


@dataclass(frozen=True, kw_only=True)
class WatchedTargets:
    """Target group that always has targets, and the meaning of their failure.

    Args:
        group: full name of the target group (`targetgroup/…`).
        lost: subject and consequence, in a sentence, when fewer than `minimum_healthy` targets are
            healthy.
        failing: subject and consequence, in a sentence, when one target fails its health checks.
        runbook: name of the runbook, without its suffix.
        minimum_healthy: healthy targets that remain after the loss of a zone; with fewer, the alarm
            of `lost` fires.
        severity: severity of `lost`.
    """

    group: str
    lost: str
    failing: str
    runbook: str
    minimum_healthy: int = 1
    severity: Severity = "critical"


class ApplicationLoadBalancerAlarms(AlarmGroup):
    """Alarms of an Application Load Balancer: errors, latency and targets.

    Args:
        recipients: topics.
        name: name of the load balancer, with which texts begin.
        load_balancer_full_name: full name of the load balancer (`app/…`).
        target_groups: target groups that always have targets, by a CamelCase name.
        error_percent: requests answered with 5xx, in percent.
        latency_seconds: p99 of the targets' answers, in seconds.

    Example:
        balancer, group = gateway.load_balancer, gateway.target_group
        kong = WatchedTargets(group=group.target_group_full_name, **options)
        ApplicationLoadBalancerAlarms(self, "GatewayAlarms", recipients=recipients, name="gateway",
                                      load_balancer_full_name=balancer.load_balancer_full_name,
                                      target_groups={"Kong": kong})
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        recipients: Recipients,
        name: str,
        load_balancer_full_name: str,
        target_groups: Mapping[str, WatchedTargets],
        error_percent: Thresholds = ERROR_PERCENT,
        latency_seconds: Thresholds = LATENCY_SECONDS,
    ) -> None:
        whole = {"LoadBalancer": load_balancer_full_name}
        metric = partial(MetricSource, namespace="AWS/ApplicationELB", dimensions=whole)
        super().__init__(
            scope,
            construct_id,
            recipients=recipients,
            runbook="load-balancer",
            rules=[
                AlarmRule(
                    name="Errors",
                    summary=f"Load balancer {name}: it or its targets answer with server errors.",
                    watch=error_rate(load_balancer_full_name),
                    thresholds=error_percent,
                    datapoints=3,
                ),
                AlarmRule(
                    name="Latency",
                    summary=(
                        f"Load balancer {name}: "
                        "one request in a hundred waits too long for its answer."
                    ),
                    watch=metric(name="TargetResponseTime", statistic="p99"),
                    thresholds=latency_seconds,
                ),
                AlarmRule(
                    name="Rejected",
                    summary=(
                        f"Load balancer {name}: it has run out of connections and refuses clients."
                    ),
                    watch=metric(name="RejectedConnectionCount", statistic="Sum"),
                    thresholds={"critical": 1},
                    periods=1,
                ),
                AlarmRule(
                    name="Malformed",
                    runbook="load-balancer#malformed-requests",
                    summary=(
                        f"Load balancer {name}: it refuses malformed requests: "
                        "an attack, or a client with headers beyond ASCII."
                    ),
                    watch=metric(
                        name="DesyncMitigationMode_NonCompliant_Request_Count",
                        statistic="Sum",
                        period=300,
                    ),
                    thresholds={"warning": MALFORMED_REQUESTS},
                    periods=3,
                ),
                *_target_rules("AWS/ApplicationELB", whole, target_groups),
            ],
        )


class NetworkLoadBalancerAlarms(AlarmGroup):
    """Alarms of a Network Load Balancer: targets and port allocation errors.

    Args:
        recipients: topics.
        name: name of the load balancer, with which texts begin.
        load_balancer_full_name: full name of the load balancer (`net/…`).
        target_groups: target groups that always have targets, by a CamelCase name; a broker's own
            listener has one target.

    Example:
        balancer = brokers.load_balancer
        amqp = WatchedTargets(group=brokers.amqp.target_group_full_name, **options)
        NetworkLoadBalancerAlarms(self, "BrokerAlarms", recipients=recipients, name="brokers",
                                  load_balancer_full_name=balancer.load_balancer_full_name,
                                  target_groups={"Amqp": amqp})
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        recipients: Recipients,
        name: str,
        load_balancer_full_name: str,
        target_groups: Mapping[str, WatchedTargets],
    ) -> None:
        whole = {"LoadBalancer": load_balancer_full_name}
        errors = MetricSource(
            namespace="AWS/NetworkELB",
            name="PortAllocationErrorCount",
            dimensions=whole,
            statistic="Sum",
        )
        super().__init__(
            scope,
            construct_id,
            recipients=recipients,
            runbook="load-balancer",
            rules=[
                AlarmRule(
                    name="PortAllocation",
                    summary=(
                        f"Load balancer {name}: it cannot open connections to its targets, "
                        "because one of them has too many."
                    ),
                    watch=errors,
                    thresholds={"critical": 1},
                    periods=1,
                ),
                *_target_rules("AWS/NetworkELB", whole, target_groups),
            ],
        )


def _target_rules(
    namespace: str, dimensions: Mapping[str, str], target_groups: Mapping[str, WatchedTargets]
) -> Iterator[AlarmRule]:
    for name, targets in target_groups.items():
        of_group = {**dimensions, "TargetGroup": targets.group}
        hosts = partial(MetricSource, namespace=namespace, dimensions=of_group, statistic="Maximum")
        yield AlarmRule(
            name=f"{name}Healthy",
            summary=targets.lost,
            watch=hosts(name="HealthyHostCount"),
            thresholds={targets.severity: targets.minimum_healthy},
            comparison="<",
            periods=3,
            missing_data="breaching",
            runbook=targets.runbook,
        )
        yield AlarmRule(
            name=f"{name}Unhealthy",
            summary=targets.failing,
            watch=hosts(name="UnHealthyHostCount"),
            thresholds={"warning": 1},
            periods=10,
            runbook=targets.runbook,
        )

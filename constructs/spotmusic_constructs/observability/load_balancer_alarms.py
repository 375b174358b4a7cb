"""Alarms of load balancers."""

from collections.abc import Mapping

from aws_cdk import aws_sns as sns
from constructs import Construct

from spotmusic_constructs.observability.alarm import Alarms, Formula, Metric, Rule, Thresholds
from spotmusic_constructs.share import bad_percent

ERROR_PERCENT: Thresholds = {"warning": 1, "critical": 5}
LATENCY_SECONDS: Thresholds = {"warning": 1, "critical": 3}
"""p99: a player gives up on an answer after three seconds."""

MALFORMED_REQUESTS = 100
"""In five minutes. In its strictest mode a load balancer refuses a cookie or User-Agent with a letter beyond ASCII too
(http-desync-guardian, NonCompliantHeader): a player that writes one has these from every listener."""


def error_rate(load_balancer: str, *, period: int = 60) -> Formula:
    """Returns the percentage of requests that a load balancer or its targets answered with 5xx.

    A load balancer without targets answers 503 and counts no request: `RequestCount` has only requests for which a target was
    chosen (CloudWatch metrics for your Application Load Balancer). The errors are then all that was asked, and the result is 100.
    The result never exceeds 100 and never understates; it overstates while only a part of the requests finds a target.
    """

    def total(name: str) -> Metric:
        return Metric(namespace="AWS/ApplicationELB", name=name, dimensions={"LoadBalancer": load_balancer}, statistic="Sum", period=period)

    return Formula(
        expression=bad_percent("FILL(own, 0) + FILL(theirs, 0)", "FILL(requests, 0)"),
        metrics={
            "requests": total("RequestCount"),
            "own": total("HTTPCode_ELB_5XX_Count"),
            "theirs": total("HTTPCode_Target_5XX_Count"),
        },
        label="Requests answered with 5xx, in percent",
    )


class ApplicationLoadBalancerAlarms(Alarms):
    """Alarms of an Application Load Balancer: errors, latency and targets.

    Args:
        topic: topic that tells the team.
        load_balancer: full name of the load balancer (`app/…`).
        target_groups: full name (`targetgroup/…`) of each target group that always has targets, by a CamelCase name.
        minimum_healthy: healthy targets of each below which it is critical: what is left after the loss of a zone.
        error_percent: requests answered with 5xx, in percent.
        latency_seconds: p99 of the targets' answers, in seconds.

    Example:
        ApplicationLoadBalancerAlarms(self, "GatewayAlarms", topic=topic, load_balancer=gateway.load_balancer_full_name,
                                      target_groups={"Kong": gateway.target_group_full_name}, minimum_healthy=2)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        topic: sns.ITopic,
        load_balancer: str,
        target_groups: Mapping[str, str],
        minimum_healthy: int = 1,
        error_percent: Thresholds = ERROR_PERCENT,
        latency_seconds: Thresholds = LATENCY_SECONDS,
    ) -> None:
        whole = {"LoadBalancer": load_balancer}
        super().__init__(
            scope,
            construct_id,
            topic=topic,
            runbook="load-balancer",
            rules=[
                Rule(
                    name="Errors",
                    summary="The load balancer or its targets answer with server errors.",
                    watch=error_rate(load_balancer),
                    thresholds=error_percent,
                    datapoints=3,
                ),
                Rule(
                    name="Latency",
                    summary="One request in a hundred waits too long for its answer.",
                    watch=Metric(namespace="AWS/ApplicationELB", name="TargetResponseTime", dimensions=whole, statistic="p99"),
                    thresholds=latency_seconds,
                ),
                Rule(
                    name="Rejected",
                    summary="The load balancer has run out of connections.",
                    watch=Metric(namespace="AWS/ApplicationELB", name="RejectedConnectionCount", dimensions=whole, statistic="Sum"),
                    thresholds={"critical": 1},
                    periods=1,
                ),
                Rule(
                    name="Malformed",
                    summary="Malformed requests get 400: somebody smuggles them, or a client sends letters beyond ASCII in headers.",
                    watch=Metric(
                        namespace="AWS/ApplicationELB",
                        name="DesyncMitigationMode_NonCompliant_Request_Count",
                        dimensions=whole,
                        statistic="Sum",
                        period=300,
                    ),
                    thresholds={"warning": MALFORMED_REQUESTS},
                    periods=3,
                ),
                *(
                    rule
                    for name, group in target_groups.items()
                    for rule in _target_rules(name, "AWS/ApplicationELB", {**whole, "TargetGroup": group}, minimum_healthy=minimum_healthy)
                ),
            ],
        )


class NetworkLoadBalancerAlarms(Alarms):
    """Alarms of a Network Load Balancer: targets and resets.

    Args:
        topic: topic that tells the team.
        load_balancer: full name of the load balancer (`net/…`).
        target_groups: full name (`targetgroup/…`) of each target group, by a CamelCase name.
        minimum_healthy: healthy targets of each below which it is critical; a broker's own listener has one.

    Example:
        NetworkLoadBalancerAlarms(self, "BrokerAlarms", topic=topic, load_balancer=brokers.load_balancer_full_name,
                                  target_groups={"Amqp": amqp.target_group_full_name})
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        topic: sns.ITopic,
        load_balancer: str,
        target_groups: Mapping[str, str],
        minimum_healthy: int = 1,
    ) -> None:
        whole = {"LoadBalancer": load_balancer}
        super().__init__(
            scope,
            construct_id,
            topic=topic,
            runbook="load-balancer",
            rules=[
                Rule(
                    name="PortAllocation",
                    summary="The load balancer cannot open connections to its targets: too many to one of them.",
                    watch=Metric(namespace="AWS/NetworkELB", name="PortAllocationErrorCount", dimensions=whole, statistic="Sum"),
                    thresholds={"critical": 1},
                    periods=1,
                ),
                *(
                    rule
                    for name, group in target_groups.items()
                    for rule in _target_rules(name, "AWS/NetworkELB", {**whole, "TargetGroup": group}, minimum_healthy=minimum_healthy)
                ),
            ],
        )


def _target_rules(name: str, namespace: str, dimensions: Mapping[str, str], *, minimum_healthy: int) -> list[Rule]:
    return [
        Rule(
            name=f"{name}Healthy",
            summary=f"{name} has fewer than {minimum_healthy} healthy targets.",
            watch=Metric(namespace=namespace, name="HealthyHostCount", dimensions=dimensions, statistic="Maximum"),
            thresholds={"critical": minimum_healthy},
            comparison="<",
            periods=3,
            missing_data="breaching",
        ),
        Rule(
            name=f"{name}Unhealthy",
            summary=f"{name} has targets that fail their health checks.",
            watch=Metric(namespace=namespace, name="UnHealthyHostCount", dimensions=dimensions, statistic="Maximum"),
            thresholds={"warning": 1},
            periods=10,
        ),
    ]

"""The part of a load balancer that leads to a service, and what is measured there."""

from dataclasses import dataclass

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from constructs import Construct

from spotmusic_constructs.acknowledge import acknowledge
from spotmusic_constructs.share import bad_percent

_FAILED_PERCENT = 5


@dataclass(frozen=True, kw_only=True)
class Route:
    """The part of a load balancer's paths that leads to a service.

    Args:
        listener: listener to add the rule to.
        load_balancer: load balancer of the listener.
        path: path prefix; it and all below it lead to the service.
        priority: priority of the rule, unique in the listener.
    """

    listener: elbv2.IApplicationListener
    load_balancer: elbv2.ApplicationLoadBalancer
    path: str
    priority: int


@dataclass(frozen=True, kw_only=True)
class Sum:
    """A metric-math expression, and the metrics that it adds up."""

    expression: str
    metrics: tuple[dict[str, object], ...]


def sum_over_groups(route: Route, groups: tuple[elbv2.ApplicationTargetGroup, ...], metric: str, prefix: str) -> Sum:
    """Adds up a metric of target groups, of which only one has traffic and any data at a time."""
    ids = [f"{prefix}{index}" for index in range(len(groups))]
    metrics = tuple(
        {
            "id": id_,
            "returnData": False,
            "metricStat": {
                "metric": {
                    "namespace": "AWS/ApplicationELB",
                    "metricName": metric,
                    "dimensions": [
                        {"name": "LoadBalancer", "value": route.load_balancer.load_balancer_full_name},
                        {"name": "TargetGroup", "value": group.target_group_full_name},
                    ],
                },
                "stat": "Sum",
                "period": 60,
            },
        }
        for id_, group in zip(ids, groups, strict=True)
    )
    return Sum(expression=" + ".join(f"FILL({id_}, 0)" for id_ in ids), metrics=metrics)


def failed_requests(scope: Construct, route: Route, groups: tuple[elbv2.ApplicationTargetGroup, ...]) -> cloudwatch.CfnAlarm:
    """Makes the alarm that takes a deployment back when more than 5% of the requests fail in two of three minutes.

    The load balancer answers for tasks that take no connection, and counts its answers of all target groups together:
    `TargetConnectionErrorCount` tells them apart.
    """
    failed, refused, all_ = (
        sum_over_groups(route, groups, metric, prefix)
        for metric, prefix in (("HTTPCode_Target_5XX_Count", "f"), ("TargetConnectionErrorCount", "c"), ("RequestCount", "r"))
    )
    percent = bad_percent(f"{failed.expression} + {refused.expression}", all_.expression)
    alarm = cloudwatch.CfnAlarm(
        scope,
        "DeploymentAlarm",
        alarm_description=f"More than {_FAILED_PERCENT}% of the requests to {route.path} fail: ECS takes a deployment back.",
        comparison_operator="GreaterThanThreshold",
        threshold=_FAILED_PERCENT,
        evaluation_periods=3,
        datapoints_to_alarm=2,
        treat_missing_data="notBreaching",
        metrics=[
            {"id": "percent", "expression": percent, "returnData": True},
            *failed.metrics,
            *refused.metrics,
            *all_.metrics,
        ],
    )
    acknowledge(
        alarm,
        {
            "NIST.800.53.R5::NIST.800.53.R5-CloudWatchAlarmAction": (
                "ECS reads the state of this alarm and rolls back; people hear of the alarms of the service."
            )
        },
    )
    return alarm

"""Route of a load balancer to a service, and its metrics."""

from dataclasses import dataclass

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from constructs import Construct

from spotmusic_constructs.acknowledge import acknowledge
from spotmusic_constructs.arns import load_balancer_name
from spotmusic_constructs.share import bad_percent

_FAILED_PERCENT = 5
"""Share of failed requests at which ECS rolls a deployment back (our choice): only a defective
revision fails that many."""


@dataclass(frozen=True, kw_only=True)
class Route:
    """Path prefix of a load balancer that a service serves.

    Args:
        listener: listener to add the rule to.
        load_balancer: load balancer of the listener.
        path: path prefix; the service receives it and all paths below.
        priority: priority of the rule, unique in the listener.
    """

    listener: elbv2.IApplicationListener
    load_balancer: elbv2.ApplicationLoadBalancer
    path: str
    priority: int


@dataclass(frozen=True, kw_only=True)
class Sum:
    """Metric-math expression of a sum, with its metrics."""

    expression: str
    metrics: tuple[dict[str, object], ...]


def sum_over_groups(
    route: Route, groups: tuple[elbv2.ApplicationTargetGroup, ...], metric: str, prefix: str
) -> Sum:
    """Return the sum of a metric of target groups; only one of them has data at a time."""
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
                        {"name": "LoadBalancer", "value": load_balancer_name(route.load_balancer)},
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


def failed_requests(
    scope: Construct, route: Route, groups: tuple[elbv2.ApplicationTargetGroup, ...]
) -> cloudwatch.CfnAlarm:
    """Create the roll-back alarm: more than 5% of requests fail in two of three minutes.

    The load balancer responds for tasks that refuse connections, and counts its responses for all
    target groups together: `TargetConnectionErrorCount` counts them per group.
    """
    failed, refused, all_ = (
        sum_over_groups(route, groups, metric, prefix)
        for metric, prefix in (
            ("HTTPCode_Target_5XX_Count", "f"),
            ("TargetConnectionErrorCount", "c"),
            ("RequestCount", "r"),
        )
    )
    percent = bad_percent(f"{failed.expression} + {refused.expression}", all_.expression)
    alarm = cloudwatch.CfnAlarm(
        scope,
        "DeploymentAlarm",
        alarm_description=(
            f"More than {_FAILED_PERCENT}% of the requests to {route.path} fail: "
            "ECS rolls a deployment back."
        ),
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
                "ECS rolls back on this alarm; alarms of the service notify the team."
            )
        },
    )
    return alarm

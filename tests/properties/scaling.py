"""Auto scaling of services: policies of target tracking."""

from tests.properties.services import Service
from tools.model.assembly import Resource

TRACKING = "TargetTrackingScalingPolicyConfiguration"
METRIC = f"{TRACKING}.PredefinedMetricSpecification.PredefinedMetricType"
FORMULA = f"{TRACKING}.CustomizedMetricSpecification.Metrics"


def scaled(service: Service) -> list[Resource]:
    """Scalable targets of a service."""
    targets = service.resource.platform.users_of(
        service.resource, "AWS::ApplicationAutoScaling::ScalableTarget"
    )
    return [
        target for target in targets if target["ScalableDimension"] == "ecs:service:DesiredCount"
    ]


def policies(service: Service) -> list[Resource]:
    found = [
        p
        for target in scaled(service)
        for p in target.platform.users_of(target, "AWS::ApplicationAutoScaling::ScalingPolicy")
    ]
    return [policy for policy in found if policy["PolicyType"] == "TargetTrackingScaling"]


def on_cpu(policy: Resource) -> bool:
    return bool(policy[METRIC] == "ECSServiceAverageCPUUtilization")


def counted(policy: Resource) -> set[str]:
    """Names of the metrics in the formula of a custom metric policy."""
    return {
        entry["MetricStat"]["Metric"]["MetricName"]
        for entry in policy[FORMULA] or []
        if "MetricStat" in entry
    }


def counts_requests(service: Service, policy: Resource) -> bool:
    """Return true if a policy tracks the requests of each target group of the service, divided by
    its tasks.
    """
    groups, read = set(service.target_groups), policy.mentions(FORMULA)
    if policy[METRIC] == "ALBRequestCountPerTarget":
        return groups <= policy.mentions(f"{TRACKING}.PredefinedMetricSpecification.ResourceLabel")
    return (
        counted(policy) == {"RequestCount", "RunningTaskCount"}
        and {*groups, service.resource} <= read
    )


def counts_messages(service: Service, policy: Resource) -> bool:
    """Return true if a policy tracks the messages that wait for the service, divided by its
    tasks.
    """
    return counted(policy) == {
        "ReadyMessages",
        "RunningTaskCount",
    } and service.resource in policy.mentions(FORMULA)

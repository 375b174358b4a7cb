"""Auto scaling of services."""

from dataclasses import dataclass

from tests.model.assembly import Resource
from tests.properties.services import Service

FORMULA = "TargetTrackingScalingPolicyConfiguration.CustomizedMetricSpecification.Metrics"


@dataclass(frozen=True, kw_only=True)
class Policy:
    """A policy of target tracking."""

    resource: Resource

    def _says(self, path: str) -> object:
        return self.resource[f"TargetTrackingScalingPolicyConfiguration.{path}"]

    @property
    def cooldowns(self) -> tuple[int, int]:
        """Cooldowns in seconds, for scale-out and scale-in."""
        out, back = (self._says(f"Scale{way}Cooldown") for way in ("Out", "In"))
        return int(str(out or 0)), int(str(back or 0))

    @property
    def keeps(self) -> bool:
        """Return true if the policy never scales in."""
        return self._says("DisableScaleIn") is True

    @property
    def metric(self) -> str:
        """Name of AWS's own metric that it follows, or the empty text."""
        return str(self._says("PredefinedMetricSpecification.PredefinedMetricType") or "")

    @property
    def on_cpu(self) -> bool:
        return self.metric == "ECSServiceAverageCPUUtilization"


def scaled(service: Service) -> list[Resource]:
    """Scalable targets of ECS services."""
    targets = service.resource.platform.users_of(service.resource, "AWS::ApplicationAutoScaling::ScalableTarget")
    return [target for target in targets if target["ScalableDimension"] == "ecs:service:DesiredCount"]


def policies(service: Service) -> list[Policy]:
    found = [p for target in scaled(service) for p in target.platform.users_of(target, "AWS::ApplicationAutoScaling::ScalingPolicy")]
    return [Policy(resource=policy) for policy in found if policy["PolicyType"] == "TargetTrackingScaling"]


def counted(policy: Policy) -> set[str]:
    """Names of the metrics in the formula of a custom metric policy."""
    return {entry["MetricStat"]["Metric"]["MetricName"] for entry in policy.resource[FORMULA] or [] if "MetricStat" in entry}


def counts_requests(service: Service, policy: Policy) -> bool:
    """Return true if a policy tracks the requests of each target group of the service, divided by
    its tasks.
    """
    if policy.metric == "ALBRequestCountPerTarget":
        label = policy.resource.mentions("TargetTrackingScalingPolicyConfiguration.PredefinedMetricSpecification.ResourceLabel")
        return set(service.target_groups) <= label
    return counted(policy) == {"RequestCount", "RunningTaskCount"} and {
        *service.target_groups,
        service.resource,
    } <= policy.resource.mentions(FORMULA)


def counts_messages(service: Service, policy: Policy) -> bool:
    """Return true if a policy tracks the messages that wait for the service, divided by its
    tasks.
    """
    return counted(policy) == {"ReadyMessages", "RunningTaskCount"} and service.resource in policy.resource.mentions(FORMULA)

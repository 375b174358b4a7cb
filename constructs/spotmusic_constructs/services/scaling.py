"""Scaling of the tasks of a service."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aws_cdk import aws_applicationautoscaling as autoscaling
from constructs import Construct

from spotmusic_constructs.arns import load_balancer_name
from spotmusic_constructs.location import location_of
from spotmusic_constructs.services.ingress import ServiceIngress
from spotmusic_constructs.services.route import sum_over_groups

_OUT_SECONDS = 60
_IN_SECONDS = 300
"""Scale out at once and scale in after five minutes: listeners notice a missing task."""
_SERVICE_LINKED_ROLE = (
    "aws-service-role/ecs.application-autoscaling.amazonaws.com"
    "/AWSServiceRoleForApplicationAutoScaling_ECSService"
)
_TargetTracking = autoscaling.CfnScalingPolicy.TargetTrackingScalingPolicyConfigurationProperty


@dataclass(frozen=True, kw_only=True)
class Queue:
    """Queue with a published metric of ready messages.

    Args:
        namespace: namespace of the metric.
        metric_name: name of the metric.
        dimensions: dimensions of the metric.
    """

    namespace: str
    metric_name: str
    dimensions: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Scaling:
    """Bounds of the number of tasks, and target averages.

    Args:
        minimum: tasks that always run.
        maximum: maximum number of tasks.
        cpu_percent: average CPU of the tasks.
        requests_per_target: requests per minute and task. Default: no scaling on requests.
        messages_per_task: ready messages of `queue` per task. Default: no scaling on messages.
        queue: queue of the service.
    """

    minimum: int = 1
    maximum: int = 4
    cpu_percent: int = 60
    requests_per_target: int | None = None
    messages_per_task: int | None = None
    queue: Queue | None = None


class TaskScaling(Construct):
    """Target tracking of tasks on CPU, requests and messages; the highest number applies.

    Creates the scalable target and one policy for each average. Nothing is scaled in during
    deployments.

    Args:
        cluster_name: name of the cluster.
        name: name of the ECS service to scale.
        scaling: bounds and averages.
        ingress: target groups of the service; required for `requests_per_target`.

    Raises:
        ValueError: if an average has no metric.

    Example:
        TaskScaling(self, "Scaling", cluster_name=services.cluster.cluster_name, name=playback.name,
                    scaling=Scaling(minimum=3, maximum=30, cpu_percent=60))
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster_name: str,
        name: str,
        scaling: Scaling,
        ingress: ServiceIngress | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        location = location_of(scope)
        target = autoscaling.CfnScalableTarget(
            self,
            "Target",
            service_namespace="ecs",
            scalable_dimension="ecs:service:DesiredCount",
            resource_id=f"service/{cluster_name}/{name}",
            min_capacity=scaling.minimum,
            max_capacity=scaling.maximum,
            # Service-linked role of Application Auto Scaling, required in the template.
            role_arn=location.arn("iam", f"role/{_SERVICE_LINKED_ROLE}", region=""),
        )
        self._target_id = target.ref
        self._track(
            "Cpu",
            scaling.cpu_percent,
            predefined_metric_specification={
                "predefinedMetricType": "ECSServiceAverageCPUUtilization"
            },
        )
        if scaling.requests_per_target:
            if ingress is None:
                raise ValueError(
                    "requests_per_target: the service has no route, so no requests are counted. "
                    "Add a route, or scale on cpu."
                )
            self._track(
                "Requests", scaling.requests_per_target, **_requests(ingress, cluster_name, name)
            )
        if scaling.messages_per_task:
            if scaling.queue is None:
                raise ValueError(
                    "messages_per_task: the service has no queue, so no messages are counted. "
                    "Set the queue, or scale on cpu."
                )
            self._track(
                "Messages",
                scaling.messages_per_task,
                **_messages(scaling.queue, cluster_name, name),
            )

    def _track(self, name: str, target_value: float, **specification: Any) -> None:
        autoscaling.CfnScalingPolicy(
            self,
            name,
            policy_name=name,
            policy_type="TargetTrackingScaling",
            scaling_target_id=self._target_id,
            target_tracking_scaling_policy_configuration=_TargetTracking(
                target_value=target_value,
                scale_out_cooldown=_OUT_SECONDS,
                scale_in_cooldown=_IN_SECONDS,
                **specification,
            ),
        )


def _requests(ingress: ServiceIngress, cluster: str, service: str) -> dict[str, Any]:
    """Metric of requests of both target groups: ALB's own count per target covers only one."""
    if len(ingress.target_groups) == 1:
        balancer = load_balancer_name(ingress.route.load_balancer)
        label = f"{balancer}/{ingress.target_groups[0].target_group_full_name}"
        return {
            "predefined_metric_specification": {
                "predefinedMetricType": "ALBRequestCountPerTarget",
                "resourceLabel": label,
            }
        }
    requests = sum_over_groups(ingress.route, ingress.target_groups, "RequestCount", "r")
    return _per_task(requests.expression, requests.metrics, cluster, service)


def _messages(queue: Queue, cluster: str, service: str) -> dict[str, Any]:
    return _per_task(
        "ready",
        [_metric("ready", queue.namespace, queue.metric_name, queue.dimensions, "Maximum")],
        cluster,
        service,
    )


def _per_task(
    expression: str, metrics: Sequence[Mapping[str, Any]], cluster: str, service: str
) -> dict[str, Any]:
    tasks = _metric(
        "tasks",
        "ECS/ContainerInsights",
        "RunningTaskCount",
        {"ClusterName": cluster, "ServiceName": service},
        "Average",
    )
    ratio = {
        "id": "per_task",
        "label": "per task",
        "expression": f"({expression}) / tasks",
        "returnData": True,
    }
    # Target tracking uses minutes and accepts no period.
    stats = [
        {**m, "metricStat": {k: v for k, v in m["metricStat"].items() if k != "period"}}
        for m in (*metrics, tasks)
    ]
    return {"customized_metric_specification": {"metrics": [ratio, *stats]}}


def _metric(
    id_: str, namespace: str, name: str, dimensions: Mapping[str, str], stat: str
) -> dict[str, Any]:
    metric = {
        "namespace": namespace,
        "metricName": name,
        "dimensions": [{"name": k, "value": v} for k, v in dimensions.items()],
    }
    return {"id": id_, "returnData": False, "metricStat": {"metric": metric, "stat": stat}}

"""Alarms of services on ECS."""

from functools import partial

from constructs import Construct

from spotmusic_constructs.observability.alarm import (
    AlarmGroup,
    AlarmRule,
    Formula,
    MetricSource,
    Recipients,
    Thresholds,
)

CPU_PERCENT: Thresholds = {"warning": 90}
"""Scaling keeps CPU far below. Above it, the maximum is reached, or new tasks do not start."""
MEMORY_PERCENT: Thresholds = {"warning": 85, "critical": 95}
"""A container is killed at 100%."""


class ServiceAlarms(AlarmGroup):
    """Alarms of an ECS service: tasks that do not run, and tasks at their limits.

    Args:
        recipients: topics.
        name: name of the service, in the text of each alarm.
        cluster_name: name of the cluster, with Container Insights enabled.
        service_name: name of the service.
        cpu_percent: average CPU of its tasks, in percent of the reserved CPU.
        memory_percent: highest memory of a task, in percent of its limit.

    Example:
        ServiceAlarms(self, "PlaybackAlarms", recipients=recipients, name="playback",
                      cluster_name=services.cluster.cluster_name,
                      service_name=playback.service.service_name)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        recipients: Recipients,
        name: str,
        cluster_name: str,
        service_name: str,
        cpu_percent: Thresholds = CPU_PERCENT,
        memory_percent: Thresholds = MEMORY_PERCENT,
    ) -> None:
        service = {"ClusterName": cluster_name, "ServiceName": service_name}
        count = partial(MetricSource, namespace="ECS/ContainerInsights", dimensions=service)
        running, desired = count(name="RunningTaskCount"), count(name="DesiredTaskCount")
        super().__init__(
            scope,
            construct_id,
            recipients=recipients,
            runbook="ecs-service",
            rules=[
                AlarmRule(
                    name="Tasks",
                    summary=f"Service {name}: fewer tasks run than desired, for ten minutes.",
                    watch=Formula(
                        expression="FILL(desired, 1) - FILL(running, 0)",
                        metrics={"desired": desired, "running": running},
                        label="Missing tasks",
                    ),
                    thresholds={"critical": 1},
                    periods=10,
                    missing_data="breaching",
                ),
                AlarmRule(
                    name="Cpu",
                    summary=(
                        f"Service {name}: its tasks use almost all of their cpu for ten minutes, "
                        "and scaling adds no tasks."
                    ),
                    watch=MetricSource(
                        namespace="AWS/ECS", name="CPUUtilization", dimensions=service
                    ),
                    thresholds=cpu_percent,
                    periods=10,
                ),
                AlarmRule(
                    name="Memory",
                    summary=(
                        f"Service {name}: the memory of a task is almost full; "
                        "at 100% the task is killed."
                    ),
                    watch=MetricSource(
                        namespace="AWS/ECS",
                        name="MemoryUtilization",
                        dimensions=service,
                        statistic="Maximum",
                    ),
                    thresholds=memory_percent,
                ),
            ],
        )

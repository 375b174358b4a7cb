"""Weekly restart of services, so that rotated passwords reach their tasks."""

from collections.abc import Mapping

from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from spotmusic_constructs.arns import cluster_arn, cluster_name
from spotmusic_constructs.json_text import json_text
from spotmusic_constructs.location import location_of
from spotmusic_constructs.rights import Rights, allow

EVERY_WEEK = "cron(0 13 ? * TUE *)"
"""Tuesday, 13:00 UTC: working hours in the Americas and in Europe, when people can react."""
WINDOW_MINUTES = 240
"""Minutes over which the restarts are spread, to limit the load on their dependencies."""
RETRIED_SECONDS = 24 * 3600


class WeeklyRestart(Construct):
    """Weekly deployment of each service without changes.

    Creates a schedule for each service, their group and the role that starts a new deployment of
    these services only: it passes no role, so it cannot change a task definition. ECS replaces
    tasks as in any deployment, blue/green, circuit breaker and alarms included, and the number of
    tasks does not change. A failed call is retried for a day; `group` is the dimension of the
    metrics of failed calls.

    Args:
        cluster: cluster of the services.
        service_names: names of the services in ECS, by name.
        at: schedule expression of EventBridge Scheduler, in UTC.
        window_minutes: minutes over which the restarts are spread, 1 to 1440 (EventBridge
            Scheduler).

    Example:
        WeeklyRestart(self, "WeeklyRestart", cluster=services.cluster,
                      service_names={"playback": playback.service.service_name})
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster: ecs.ICluster,
        service_names: Mapping[str, str],
        at: str = EVERY_WEEK,
        window_minutes: int = WINDOW_MINUTES,
    ) -> None:
        super().__init__(scope, construct_id)
        location = location_of(scope)
        self.group = scheduler.CfnScheduleGroup(self, "Group")
        group = self.group.ref
        role_arn = self._role(
            location.account,
            [
                location.arn("ecs", f"service/{cluster_name(cluster)}/{name}")
                for name in service_names.values()
            ],
        ).role_arn
        for name, service_name in service_names.items():
            request = {
                "Cluster": cluster_arn(cluster),
                "Service": service_name,
                "ForceNewDeployment": True,
            }
            scheduler.CfnSchedule(
                self,
                name,
                description=f"Restarts the tasks of {name}, so that they read their passwords",
                group_name=group,
                schedule_expression=at,
                flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(
                    mode="FLEXIBLE", maximum_window_in_minutes=window_minutes
                ),
                target=scheduler.CfnSchedule.TargetProperty(
                    arn=f"arn:{location.partition}:scheduler:::aws-sdk:ecs:updateService",
                    role_arn=role_arn,
                    input=json_text(request),
                    retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                        maximum_event_age_in_seconds=RETRIED_SECONDS, maximum_retry_attempts=30
                    ),
                ),
            )

    def _role(self, account: str, service_arns: list[str]) -> iam.Role:
        source = {"aws:SourceAccount": account, "aws:SourceArn": self.group.attr_arn}
        role = iam.Role(
            self,
            "Role",
            description="Restarts the tasks of services",
            assumed_by=iam.ServicePrincipal(
                "scheduler.amazonaws.com", conditions={"StringEquals": source}
            ),
        )
        # Managed: NIST 800-53 AC-3 rules reject inline policies.
        Rights(self, "Policy", role=role, statements=[allow(["ecs:UpdateService"], service_arns)])
        return role

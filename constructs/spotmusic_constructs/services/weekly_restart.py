"""Services whose tasks start again every week, so that a rotated password reaches them while the one before is still valid."""

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from spotmusic_constructs.rights import Rights

EVERY_WEEK = "cron(0 13 ? * TUE *)"
"""Tuesday, 13:00 UTC: on an ordinary working day of the Americas and of Europe, when somebody sees what comes of it."""
WINDOW_MINUTES = 240
"""Within which each service has a moment of its own: all at once would ask everything that they need at once."""
RETRIED_SECONDS = 24 * 3600


class WeeklyRestart(Construct):
    """A deployment of each service as it is, once a week.

    Creates a schedule for each service, their group and the role that asks ECS for a new deployment of these services and of nothing
    else: it passes no role, so that it can change no task definition. ECS replaces tasks as in any deployment, blue/green, circuit
    breaker and alarms included, and the number of tasks stays what scaling made of it. A call that fails is tried again for a day;
    `group` is the dimension of the metrics that say so when none of the tries was heard.

    Args:
        cluster: cluster of the services.
        services: services by name.
        at: when, as EventBridge Scheduler writes it, in UTC.
        window_minutes: minutes within which each service has its moment. EventBridge Scheduler takes 1 to 1440.

    Example:
        WeeklyRestart(self, "WeeklyRestart", cluster=cluster, services={"playback": playback.service})
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster: ecs.ICluster,
        services: Mapping[str, ecs.IService],
        at: str = EVERY_WEEK,
        window_minutes: int = WINDOW_MINUTES,
    ) -> None:
        super().__init__(scope, construct_id)
        stack = cdk.Stack.of(self)
        self.group = scheduler.CfnScheduleGroup(self, "Group")
        role = self._role([service.service_arn for service in services.values()])
        for name, service in services.items():
            asked = {"Cluster": cluster.cluster_arn, "Service": service.service_name, "ForceNewDeployment": True}
            scheduler.CfnSchedule(
                self,
                name,
                description=f"Starts the tasks of {name} again, so that they read their passwords again",
                group_name=self.group.ref,
                schedule_expression=at,
                flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(
                    mode="FLEXIBLE", maximum_window_in_minutes=window_minutes
                ),
                target=scheduler.CfnSchedule.TargetProperty(
                    arn=f"arn:{stack.partition}:scheduler:::aws-sdk:ecs:updateService",
                    role_arn=role.role_arn,
                    input=stack.to_json_string(asked),
                    retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                        maximum_event_age_in_seconds=RETRIED_SECONDS, maximum_retry_attempts=30
                    ),
                ),
            )

    def _role(self, service_arns: list[str]) -> iam.Role:
        source = {"aws:SourceAccount": cdk.Stack.of(self).account, "aws:SourceArn": self.group.attr_arn}
        role = iam.Role(
            self,
            "Role",
            description="Asks ECS to start the tasks of services again",
            assumed_by=iam.ServicePrincipal("scheduler.amazonaws.com", conditions={"StringEquals": source}),
        )
        # Managed, because an inline policy is what NIST 800-53 AC-3 rules refuse.
        Rights(self, "Policy", role=role, statements=[iam.PolicyStatement(actions=["ecs:UpdateService"], resources=service_arns)])
        return role

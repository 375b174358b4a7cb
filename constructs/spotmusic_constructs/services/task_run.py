"""Run of a one-off task during a deployment."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from spotmusic_constructs import durations
from spotmusic_constructs.acknowledge import acknowledge, wildcard_finding
from spotmusic_constructs.arns import cluster_arn, group_id
from spotmusic_constructs.location import location_of
from spotmusic_constructs.platform_function import (
    CUSTOM_RESOURCE_FINDINGS,
    CUSTOM_RESOURCES,
    PlatformFunction,
)
from spotmusic_constructs.rights import allow
from spotmusic_constructs.services.one_off_task import OneOffTask
from spotmusic_constructs.services.task_definition import CONTAINER


class TaskRun(PlatformFunction):
    """Run of a task when its definition changes, which fails the deployment unless it exits with 0.

    Creates the function, its role, its log group and the custom resource. Dependents of this
    construct start after the task has ended. A rollback runs the previous definition. A task that
    takes more than 13 minutes is stopped, and the deployment fails.

    Args:
        task: task definition to run.
        cluster: cluster of the task.
        subnet_ids: subnets of the task.
        security_group: security group of the task.
        log_key: customer-managed key of the data class "logs".
        log_retention: retention of the function's log group.

    Example:
        run = TaskRun(self, "Run", task=task, cluster=services.cluster, subnet_ids=subnet_ids,
                      security_group=security_group, log_key=keys.logs)
        playback.node.add_dependency(run)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        task: OneOffTask,
        cluster: ecs.ICluster,
        subnet_ids: Sequence[str],
        security_group: ec2.ISecurityGroup,
        log_key: kms.IKey,
        log_retention: logs.RetentionDays = logs.RetentionDays.ONE_YEAR,
    ) -> None:
        tasks = location_of(scope).arn("ecs", "task/*")
        here = {"ArnEquals": {"ecs:cluster": cluster_arn(cluster)}}
        passed = {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}
        super().__init__(
            scope,
            construct_id,
            description="Runs a task for a deployment and waits for its end",
            role_description="Runs a task for a deployment",
            code=lambda_.Code.from_asset(str(CUSTOM_RESOURCES), exclude=["__pycache__"]),
            handler="task_run.handler",
            environment={
                "CLUSTER": cluster_arn(cluster),
                "CONTAINER": CONTAINER,
                "LOG_GROUP": task.log_group.log_group_name,
                "STREAM": f"{CONTAINER}/{CONTAINER}",
            },
            statements=[
                allow(["ecs:RunTask"], [task.task_definition.task_definition_arn], here),
                allow(["ecs:DescribeTasks", "ecs:StopTask"], [tasks], here),
                allow(["iam:PassRole"], task.role_arns, passed),
            ],
            log_key=log_key,
            log_retention=log_retention,
            timeout=durations.minutes(15),
            acknowledged=CUSTOM_RESOURCE_FINDINGS,
        )
        reason = "A task has no ARN before it runs; a condition names the cluster."
        acknowledge(self.rights.policies[0], {wildcard_finding(tasks): reason})
        run = cdk.CustomResource(
            self,
            "Resource",
            resource_type="Custom::TaskRun",
            service_token=self.arn,
            service_timeout=durations.minutes(16),
            properties={
                "TaskDefinition": task.task_definition.task_definition_arn,
                "Subnets": list(subnet_ids),
                "SecurityGroup": group_id(security_group),
            },
        )
        run.node.add_dependency(*self.rights.policies)

"""Task that a deployment runs once, with rights that no service has."""

from collections.abc import Sequence
from dataclasses import replace

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from spotmusic_constructs.services.access import Access
from spotmusic_constructs.services.image import ServiceImage
from spotmusic_constructs.services.task_definition import ServiceTaskDefinition
from spotmusic_constructs.services.task_roles import TaskRoles


class OneOffTask(Construct):
    """Task definition with its own command, log group and roles. It is not started automatically.

    Creates the log group, both roles and the task definition, with the restrictions of a service's.

    Args:
        name: value of `SERVICE` in the container.
        image: image of the service.
        command: command that replaces the image's own.
        access: environment, secrets and rights.
        log_key: customer-managed key of the data class "logs".
        log_retention: retention of the log group.
        cpu: Fargate cpu units.
        memory: memory in MiB.
        removal_policy: policy of the log group when the stack is deleted.

    Attributes:
        task_definition: task definition to run.
        log_group: log group of the task.
        role_arns: ARNs of both roles, which the caller passes to ECS.

    Example:
        OneOffTask(self, "Migrations", name="web-api", image=image, command=["migrate"],
                   access=access, log_key=keys.logs)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        image: ServiceImage,
        command: Sequence[str],
        access: Access,
        log_key: kms.IKey,
        log_retention: logs.RetentionDays = logs.RetentionDays.ONE_YEAR,
        cpu: int = 256,
        memory: int = 512,
        removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.RETAIN,
    ) -> None:
        super().__init__(scope, construct_id)
        self.log_group = logs.LogGroup(
            self,
            "Logs",
            encryption_key=log_key,
            retention=log_retention,
            removal_policy=removal_policy,
        )
        roles = TaskRoles(
            self, "Roles", access=access, image=image, log_group_arn=self.log_group.log_group_arn
        )
        self.role_arns = roles.arns
        self.task_definition = ServiceTaskDefinition(
            self,
            "Task",
            name=name,
            image=replace(image, command=tuple(command)),
            access=access,
            execution_role=roles.execution_role,
            task_role=roles.task_role,
            log_group=self.log_group,
            cpu=cpu,
            memory=memory,
            port=None,
            health_path="/",
        ).task_definition

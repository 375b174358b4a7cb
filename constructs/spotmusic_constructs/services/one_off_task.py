"""A task that is run once, by whoever deploys, with rights that no service has while it runs."""

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
    """A task definition with a command of an image, a log, and two roles of its own. Nothing runs it by itself.

    Creates the log group, both roles and the task definition, which is as confined as that of a service.

    Args:
        name: value of `SERVICE` in the container.
        image: image of the service.
        command: what runs in it, in place of what the image runs.
        access: what it may reach.
        log_key: customer-managed key of the data class "logs".
        log_retention: how long its log is kept.
        cpu: Fargate cpu units.
        memory: memory in MiB.
        removal_policy: what happens to the log when its stack goes.

    Attributes:
        task_definition: task definition to run.
        log_group: where its log goes.
        role_arns: both roles, which whoever runs it passes on.

    Example:
        OneOffTask(self, "Migrations", name="web-api", image=image, command=["migrate"], access=access, log_key=keys.logs)
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
        self.log_group = logs.LogGroup(self, "Logs", encryption_key=log_key, retention=log_retention, removal_policy=removal_policy)
        roles = TaskRoles(self, "Roles", access=access, image=image, log_group_arn=self.log_group.log_group_arn)
        self.role_arns = (roles.execution_role.role_arn, roles.task_role.role_arn)
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

"""Execution role and task role of a service."""

from collections.abc import Iterable
from functools import cache
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from spotmusic_constructs.acknowledge import acknowledge, wildcard_finding
from spotmusic_constructs.services.access import Access, Statement
from spotmusic_constructs.services.image import ServiceImage
from spotmusic_constructs.services.wildcard import acknowledge_wildcard

_PULL = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
_FILL_CACHE = ["ecr:BatchImportUpstreamImage", "ecr:CreateRepository"]
"""Further actions of the first pull through a cache rule (Amazon ECR user guide, pull through
cache, IAM permissions)."""
_ALL_OBJECTS = (
    "The service works with any object of this one bucket: their keys are made while it runs."
)
_NO_INLINE = "NIST.800.53.R5::NIST.800.53.R5-IAMNoInlinePolicy"
_ONLY_HERE = (
    "The policy belongs only to this role and is deleted with it; "
    "a managed policy could outlive it."
)


class TaskRoles(Construct):
    """Execution role for image, secrets and log, and task role with the rights of the service.

    Creates both roles with inline policies, so that forty services stay below CloudFormation's 500
    resources. Only ECS of this account may assume them. Their handles accept no further statements:
    `access` contains all rights.

    Args:
        access: environment, secrets and rights.
        image: image of the task.
        log_group_arn: log group of the task.

    Example:
        roles = TaskRoles(self, "Roles", access=access, image=image,
                          log_group_arn=log_group.log_group_arn)
        ecs.FargateTaskDefinition(self, "TaskDefinition", execution_role=roles.execution_role,
                                  task_role=roles.task_role)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        access: Access,
        image: ServiceImage,
        log_group_arn: str,
    ) -> None:
        super().__init__(scope, construct_id)
        execution = self._role("ExecutionRole", _starting(access, image, log_group_arn))
        if image.repository_arn:
            reason = "A token is for the whole registry; the other statement names the image."
            acknowledge(execution, {wildcard_finding("*"): reason})
        task = self._role("TaskRole", access.statements)
        self.arns = (execution.attr_arn, task.attr_arn)
        self.execution_role = iam.Role.from_role_arn(
            self, "ExecutionRoleHandle", self.arns[0], mutable=False
        )
        self.task_role = iam.Role.from_role_arn(self, "TaskRoleHandle", self.arns[1], mutable=False)

    def _role(self, name: str, statements: Iterable[Statement]) -> iam.CfnRole:
        allowed = [{"Effect": "Allow", **statement} for statement in statements]
        policy = iam.CfnRole.PolicyProperty(
            policy_name=name, policy_document={"Version": "2012-10-17", "Statement": allowed}
        )
        role = iam.CfnRole(
            self,
            name,
            assume_role_policy_document=_assumed_by_tasks(),
            policies=[policy] if allowed else None,
        )
        if allowed:
            acknowledge(role, {_NO_INLINE: _ONLY_HERE})
        for statement in allowed:
            if str(statement["Resource"]).endswith("/*"):
                acknowledge_wildcard(role, statement["Resource"], reason=_ALL_OBJECTS)
        return role


def _starting(access: Access, image: ServiceImage, log_group_arn: str) -> list[Statement]:
    """Rights of the execution role."""
    statements: list[Statement] = [
        {"Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": log_group_arn}
    ]
    if image.repository_arn:
        pull = [*_PULL, *_FILL_CACHE] if image.from_cache else _PULL
        statements += [
            {"Action": pull, "Resource": image.repository_arn},
            {"Action": "ecr:GetAuthorizationToken", "Resource": "*"},
        ]
    if access.secret_arns:
        statements.append(
            {"Action": "secretsmanager:GetSecretValue", "Resource": list(access.secret_arns)}
        )
    if access.parameter_arns:
        statements.append({"Action": "ssm:GetParameters", "Resource": list(access.parameter_arns)})
    return statements


@cache
def _assumed_by_tasks() -> dict[str, Any]:
    """Trust policy for ECS of this account only (confused deputy)."""
    source = f"arn:{cdk.Aws.PARTITION}:ecs:{cdk.Aws.REGION}:{cdk.Aws.ACCOUNT_ID}:*"
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "ecs-tasks.amazonaws.com"},
                "Action": "sts:AssumeRole",
                "Condition": {
                    "StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID},
                    "ArnLike": {"aws:SourceArn": source},
                },
            }
        ],
    }

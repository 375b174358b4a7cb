"""Waiting task as the endpoint of Session Manager tunnels."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from spotmusic_constructs import durations
from spotmusic_constructs.acknowledge import acknowledge, wildcard_finding
from spotmusic_constructs.arns import cluster_name
from spotmusic_constructs.json_text import json_text
from spotmusic_constructs.services.access import Access
from spotmusic_constructs.services.image import ServiceImage
from spotmusic_constructs.services.task_definition import USER, non_blocking_log, open_files
from spotmusic_constructs.services.task_roles import TaskRoles

CONTAINER = "tunnel"
MOST_HOURS = 8
"""Hours until a forgotten task ends: a working day."""
MEMORY_MIB = 512
"""Memory in MiB of the task, all of it for the container."""
CHANNELS = ("CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel")
"""Channels of the Session Manager agent, allowed on every resource (Amazon ECS developer guide, ECS
Exec, IAM permissions)."""


class Tunnel(Construct):
    """Task definition for port forwarding of Session Manager into the VPC.

    Creates log group, roles, task definition, and an output `RunTask`: the input of `aws ecs
    run-task`. People start the task, which ends after `hours`. It has no rights but those of the
    tunnel; its security group restricts connections. Its root file system is writable, which the
    agent of Session Manager requires (Amazon ECS developer guide, ECS Exec, considerations).

    Args:
        name: name of the party, and service name in the container.
        cluster: cluster of the task.
        image: any image with `sleep`.
        subnet_ids: subnets of the task.
        security_group_id: security group of the task.
        log_key: customer-managed key of the log group.
        log_retention: retention of the log group.
        hours: hours until the task ends, 8 at most.
        removal_policy: policy of the log group when the stack is deleted.

    Attributes:
        task_definition: the task definition.
        role_arns: roles that the caller passes to ECS.

    Raises:
        ValueError: if the task would run for longer than a working day.

    Example:
        Tunnel(self, "Tunnel", name="operators", cluster=services.cluster, image=image,
               subnet_ids=subnet_ids, security_group_id=security_group_id, log_key=keys.logs)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        cluster: ecs.ICluster,
        image: ServiceImage,
        subnet_ids: Sequence[str],
        security_group_id: str,
        log_key: kms.IKey,
        log_retention: logs.RetentionDays = logs.RetentionDays.ONE_YEAR,
        hours: int = MOST_HOURS,
        removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.RETAIN,
    ) -> None:
        super().__init__(scope, construct_id)
        if not 1 <= hours <= MOST_HOURS:
            raise ValueError(
                f"hours: {hours} is not between 1 and {MOST_HOURS}. Set a value in this range."
            )
        log_group = logs.LogGroup(
            self,
            "Logs",
            encryption_key=log_key,
            retention=log_retention,
            removal_policy=removal_policy,
        )
        roles = _roles(self, image, log_group)
        task = ecs.FargateTaskDefinition(
            self,
            "TaskDefinition",
            cpu=256,
            memory_limit_mib=MEMORY_MIB,
            execution_role=roles.execution_role,
            task_role=roles.task_role,
            runtime_platform=ecs.RuntimePlatform(
                cpu_architecture=ecs.CpuArchitecture.ARM64,
                operating_system_family=ecs.OperatingSystemFamily.LINUX,
            ),
        )
        container = task.add_container(
            CONTAINER,
            image=ecs.ContainerImage.from_registry(image.name),
            entry_point=["sleep"],
            command=[str(hours * 3600)],
            memory_limit_mib=MEMORY_MIB,
            linux_parameters=ecs.LinuxParameters(
                self, "LinuxParameters", init_process_enabled=True
            ),
            user=USER,
            ulimits=[open_files()],
            environment={"SERVICE": name},
            health_check=ecs.HealthCheck(
                command=["CMD", "true"], start_period=durations.seconds(30)
            ),
            logging=non_blocking_log(log_group, CONTAINER),
        )
        # The execution role has the rights to pull, but CDK cannot read them.
        cdk.Annotations.of(container).acknowledge_warning("@aws-cdk/aws-ecs:ecrImageRequiresPolicy")
        reason = "The environment contains only the name of the party."
        acknowledge(task, {"AwsSolutions::AwsSolutions-ECS2": reason})
        output = cdk.CfnOutput(
            self,
            "RunTask",
            value=json_text(
                {
                    "cluster": cluster_name(cluster),
                    "taskDefinition": task.family,
                    "launchType": "FARGATE",
                    "enableExecuteCommand": True,
                    "networkConfiguration": _network(subnet_ids, security_group_id),
                }
            ),
            description="Input of aws ecs run-task (docs/access.md)",
        )
        output.override_logical_id("RunTunnel")
        self.task_definition: ecs.FargateTaskDefinition = task
        self.role_arns = roles.arns


def _roles(scope: Construct, image: ServiceImage, log_group: logs.ILogGroup) -> TaskRoles:
    actions = [f"ssmmessages:{channel}" for channel in CHANNELS]
    access = Access(statements=({"Action": actions, "Resource": "*"},))
    roles = TaskRoles(
        scope, "Roles", access=access, image=image, log_group_arn=log_group.log_group_arn
    )
    acknowledge(
        roles.node.find_child("TaskRole"),
        {wildcard_finding("*"): "IAM has no resource for the channels of Session Manager."},
    )
    return roles


def _network(subnet_ids: Sequence[str], security_group_id: str) -> dict[str, object]:
    network = {
        "subnets": list(subnet_ids),
        "securityGroups": [security_group_id],
        "assignPublicIp": "DISABLED",
    }
    return {"awsvpcConfiguration": network}

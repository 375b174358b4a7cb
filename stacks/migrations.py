"""Migrations of the catalogue (docs/runbooks/migrate-the-catalogue.md)."""

import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs

from spotmusic_cdk.connections.connection import service_party
from spotmusic_cdk.settings import Settings
from spotmusic_constructs.arns import group_id
from spotmusic_constructs.services.one_off_task import OneOffTask
from spotmusic_constructs.services.task_run import TaskRun
from stacks.environment_stack import EnvironmentStack
from stacks.network import NetworkStack
from stacks.registry import RegistryStack
from stacks.secrets import SecretsStack
from stacks.service_access import ServiceAccess
from stacks.service_image import service_image


def migrations(
    stack: EnvironmentStack,
    *,
    settings: Settings,
    network: NetworkStack,
    registry: RegistryStack,
    secrets: SecretsStack,
    access: ServiceAccess,
    cluster: ecs.Cluster,
) -> list[TaskRun]:
    """Create the task of migrations and its run, if the owner of the catalogue has an image."""
    name = settings.migrated_by
    if name is None:
        return []
    service, group = settings.services[name], network.security_groups.of(service_party(name))
    task = OneOffTask(
        stack,
        "Migrations",
        name=f"{name}-migrations",
        image=service_image(name, service, registry),
        command=service.migrations,
        access=access.of_migrations(service),
        log_key=secrets.keys.logs,
        log_retention=stack.log_retention.access,
        removal_policy=stack.data_removal,
    )
    run = TaskRun(
        stack,
        "MigrationsRun",
        task=task,
        cluster=cluster,
        subnet_ids=network.vpc.select_subnets(subnet_group_name="application").subnet_ids,
        security_group=group,
        log_key=secrets.keys.logs,
        log_retention=stack.log_retention.access,
    )
    outputs = {
        "MigrationsTask": task.task_definition.task_definition_arn,
        "MigrationsGroup": group_id(group),
    }
    for output, value in outputs.items():
        cdk.CfnOutput(
            stack,
            output,
            value=value,
            description="Task that changes tables of the catalogue, or its security group",
        )
    return [run]

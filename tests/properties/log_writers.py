"""Writers of logs to CloudWatch, with their log group and its minimum retention."""

import re
from collections.abc import Iterator

from tests.properties.alarms import place_of
from tests.properties.releases import releases_of
from tools.model.assembly import Assembly, Resource
from tools.model.statements import statements_of
from tools.model.values import at

GROUP = "AWS::Logs::LogGroup"
FUNCTION = "AWS::Lambda::Function"
ACCESS_DAYS = 184
"""Days of access records of an Internet application: six months, up to 184 days (Marco Civil da
Internet, law 12.965 of 2014, article 15)."""
SECURITY_DAYS = 365
"""Audit trails: a year (PCI DSS 4.0.1, requirement 10.5.1)."""

Writer = tuple[str, Resource | None, int]
"""Name of the writer, its log group in the platform if it has one, and the minimum retention in
days."""


def writers(platform: Assembly) -> Iterator[Writer]:
    """All writers of logs to CloudWatch."""
    by_name = {group.text("LogGroupName"): group for group in platform.some(GROUP)}
    for log in platform.some("AWS::EC2::FlowLog"):
        yield log.name, log.target("LogGroupName"), SECURITY_DAYS
    for cluster in platform.some("AWS::EKS::Cluster"):
        yield cluster.name, by_name.get(f"/aws/eks/{cluster.text('Name')}/cluster"), SECURITY_DAYS
    for cluster in platform.some("AWS::ECS::Cluster"):
        yield (
            f"{cluster.name} Container Insights",
            by_name.get(f"/aws/ecs/containerinsights/{place_of(cluster)}/performance"),
            ACCESS_DAYS,
        )
    for workspace in platform.some("AWS::APS::Workspace"):
        yield workspace.name, workspace.target("LoggingConfiguration.LogGroupArn"), ACCESS_DAYS
    for experiment in platform.all("AWS::FIS::ExperimentTemplate"):
        yield (
            experiment.name,
            experiment.target("LogConfiguration.CloudWatchLogsConfiguration.LogGroupArn"),
            SECURITY_DAYS,
        )
    yield from _pods(platform)
    yield from _stores(platform, by_name)
    yield from _rules(platform)
    yield from _functions(platform, by_name)
    yield from _containers(platform)


def _pods(platform: Assembly) -> Iterator[Writer]:
    """Yield the logs of pods, which the agent on each node sends to CloudWatch."""
    by_place = {place_of(group): group for group in platform.some(GROUP)}
    agent = releases_of(platform).get("fluent-bit")
    written = (
        re.findall(r"log_group_name (\S+)", str(at(agent.values, "config.outputs")))
        if agent
        else []
    )
    yield "pods", by_place.get(written[0]) if len(written) == 1 else None, ACCESS_DAYS


def _stores(platform: Assembly, by_name: dict[str, Resource]) -> Iterator[Writer]:
    for database in platform.some("AWS::RDS::DBInstance"):
        for log in database["EnableCloudwatchLogsExports"] or []:
            days = SECURITY_DAYS if log == "audit" else ACCESS_DAYS
            yield (
                f"{database.name} {log}",
                by_name.get(f"/aws/rds/instance/{database.text('DBInstanceIdentifier')}/{log}"),
                days,
            )
    for cache in platform.some("AWS::ElastiCache::ReplicationGroup"):
        for number, log in enumerate(cache["LogDeliveryConfigurations"] or []):
            destination = f"LogDeliveryConfigurations.{number}.DestinationDetails"
            path = f"{destination}.CloudWatchLogsDetails.LogGroup"
            yield f"{cache.name} {log['LogType']}", cache.target(path), ACCESS_DAYS


def _rules(platform: Assembly) -> Iterator[Writer]:
    """Rules that record AWS events."""
    for rule in platform.some("AWS::Events::Rule"):
        for number, goal in enumerate(rule["Targets"] or []):
            if ":log-group:" in platform.text(rule.stack, goal["Arn"]):
                groups = [
                    target for target in rule.mentions(f"Targets.{number}") if target.type == GROUP
                ]
                yield rule.name, groups[0] if len(groups) == 1 else None, SECURITY_DAYS


def _functions(platform: Assembly, by_name: dict[str, Resource]) -> Iterator[Writer]:
    """Functions; logs of those that change secrets are security records."""
    changing = {
        role
        for statement in statements_of(platform)
        if statement.kind == "identity" and statement.may("secretsmanager:PutSecretValue")
        for role in [statement.resource, *statement.resource.mentions("Roles")]
    }
    for function in platform.some(FUNCTION):
        group = function.target("LoggingConfig.LogGroup") or by_name.get(
            f"/aws/lambda/{place_of(function)}"
        )
        yield (
            function.name,
            group,
            SECURITY_DAYS if function.target("Role") in changing else ACCESS_DAYS,
        )


def _containers(platform: Assembly) -> Iterator[Writer]:
    """Containers of tasks and their proxies."""
    for task in platform.some("AWS::ECS::TaskDefinition"):
        for number, container in enumerate(task["ContainerDefinitions"] or []):
            path = f"ContainerDefinitions.{number}.LogConfiguration.Options.awslogs-group"
            yield f"{task.name} {container['Name']}", task.target(path), ACCESS_DAYS
    for service in platform.some("AWS::ECS::Service"):
        if service["ServiceConnectConfiguration.Enabled"]:
            path = "ServiceConnectConfiguration.LogConfiguration.Options.awslogs-group"
            yield f"{service.name} Service Connect", service.target(path), ACCESS_DAYS

"""Resources that remain after a destruction.

They are retained by a policy, log groups created by Lambda, or unexplained. List operations are
independent of the templates: an entry that appears after a destruction and did not exist before the
first deployment is left by a stack.
"""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spotmusic_cdk import output
from tools.local_aws import process, session
from tools.local_aws.assembly import SynthesizedStack, regions
from tools.local_aws.cloudformation import DeployedResource
from tools.local_aws.public_zones import public_zones
from tools.local_aws.workspace import RunningEmulator

_LISTINGS = (
    ("acm", "list_certificates", "CertificateSummaryList", "CertificateArn"),
    ("backup", "list_backup_plans", "BackupPlansList", "BackupPlanId"),
    ("backup", "list_backup_vaults", "BackupVaultList", "BackupVaultName"),
    ("cloudfront", "list_distributions", "DistributionList", "Id"),
    ("cloudfront", "list_functions", "FunctionList", "Name"),
    ("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
    ("cloudwatch", "list_dashboards", "DashboardEntries", "DashboardName"),
    ("ec2", "describe_internet_gateways", "InternetGateways", "InternetGatewayId"),
    ("ec2", "describe_route_tables", "RouteTables", "RouteTableId"),
    ("ec2", "describe_security_groups", "SecurityGroups", "GroupId"),
    ("ec2", "describe_subnets", "Subnets", "SubnetId"),
    ("ec2", "describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId"),
    ("ec2", "describe_vpcs", "Vpcs", "VpcId"),
    ("ecr", "describe_repositories", "repositories", "repositoryName"),
    ("ecs", "list_clusters", "clusterArns", ""),
    ("ecs", "list_task_definitions", "taskDefinitionArns", ""),
    ("eks", "list_clusters", "clusters", ""),
    ("elasticache", "describe_cache_clusters", "CacheClusters", "CacheClusterId"),
    ("elasticache", "describe_cache_subnet_groups", "CacheSubnetGroups", "CacheSubnetGroupName"),
    ("elasticache", "describe_replication_groups", "ReplicationGroups", "ReplicationGroupId"),
    ("elasticache", "describe_user_groups", "UserGroups", "UserGroupId"),
    ("elasticache", "describe_users", "Users", "UserId"),
    ("elbv2", "describe_load_balancers", "LoadBalancers", "LoadBalancerArn"),
    ("elbv2", "describe_target_groups", "TargetGroups", "TargetGroupArn"),
    ("events", "list_rules", "Rules", "Name"),
    ("iam", "list_policies", "Policies", "Arn"),
    ("iam", "list_roles", "Roles", "RoleName"),
    ("kms", "list_aliases", "Aliases", "AliasName"),
    ("lambda", "list_functions", "Functions", "FunctionName"),
    ("lambda", "list_layers", "Layers", "LayerArn"),
    ("logs", "describe_log_groups", "logGroups", "logGroupName"),
    ("rds", "describe_db_instances", "DBInstances", "DBInstanceIdentifier"),
    ("rds", "describe_db_parameter_groups", "DBParameterGroups", "DBParameterGroupName"),
    ("rds", "describe_db_snapshots", "DBSnapshots", "DBSnapshotIdentifier"),
    ("rds", "describe_db_subnet_groups", "DBSubnetGroups", "DBSubnetGroupName"),
    ("route53", "list_hosted_zones", "HostedZones", "Id"),
    ("s3", "list_buckets", "Buckets", "Name"),
    ("scheduler", "list_schedules", "Schedules", "Name"),
    ("secretsmanager", "list_secrets", "SecretList", "ARN"),
    ("servicediscovery", "list_namespaces", "Namespaces", "Id"),
    ("sns", "list_subscriptions", "Subscriptions", "SubscriptionArn"),
    ("sns", "list_topics", "Topics", "TopicArn"),
    ("sqs", "list_queues", "QueueUrls", ""),
    ("ssm", "describe_parameters", "Parameters", "Name"),
    ("wafv2", "list_web_acls", "WebACLs", "Id"),
)
"""Service, list operation, member of the response, and identifier member of an entry.

The last is empty if the entry is the identifier.
"""

_PARAMETERS = {
    "list_policies": [{"Scope": "Local"}],
    "list_web_acls": [{"Scope": "REGIONAL"}, {"Scope": "CLOUDFRONT"}],
}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Remaining resources.

    Args:
        kept: retained resources and final snapshots, one line each.
        removed_log_groups: number of log groups that Lambda created for functions, outside of
            stacks.
        unexplained: all other resources.
    """

    kept: list[str]
    removed_log_groups: int
    unexplained: list[str]

    def summary(self) -> str:
        """Summary of the remaining resources."""
        kept = [f"  {line}" for line in self.kept] or ["  nothing"]
        lines = [
            "Retained by their deletion policy, as in an account:",
            *kept,
            f"Removed {self.removed_log_groups} log groups that Lambda created outside of stacks.",
            "No other resource of the stacks is left.",
        ]
        return "\n".join(lines)


def save_inventory(endpoint: str, stacks: list[SynthesizedStack], file: Path) -> None:
    """Save the existing entries, for the comparison after a destruction.

    Args:
        endpoint: loopback URL of the emulator.
        stacks: stacks to deploy.
        file: output file.
    """
    output.replace(file, json.dumps(sorted(_inventory(endpoint, stacks))))


def after_destruction(
    deployed: list[DeployedResource],
    stacks: list[SynthesizedStack],
    *,
    baseline: Path,
    emulator: RunningEmulator,
) -> Outcome:
    """Find deployed resources that still exist, and entries that are new since the baseline.

    Args:
        deployed: resources before the destruction.
        stacks: the destroyed stacks.
        baseline: file of `save_inventory` from before the first deployment. The explained entries
            are added.
        emulator: the emulator.
    """
    kept = process.kept(emulator)
    retained = {entry["identifier"] for entry in kept}
    snapshotted = [
        resource for resource in deployed if resource.definition.get("DeletionPolicy") == "Snapshot"
    ]
    removed = _remove_log_groups_of_functions(deployed, emulator)
    # The name of a snapshot starts with the identifier of its resource.
    prefixes = tuple(f"{resource.identifier}-" for resource in snapshotted)
    explained = retained | {f"/hostedzone/{zone}" for zone in public_zones(stacks)}
    known = set(json.loads(baseline.read_text()))
    new = _inventory(emulator.endpoint, stacks) - known
    left = [
        entry
        for entry in sorted(new)
        if (name := entry.split(" ", 2)[2]) not in explained and not name.startswith(prefixes)
    ]
    # The next run after a leftover has no stacks that explain their snapshots.
    output.replace(baseline, json.dumps(sorted(known | (new - set(left)))))
    left += [
        f"record of {record['type']} {record['identifier']}"
        for record in process.recorded(emulator)
        if record["identifier"] not in retained
    ]
    lines = [
        f"{entry['stack']} {entry['logical_id']}: {entry['type']} {entry['identifier']}"
        for entry in kept
    ]
    lines += [
        f"{item.stack.name} {item.logical_id}: {item.type} {item.identifier} (its last snapshot)"
        for item in snapshotted
    ]
    return Outcome(kept=lines, removed_log_groups=removed, unexplained=left)


def _inventory(endpoint: str, stacks: list[SynthesizedStack]) -> set[str]:
    """Return all listed entries as `region service identifier`."""
    asked = [(region, *listing) for region in regions(stacks) for listing in _LISTINGS]
    with ThreadPoolExecutor(max_workers=4) as pool:
        return {
            entry
            for entries in pool.map(lambda question: _entries(endpoint, *question), asked)
            for entry in entries
        }


def _entries(  # noqa: PLR0917 - a row
    endpoint: str, region: str, service: str, operation: str, member: str, identifier: str
) -> list[str]:
    client = session.client(service, endpoint, region=region)
    found: list[Any] = []
    for parameters in _PARAMETERS.get(operation, [{}]):
        pages = (
            client.get_paginator(operation).paginate(**parameters)
            if client.can_paginate(operation)
            else [getattr(client, operation)(**parameters)]
        )
        lists = [page.get(member) or [] for page in pages]
        # CloudFront wraps lists.
        found += [
            entry
            for entries in lists
            for entry in (entries.get("Items") or [] if isinstance(entries, dict) else entries)
        ]
    return [f"{region} {service} {entry[identifier] if identifier else entry}" for entry in found]


def _remove_log_groups_of_functions(
    deployed: list[DeployedResource], emulator: RunningEmulator
) -> int:
    removed = 0
    declared = {
        resource.identifier for resource in deployed if resource.type == "AWS::Logs::LogGroup"
    }
    for function in (resource for resource in deployed if resource.type == "AWS::Lambda::Function"):
        name = f"/aws/lambda/{function.identifier}"
        logs = session.client("logs", emulator.endpoint, region=function.stack.region)
        groups = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
        if name not in declared and any(group["logGroupName"] == name for group in groups):
            logs.delete_log_group(logGroupName=name)
            removed += 1
    return removed

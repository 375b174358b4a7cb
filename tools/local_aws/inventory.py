"""Inventory of the embedded AWS by its list operations, to verify that a destruction left nothing.

Listings are independent of the templates. Entries that appear after a destruction and did not exist
before the first deployment were left by a stack.
"""

import json
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.local_aws import ACCOUNT, session


@dataclass(frozen=True, kw_only=True)
class Listing:
    """List operation of a service.

    Args:
        service: boto3's name of the service.
        operation: the client's method.
        member: member of the response with the entries.
        identifier: member of an entry with its identifier; empty if the entry is the name.
        parameters: parameters of the operation.
        alive: returns False for entries of deleted resources, which some services keep for a while.
    """

    service: str
    operation: str
    member: str
    identifier: str
    parameters: tuple[tuple[str, Any], ...] = ()
    alive: Callable[[Any], bool] = lambda _entry: True


_ACCOUNT = (("AccountId", ACCOUNT),)
_REGIONAL_WAF, _GLOBAL_WAF = (("Scope", "REGIONAL"),), (("Scope", "CLOUDFRONT"),)

LISTINGS: tuple[Listing, ...] = (
    Listing(service="ec2", operation="describe_vpcs", member="Vpcs", identifier="VpcId"),
    Listing(service="ec2", operation="describe_subnets", member="Subnets", identifier="SubnetId"),
    Listing(service="ec2", operation="describe_route_tables", member="RouteTables", identifier="RouteTableId"),
    Listing(service="ec2", operation="describe_internet_gateways", member="InternetGateways", identifier="InternetGatewayId"),
    Listing(
        service="ec2",
        operation="describe_nat_gateways",
        member="NatGateways",
        identifier="NatGatewayId",
        alive=lambda gateway: gateway["State"] != "deleted",
    ),
    Listing(service="ec2", operation="describe_addresses", member="Addresses", identifier="PublicIp"),
    Listing(service="ec2", operation="describe_flow_logs", member="FlowLogs", identifier="FlowLogId"),
    Listing(service="ec2", operation="describe_vpc_endpoints", member="VpcEndpoints", identifier="VpcEndpointId"),
    Listing(service="ec2", operation="describe_security_groups", member="SecurityGroups", identifier="GroupId"),
    Listing(service="elbv2", operation="describe_load_balancers", member="LoadBalancers", identifier="LoadBalancerArn"),
    Listing(service="elbv2", operation="describe_target_groups", member="TargetGroups", identifier="TargetGroupArn"),
    Listing(service="ecr", operation="describe_repositories", member="repositories", identifier="repositoryName"),
    Listing(service="ecs", operation="list_clusters", member="clusterArns", identifier=""),
    Listing(service="ecs", operation="list_task_definitions", member="taskDefinitionArns", identifier=""),
    Listing(service="eks", operation="list_clusters", member="clusters", identifier=""),
    Listing(service="lambda", operation="list_functions", member="Functions", identifier="FunctionName"),
    Listing(service="lambda", operation="list_layers", member="Layers", identifier="LayerArn"),
    Listing(service="rds", operation="describe_db_instances", member="DBInstances", identifier="DBInstanceIdentifier"),
    Listing(service="rds", operation="describe_db_snapshots", member="DBSnapshots", identifier="DBSnapshotIdentifier"),
    Listing(service="rds", operation="describe_db_subnet_groups", member="DBSubnetGroups", identifier="DBSubnetGroupName"),
    Listing(service="rds", operation="describe_db_parameter_groups", member="DBParameterGroups", identifier="DBParameterGroupName"),
    Listing(service="rds", operation="describe_option_groups", member="OptionGroupsList", identifier="OptionGroupName"),
    Listing(service="elasticache", operation="describe_replication_groups", member="ReplicationGroups", identifier="ReplicationGroupId"),
    Listing(service="elasticache", operation="describe_cache_clusters", member="CacheClusters", identifier="CacheClusterId"),
    Listing(service="elasticache", operation="describe_cache_subnet_groups", member="CacheSubnetGroups", identifier="CacheSubnetGroupName"),
    Listing(service="elasticache", operation="describe_users", member="Users", identifier="UserId"),
    Listing(service="elasticache", operation="describe_user_groups", member="UserGroups", identifier="UserGroupId"),
    Listing(service="s3", operation="list_buckets", member="Buckets", identifier="Name"),
    Listing(service="backup", operation="list_backup_vaults", member="BackupVaultList", identifier="BackupVaultName"),
    Listing(service="backup", operation="list_backup_plans", member="BackupPlansList", identifier="BackupPlanId"),
    Listing(service="kms", operation="list_aliases", member="Aliases", identifier="AliasName"),
    Listing(service="secretsmanager", operation="list_secrets", member="SecretList", identifier="ARN"),
    Listing(service="ssm", operation="describe_parameters", member="Parameters", identifier="Name"),
    Listing(service="iam", operation="list_roles", member="Roles", identifier="RoleName"),
    Listing(service="iam", operation="list_policies", member="Policies", identifier="Arn", parameters=(("Scope", "Local"),)),
    Listing(service="iam", operation="list_open_id_connect_providers", member="OpenIDConnectProviderList", identifier="Arn"),
    Listing(service="cloudwatch", operation="describe_alarms", member="MetricAlarms", identifier="AlarmName"),
    Listing(service="cloudwatch", operation="list_dashboards", member="DashboardEntries", identifier="DashboardName"),
    Listing(service="logs", operation="describe_log_groups", member="logGroups", identifier="logGroupName"),
    Listing(service="logs", operation="describe_deliveries", member="deliveries", identifier="id"),
    Listing(service="sns", operation="list_topics", member="Topics", identifier="TopicArn"),
    Listing(service="sns", operation="list_subscriptions", member="Subscriptions", identifier="SubscriptionArn"),
    Listing(service="sqs", operation="list_queues", member="QueueUrls", identifier=""),
    Listing(service="events", operation="list_rules", member="Rules", identifier="Name"),
    Listing(service="scheduler", operation="list_schedules", member="Schedules", identifier="Name"),
    Listing(service="servicediscovery", operation="list_namespaces", member="Namespaces", identifier="Id"),
    Listing(service="route53", operation="list_hosted_zones", member="HostedZones", identifier="Id"),
    Listing(service="acm", operation="list_certificates", member="CertificateSummaryList", identifier="CertificateArn"),
    Listing(service="cloudfront", operation="list_distributions", member="DistributionList", identifier="Id"),
    Listing(service="cloudfront", operation="list_vpc_origins", member="VpcOriginList", identifier="Id"),
    Listing(service="cloudfront", operation="list_public_keys", member="PublicKeyList", identifier="Id"),
    Listing(service="cloudfront", operation="list_functions", member="FunctionList", identifier="Name"),
    Listing(service="wafv2", operation="list_web_acls", member="WebACLs", identifier="Id", parameters=_REGIONAL_WAF),
    Listing(service="wafv2", operation="list_web_acls", member="WebACLs", identifier="Id", parameters=_GLOBAL_WAF),
    Listing(service="budgets", operation="describe_budgets", member="Budgets", identifier="BudgetName", parameters=_ACCOUNT),
)

Entry = str


def inventory(endpoint: str, regions: Iterable[str]) -> set[Entry]:
    """Returns all listed entries as `region service identifier`.

    Args:
        endpoint: loopback URL of the emulator.
        regions: the regions of the stacks.
    """
    asked = [(listing, region) for region in regions for listing in LISTINGS]
    with ThreadPoolExecutor(max_workers=4) as pool:
        return {entry for entries in pool.map(lambda pair: _entries(pair[0], pair[1], endpoint), asked) for entry in entries}


def save(entries: set[Entry], file: Path) -> None:
    """Saves an inventory for a later comparison."""
    file.write_text(json.dumps(sorted(entries)))


def load(file: Path) -> set[Entry]:
    """Loads a saved inventory; empty if there is none, so that every entry counts as left."""
    return set(json.loads(file.read_text())) if file.exists() else set()


def explained(entry: Entry, *, retained: set[str], snapshotted: set[str]) -> bool:
    """Returns True if an entry is a retained resource or its final snapshot.

    Args:
        entry: an entry of the inventory.
        retained: physical ids of retained resources.
        snapshotted: physical ids of resources with a retained snapshot, which contains the id in
            its name.
    """
    identifier = entry.split(" ", 2)[2]
    return identifier in retained or any(identifier.startswith(f"{name}-") for name in snapshotted)


def _entries(listing: Listing, region: str, endpoint: str) -> list[Entry]:
    client = session.client(listing.service, endpoint, region=region)
    given = dict(listing.parameters)
    if client.can_paginate(listing.operation):
        pages: Iterable[dict[str, Any]] = client.get_paginator(listing.operation).paginate(**given)
    else:
        pages = [getattr(client, listing.operation)(**given)]
    found = [entry for page in pages for entry in _members(page.get(listing.member))]
    return [
        f"{region} {listing.service} {entry[listing.identifier] if listing.identifier else entry}"
        for entry in found
        if listing.alive(entry)
    ]


def _members(value: Any) -> list[Any]:
    """Unwraps CloudFront's lists."""
    return list(value.get("Items") or []) if isinstance(value, dict) else list(value or [])

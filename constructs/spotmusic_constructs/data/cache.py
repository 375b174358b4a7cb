"""ElastiCache replication group for frequent reads, sessions and counters."""

from collections.abc import Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticache as elasticache
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from spotmusic_constructs import durations
from spotmusic_constructs.acknowledge import acknowledge
from spotmusic_constructs.arns import group_id, key_arn, secret_arn
from spotmusic_constructs.data.cache_users import CacheUsers
from spotmusic_constructs.data.credentials_function import (
    CredentialsFunction,
    rotate_on_schedule,
    rotation_rights,
)
from spotmusic_constructs.data.parameters import CACHE
from spotmusic_constructs.log_retention import KEPT, LogRetention
from spotmusic_constructs.platform_function import FunctionNetwork
from spotmusic_constructs.rights import allow

PORT = 6379
"""Default port of Redis. A different port adds no security, because security groups name each
client."""
NIST_SNAPSHOT_DAYS = 15
"""Fewest days of snapshots for the policy pack NIST 800-53 (cdk-nag, rule
ElastiCacheRedisClusterAutomaticBackup)."""
_FAMILIES = {"redis": {"7": "redis7"}, "valkey": {"8": "valkey8"}}


class Cache(Construct):
    """ElastiCache replication group over all zones, with TLS, RBAC users and password rotation.

    Creates the replication group with one shard, its subnet and parameter group, its log groups,
    `CacheUsers`, and the function that rotates their passwords. ElastiCache keeps two passwords for
    each user; the previous one stays valid until the next rotation.

    Args:
        engine: `redis` or `valkey`; both use the same protocol.
        engine_version: `7.1` of Redis, `8.0` or later of Valkey.
        node_type: type of the nodes.
        replicas: replicas in addition to the primary; two place a node in each of three zones.
            Without replicas there is no failover: a lost node is replaced by an empty one, without
            its sessions and counters.
        prefixes: prefix of the keys by user name.
        vpc: network of the rotation function.
        subnet_ids: subnets of the nodes.
        security_group: security group of the nodes.
        users_subnets: subnets of the rotation function.
        users_security_group: security group of that function.
        cache_key: customer-managed key of the data class "cache".
        secrets_key: customer-managed key of the data class "secrets".
        log_key: customer-managed key of the data class "logs".
        retention: retention of the log groups.
        maintenance_window: time of restarts by ElastiCache, in UTC, outside the windows of
            databases and caches of the same clients.
        snapshot_retention_days: days that daily snapshots are kept.
        removal_policy: policy of the replication group when its stack is deleted; by default a
            final snapshot is retained.

    Raises:
        ValueError: if the engine version is not supported.

    Example:
        cache = Cache(self, "Cache", engine="valkey", engine_version="8.2",
                      prefixes={"playback": "playback"}, **options)
        cache.users["playback"].grant_read(role)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        prefixes: Mapping[str, str],
        vpc: ec2.IVpc,
        subnet_ids: Sequence[str],
        security_group: ec2.ISecurityGroup,
        users_subnets: ec2.SubnetSelection,
        users_security_group: ec2.ISecurityGroup,
        cache_key: kms.IKey,
        secrets_key: kms.IKey,
        log_key: kms.IKey,
        retention: LogRetention = KEPT,
        engine: str = "redis",
        engine_version: str = "7.1",
        node_type: str = "cache.t4g.small",
        replicas: int = 2,
        maintenance_window: str = "tue:08:00-tue:09:00",
        snapshot_retention_days: int = NIST_SNAPSHOT_DAYS,
        removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.SNAPSHOT,
    ) -> None:
        super().__init__(scope, construct_id)
        secrets_policy = (
            cdk.RemovalPolicy.DESTROY
            if removal_policy == cdk.RemovalPolicy.DESTROY
            else cdk.RemovalPolicy.RETAIN
        )

        self.port = PORT
        users = CacheUsers(
            self, "Users", prefixes=prefixes, key=secrets_key, removal_policy=secrets_policy
        )
        self.users: Mapping[str, secretsmanager.ISecret] = users.secrets
        self.replication_group = elasticache.CfnReplicationGroup(
            self,
            "ReplicationGroup",
            replication_group_description="Frequent reads, sessions and rate counters",
            engine=engine,
            engine_version=engine_version,
            cache_node_type=node_type,
            cache_parameter_group_name=_parameter_group(self, engine, engine_version).ref,
            cache_subnet_group_name=elasticache.CfnSubnetGroup(
                self, "SubnetGroup", description="Subnets of the cache", subnet_ids=list(subnet_ids)
            ).ref,
            security_group_ids=[group_id(security_group)],
            port=PORT,
            num_node_groups=1,
            replicas_per_node_group=replicas,
            automatic_failover_enabled=replicas > 0,
            multi_az_enabled=replicas > 0,
            at_rest_encryption_enabled=True,
            kms_key_id=key_arn(cache_key),
            transit_encryption_enabled=True,
            transit_encryption_mode="required",
            user_group_ids=[users.group.ref],
            auto_minor_version_upgrade=True,
            # At night in São Paulo, outside maintenance windows.
            snapshot_retention_limit=snapshot_retention_days,
            snapshot_window="05:00-06:00",
            preferred_maintenance_window=maintenance_window,
            log_delivery_configurations=[
                _log(self, name, log_key, retention.access) for name in ("slow-log", "engine-log")
            ],
        )
        self.replication_group.apply_removal_policy(removal_policy)
        self.primary_endpoint = self.replication_group.attr_primary_end_point_address
        self.reader_endpoint = self.replication_group.attr_reader_end_point_address
        function = CredentialsFunction(
            self,
            "RotationFunction",
            handler="cache.handler",
            description="Rotates the passwords of cache users",
            statements=[
                rotation_rights([secret_arn(secret) for secret in users.secrets.values()]),
                allow(["elasticache:DescribeUsers", "elasticache:ModifyUser"], users.arns),
            ],
            environment={"CACHE_HOST": self.primary_endpoint, "CACHE_PORT": str(PORT)},
            network=FunctionNetwork(
                vpc=vpc, subnets=users_subnets, security_group=users_security_group
            ),
            log_key=log_key,
            log_retention=retention.security,
            # Nodes apply a new password one after another, which takes minutes.
            timeout=durations.minutes(10),
        )
        self.rotation = function.function
        for secret in users.generated:
            rotate_on_schedule(secret, function, after=self.replication_group)
        acknowledge(self.replication_group, _deviations(engine, snapshot_retention_days, replicas))


def _parameter_group(scope: Construct, engine: str, version: str) -> elasticache.CfnParameterGroup:
    family = _FAMILIES.get(engine, {}).get(version.split(".", maxsplit=1)[0])
    if family is None:
        raise ValueError(
            f"engine_version: {engine} {version} is not supported. "
            "Use redis 7.1, or valkey 8.0 or 8.2."
        )
    return elasticache.CfnParameterGroup(
        scope,
        # The family of a parameter group is immutable: another engine needs another group.
        f"{family.capitalize()}Parameters",
        cache_parameter_group_family=family,
        description="Evicts what may expire, and keeps memory for failover",
        properties=CACHE,
    )


def _log(
    scope: Construct, name: str, key: kms.IKey, retention: logs.RetentionDays
) -> elasticache.CfnReplicationGroup.LogDeliveryConfigurationRequestProperty:
    """Create the log group of a log of ElastiCache, and return its delivery."""
    group = logs.LogGroup(
        scope,
        f"{name.title().replace('-', '')}Group",
        encryption_key=key,
        retention=retention,
        removal_policy=cdk.RemovalPolicy.DESTROY,
    )
    request = elasticache.CfnReplicationGroup
    return request.LogDeliveryConfigurationRequestProperty(
        log_type=name,
        log_format="json",
        destination_type="cloudwatch-logs",
        destination_details=request.DestinationDetailsProperty(
            cloud_watch_logs_details=request.CloudWatchLogsDestinationDetailsProperty(
                log_group=group.log_group_name
            )
        ),
    )


def _deviations(engine: str, snapshot_retention_days: int, replicas: int) -> dict[str, str]:
    found = {
        "AwsSolutions::AwsSolutions-AEC6": (
            "Every client has its own user (RBAC user group), which excludes the shared token."
        )
    }
    if engine == "redis":  # the rule does not check Valkey
        found["AwsSolutions::AwsSolutions-AEC5"] = (
            "Security groups name each client that may connect; another port adds no security."
        )
    if not replicas:
        found["AwsSolutions::AwsSolutions-AEC4"] = (
            "Without a replica there is no failover; the environment file sets none, for the price."
        )
    if snapshot_retention_days < NIST_SNAPSHOT_DAYS:
        found["NIST.800.53.R5::NIST.800.53.R5-ElastiCacheRedisClusterAutomaticBackup"] = (
            "All data of the cache can be created again; "
            f"this environment keeps {snapshot_retention_days} days of snapshots."
        )
    return found

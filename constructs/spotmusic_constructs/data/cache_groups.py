"""How the cache is set up, and where its logs go."""

import aws_cdk as cdk
from aws_cdk import aws_elasticache as elasticache
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from spotmusic_constructs.data.parameters import CACHE

_FAMILIES = {"redis": {"7": "redis7"}, "valkey": {"8": "valkey8"}}


def cache_parameter_group(scope: Construct, engine: str, version: str) -> elasticache.CfnParameterGroup:
    """Makes the parameter group of an engine.

    Raises:
        ValueError: if the engine has no such version.
    """
    family = _FAMILIES.get(engine, {}).get(version.split(".", maxsplit=1)[0])
    if family is None:
        raise ValueError(f"engine_version: ElastiCache has no {engine} {version} here. Use redis 7.1, or valkey 8.0 or 8.2.")
    return elasticache.CfnParameterGroup(
        scope,
        # A group belongs to one family for ever: another engine takes another group.
        f"{family.capitalize()}Parameters",
        cache_parameter_group_family=family,
        description="Evicts what may expire, and keeps memory for failover",
        properties=CACHE,
    )


def cache_log(
    scope: Construct, name: str, key: kms.IKey, retention: logs.RetentionDays
) -> elasticache.CfnReplicationGroup.LogDeliveryConfigurationRequestProperty:
    """Makes the log group of one log of the cache, and tells ElastiCache to write to it.

    Args:
        scope: the cache.
        name: `slow-log` or `engine-log`.
        key: customer-managed key of the data class "logs".
        retention: retention of its records.
    """
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
            cloud_watch_logs_details=request.CloudWatchLogsDestinationDetailsProperty(log_group=group.log_group_name)
        ),
    )

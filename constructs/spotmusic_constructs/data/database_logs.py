"""Log groups of an RDS for MySQL instance."""

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from spotmusic_constructs.log_retention import LogRetention

LOG_EXPORTS = ("error", "slowquery", "audit")
"""Logs that RDS exports; `audit` is a security record."""


def database_log_groups(
    scope: Construct,
    identifier: str,
    *,
    key: kms.IKey,
    retention: LogRetention,
    removal_policy: cdk.RemovalPolicy,
) -> list[logs.LogGroup]:
    """Create the log groups of an instance, which RDS would create without key or retention.

    Args:
        scope: parent of the log groups.
        identifier: name of the instance, which is part of their names.
        key: customer-managed key of the data class "logs".
        retention: retention of access and security logs.
        removal_policy: policy of the log groups when they leave their stack.
    """
    return [
        logs.LogGroup(
            scope,
            f"{name.capitalize()}Log",
            log_group_name=f"/aws/rds/instance/{identifier}/{name}",
            encryption_key=key,
            retention=retention.security if name == "audit" else retention.access,
            removal_policy=removal_policy,
        )
        for name in LOG_EXPORTS
    ]

"""The log groups of a database instance."""

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from spotmusic_constructs.log_retention import LogRetention

LOG_EXPORTS = ("error", "slowquery", "audit")
"""Logs that RDS exports; `audit` is a security record."""


def database_log_groups(
    scope: Construct, *, identifier: str, key: kms.IKey, retention: LogRetention, removal_policy: cdk.RemovalPolicy
) -> list[logs.LogGroup]:
    """Makes the log groups under the names that RDS writes to.

    RDS would make them by itself, without a key and for ever, and a group can't be adopted afterwards.
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

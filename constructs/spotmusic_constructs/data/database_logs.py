"""The log groups of a database instance."""

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

LOG_EXPORTS = {
    "error": logs.RetentionDays.SIX_MONTHS,
    "slowquery": logs.RetentionDays.SIX_MONTHS,
    "audit": logs.RetentionDays.ONE_YEAR,
}
"""Logs that RDS exports, and how long they are kept: a year for security records, six months for the rest."""


def database_log_groups(scope: Construct, *, identifier: str, key: kms.IKey, removal_policy: cdk.RemovalPolicy) -> list[logs.LogGroup]:
    """Makes the log groups under the names that RDS writes to.

    RDS would make them by itself, without a key and for ever, and a group can't be adopted afterwards.
    """
    return [
        logs.LogGroup(
            scope,
            f"{name.capitalize()}Log",
            log_group_name=f"/aws/rds/instance/{identifier}/{name}",
            encryption_key=key,
            retention=retention,
            removal_policy=removal_policy,
        )
        for name, retention in LOG_EXPORTS.items()
    ]

"""Read replica of an RDS for MySQL instance."""

from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_rds as rds
from constructs import Construct

from spotmusic_constructs.acknowledge import acknowledge
from spotmusic_constructs.data.database_logs import database_log_groups
from spotmusic_constructs.log_retention import KEPT, LogRetention

WINDOWS = (
    "thu:08:00-thu:09:00",
    "fri:08:00-fri:09:00",
    "sat:08:00-sat:09:00",
    "sun:08:00-sun:09:00",
    "tue:06:00-tue:07:00",
)
"""Maintenance windows in UTC: one replica a night, and none on the night of its source."""


class ReadReplica(Construct):
    """Read replica in one zone, with the settings of its source.

    A replica holds a copy only: it has no backups, standby or deletion protection, and is deleted
    without a snapshot when it leaves its stack. RDS copies users, rights and passwords with the
    data, and takes storage, its key and engine version from the source.

    Args:
        source: instance that is replicated; RDS must not manage its master password.
        identifier: name of the instance, and part of the names of its log groups.
        instance_type: class of the instance. A smaller one than the source's falls behind.
        availability_zone: availability zone.
        maintenance_window: time of restarts by RDS, in UTC.
        settings: arguments that the replica shares with its source.
        log_key: customer-managed key of the data class "logs".
        retention: retention of the log groups.

    Example:
        ReadReplica(self, "Reader1", source=catalogue.instance, identifier="example-reader-1",
                    instance_type=ec2.InstanceType("r8g.large"), availability_zone="sa-east-1a",
                    maintenance_window="thu:08:00-thu:09:00", settings={"vpc": vpc},
                    log_key=keys.logs)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        source: rds.IDatabaseInstance,
        identifier: str,
        instance_type: ec2.InstanceType,
        availability_zone: str,
        maintenance_window: str,
        settings: Mapping[str, Any],
        log_key: kms.IKey,
        retention: LogRetention = KEPT,
    ) -> None:
        super().__init__(scope, construct_id)
        # Not retained: a replica that is added again has the same name.
        log_groups = database_log_groups(
            self,
            identifier,
            key=log_key,
            retention=retention,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        self.instance = rds.DatabaseInstanceReadReplica(
            self,
            "Instance",
            source_database_instance=source,
            instance_identifier=identifier,
            instance_type=instance_type,
            availability_zone=availability_zone,
            preferred_maintenance_window=maintenance_window,
            deletion_protection=False,
            removal_policy=cdk.RemovalPolicy.DESTROY,
            **settings,
        )
        self.instance.node.add_dependency(*log_groups)
        acknowledge(self.instance, _ACKNOWLEDGED)


_COPY = (
    "A replica holds a copy: it is created again from its source, "
    "which has a standby, backups and deletion protection."
)
_INHERITED = (
    "RDS encrypts a replica of the same region with the key of its source, "
    "and rejects a request that names one."
)
_ACKNOWLEDGED = {
    "AwsSolutions::AwsSolutions-RDS2": _INHERITED,
    "AwsSolutions::AwsSolutions-RDS3": _COPY,
    "AwsSolutions::AwsSolutions-RDS10": _COPY,
    "NIST.800.53.R5::NIST.800.53.R5-RDSInBackupPlan": _COPY,
    "NIST.800.53.R5::NIST.800.53.R5-RDSInstanceDeletionProtectionEnabled": _COPY,
    "NIST.800.53.R5::NIST.800.53.R5-RDSMultiAZSupport": _COPY,
    "NIST.800.53.R5::NIST.800.53.R5-RDSStorageEncrypted": _INHERITED,
    "AwsSolutions::AwsSolutions-RDS11": (
        "Security groups name each client that may connect; another port adds no security."
    ),
}

"""Restore tests: a backup counts when it was brought back, which happens every week."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_backup as backup
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_rds as rds
from constructs import Construct

from spotmusic_constructs.data.restore_validation import RestoreValidation

_VALIDATION_HOURS = 4
"""Hours that a restored copy waits for its validation; AWS Backup deletes it afterwards."""
_WINDOW_DAYS = 7
RECOVERY_HOURS = {"RDS": 2, "S3": 24}
"""Hours within which a backup comes back, as docs/recovery.md promises; a later one fails its test."""


@dataclass(frozen=True, kw_only=True)
class RestoredDatabase:
    """A database whose backups are tested, and where the copy is put.

    Args:
        instance: the database.
        subnet_group: subnets of the copy; AWS Backup would choose the default VPC.
        security_group: who may talk to the copy.
    """

    instance: rds.IDatabaseInstance
    subnet_group: rds.ISubnetGroup
    security_group: ec2.ISecurityGroup


class RestoreTesting(Construct):
    """Restores the newest backup of every database and bucket once a week, looks at it, and deletes it again.

    Creates the restore testing plan, a selection for each database and one for the buckets, and `RestoreValidation`, which
    tells AWS Backup whether what came back can be used. Volumes are not tested: they belong to brokers that copy themselves.

    Args:
        name: name of the plan, letters, digits and underscores: AWS Backup demands one.
        vault: vault whose recovery points are restored.
        role: role that AWS Backup restores with.
        databases: databases by the name of their selection.
        bucket_arns: buckets, 30 at the most.
        log_key: customer-managed key of the data class "logs".

    Example:
        RestoreTesting(self, "RestoreTesting", name="spotmusic_prod", vault=backup.vault, role=backup.role, databases={...}, ...)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        vault: backup.IBackupVault,
        role: iam.IRole,
        databases: Mapping[str, RestoredDatabase],
        bucket_arns: Sequence[str],
        log_key: kms.IKey,
    ) -> None:
        super().__init__(scope, construct_id)

        self.plan = backup.CfnRestoreTestingPlan(
            self,
            "Plan",
            restore_testing_plan_name=name,
            # Sundays at 04:00 in São Paulo, after the night's backup.
            schedule_expression="cron(0 7 ? * SUN *)",
            start_window_hours=1,
            recovery_point_selection=backup.CfnRestoreTestingPlan.RestoreTestingRecoveryPointSelectionProperty(
                algorithm="LATEST_WITHIN_WINDOW",
                include_vaults=[vault.backup_vault_arn],
                recovery_point_types=["CONTINUOUS", "SNAPSHOT"],
                selection_window_days=_WINDOW_DAYS,
            ),
        )
        for selection, database in databases.items():
            overrides = {
                "dbSubnetGroupName": database.subnet_group.subnet_group_name,
                "vpcSecurityGroupIds": cdk.Stack.of(self).to_json_string([database.security_group.security_group_id]),
            }
            self._select(selection, "RDS", [database.instance.instance_arn], role, overrides)
        self._select("buckets", "S3", bucket_arns, role)
        self.validation = RestoreValidation(
            self, "Validation", plan_arn=self.plan.attr_restore_testing_plan_arn, recovery_hours=RECOVERY_HOURS, log_key=log_key
        ).function

    def _select(
        self, name: str, resource_type: str, arns: Sequence[str], role: iam.IRole, overrides: Mapping[str, str] | None = None
    ) -> None:
        selection = backup.CfnRestoreTestingSelection(
            self,
            name,
            restore_testing_plan_name=self.plan.restore_testing_plan_name,
            restore_testing_selection_name=name,
            protected_resource_type=resource_type,
            protected_resource_arns=list(arns),
            iam_role_arn=role.role_arn,
            restore_metadata_overrides=overrides,
            validation_window_hours=_VALIDATION_HOURS,
        )
        # The selection names the plan by a literal, which orders nothing.
        selection.node.add_dependency(self.plan)

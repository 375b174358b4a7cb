"""AWS Backup restore tests: weekly, and on a separate schedule for large buckets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from aws_cdk import aws_backup as backup
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_rds as rds
from constructs import Construct

from spotmusic_constructs.arns import group_id
from spotmusic_constructs.data.restore_validation import RestoreValidation
from spotmusic_constructs.json_text import json_text

_VALIDATION_HOURS = 4
"""Hours that a restored copy waits for its validation; AWS Backup deletes it afterwards."""
_WINDOW_DAYS = 7
_RecoveryPoints = backup.CfnRestoreTestingPlan.RestoreTestingRecoveryPointSelectionProperty
_EVERY_WEEK = "cron(0 7 ? * SUN *)"
"""Sundays at 04:00 in São Paulo, after the night's backup."""
Every = Literal["week", "month", "quarter"]
_EVERY: Mapping[Every, str] = {
    "week": _EVERY_WEEK,
    "month": "cron(0 7 1 * ? *)",
    "quarter": "cron(0 7 1 1,4,7,10 ? *)",
}
"""Schedules of large buckets: Sundays, or the first of a month at the same hour."""
RECOVERY_HOURS = {"RDS": 1, "S3": 22}
"""Maximum hours of a restore, one step of the recovery procedures in docs/game-day.md. A slower
restore fails its test."""


@dataclass(frozen=True, kw_only=True)
class RestoredDatabase:
    """Database under restore test, and network placement of its copy.

    Args:
        instance: instance of the database.
        subnet_group: subnets of the copy; AWS Backup would choose the default VPC.
        security_group: security group of the copy.
    """

    instance: rds.IDatabaseInstance
    subnet_group: rds.ISubnetGroup
    security_group: ec2.ISecurityGroup


class RestoreTesting(Construct):
    """Scheduled restore tests of the newest backup of every database and bucket.

    Creates a weekly restore testing plan with a selection for each database and one for the
    buckets, another plan for large buckets, and `RestoreValidation`, which reports to AWS Backup
    whether a copy is usable. AWS Backup deletes the copies afterwards. Volumes are not tested: they
    belong to brokers that replicate their data.

    AWS Backup restores a bucket completely, priced by gigabyte and object (AWS Backup developer
    guide, restore testing inferred metadata). Large buckets therefore have their own schedule.

    Args:
        name: name of the weekly plan: letters, digits and underscores. The other plan has the
            suffix `_large`.
        vault: vault of the restored recovery points.
        role: role that AWS Backup assumes for restores.
        restored_databases: databases by the name of their selection.
        bucket_arns: buckets that are restored every week, at most 30.
        large_bucket_arns: buckets that are too expensive for weekly restores, at most 30.
        large_every: interval of their restores.
        log_key: customer-managed key of the data class "logs".
        log_retention: retention of the log groups.

    Example:
        RestoreTesting(self, "RestoreTesting", name="spotmusic_prod", vault=backup.vault,
                       role=backup.role, restored_databases=restored, **options)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        vault: backup.IBackupVault,
        role: iam.IRole,
        restored_databases: Mapping[str, RestoredDatabase],
        bucket_arns: Sequence[str],
        large_bucket_arns: Sequence[str] = (),
        large_every: Every = "month",
        log_key: kms.IKey,
        log_retention: logs.RetentionDays = logs.RetentionDays.ONE_YEAR,
    ) -> None:
        super().__init__(scope, construct_id)

        self.plan = self._plan("Plan", name, _EVERY_WEEK, vault)
        plans, role_arn = [self.plan], role.role_arn
        for selection, database in restored_databases.items():
            overrides = {
                "dbSubnetGroupName": database.subnet_group.subnet_group_name,
                "vpcSecurityGroupIds": json_text([group_id(database.security_group)]),
            }
            self._select(
                self.plan,
                name,
                selection,
                role_arn,
                overrides,
                RDS=[database.instance.instance_arn],
            )
        self._select(self.plan, name, "buckets", role_arn, S3=bucket_arns)
        if large_bucket_arns:
            large = f"{name}_large"
            plans.append(self._plan("LargePlan", large, _EVERY[large_every], vault))
            self._select(plans[-1], large, "large_buckets", role_arn, S3=large_bucket_arns)
        self.validation = RestoreValidation(
            self,
            "Validation",
            plan_arns=[plan.attr_restore_testing_plan_arn for plan in plans],
            bucket_arns=[*bucket_arns, *large_bucket_arns],
            recovery_hours=RECOVERY_HOURS,
            log_key=log_key,
            log_retention=log_retention,
        ).function

    def _plan(
        self, construct_id: str, name: str, schedule: str, vault: backup.IBackupVault
    ) -> backup.CfnRestoreTestingPlan:
        return backup.CfnRestoreTestingPlan(
            self,
            construct_id,
            restore_testing_plan_name=name,
            schedule_expression=schedule,
            start_window_hours=1,
            recovery_point_selection=_RecoveryPoints(
                algorithm="LATEST_WITHIN_WINDOW",
                include_vaults=[vault.backup_vault_arn],
                recovery_point_types=["CONTINUOUS", "SNAPSHOT"],
                selection_window_days=_WINDOW_DAYS,
            ),
        )

    def _select(
        self,
        plan: backup.CfnRestoreTestingPlan,
        plan_name: str,
        name: str,
        role_arn: str,
        overrides: Mapping[str, str] | None = None,
        **resources: Sequence[str],
    ) -> None:
        """Select resources of one type; the keyword is AWS Backup's name of the type."""
        ((resource_type, arns),) = resources.items()
        selection = backup.CfnRestoreTestingSelection(
            self,
            name,
            restore_testing_plan_name=plan_name,
            restore_testing_selection_name=name,
            protected_resource_type=resource_type,
            protected_resource_arns=list(arns),
            iam_role_arn=role_arn,
            restore_metadata_overrides=overrides,
            validation_window_hours=_VALIDATION_HOURS,
        )
        # The selection refers to the plan by a literal name, which creates no dependency.
        selection.add_resource_dependency(plan)

"""Backup vaults, backup plans and their selections."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_backup as backup
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from spotmusic_constructs import durations
from spotmusic_constructs.acknowledge import acknowledge, managed_policy_finding
from spotmusic_constructs.location import location_of

CONTINUOUS_DAYS = 35
"""Maximum days of point-in-time recovery in AWS Backup (AWS Backup developer guide, continuous
backups)."""
LONGEST_DAYS = 365
"""Maximum retention of recovery points: data of an erased listener must leave backups too (LGPD
art. 16)."""
POLICIES = (
    "service-role/AWSBackupServiceRolePolicyForBackup",
    "service-role/AWSBackupServiceRolePolicyForRestores",
    "AWSBackupServiceRolePolicyForS3Backup",
    "AWSBackupServiceRolePolicyForS3Restore",
)
START_WINDOW = durations.hours(1)
"""Shortest start window that AWS Backup accepts. Of two backups of a resource with overlapping
start windows it runs only one (AWS Backup developer guide, creating a backup plan, 2026-11)."""
NIGHTLY, CONTINUOUS, COPIED = (
    events.Schedule.cron(hour=hour, minute="0") for hour in ("4", "5", "6")
)
"""Starts of the three rules in UTC, one start window apart: 01:00, 02:00 and 03:00 in São Paulo,
which has no daylight saving time."""


class BackupPlan(Construct):
    """Two locked vaults, and plans that back up databases, buckets and volumes every night.

    The policy of each vault denies deletion of recovery points to all principals, and its lock
    enforces their retention. Databases and buckets can be restored to any second of the last 35
    days, or of `retention_days` if that is less, volumes to last night.

    A recovery point of a database or a volume is encrypted with the key of its source, independent
    of the key of the vault (AWS Backup developer guide, encryption for backups, 2026-11). A second
    plan therefore takes a nightly snapshot of them and copies it to the vault `copies`: the copy is
    encrypted with the key of that vault and remains restorable when the key of the source is lost.
    Recovery points of buckets are encrypted with the key of their vault and are not copied.

    Args:
        name: name of the plan, unique in the account and region.
        key: customer-managed key of the data class "backup".
        copies_key: customer-managed key of the data class "copies".
        database_arns: ARNs of databases to back up.
        bucket_arns: ARNs of buckets to back up.
        volume_tags: tags that an EBS volume must have to be backed up, `*` for any value.
            Kubernetes creates the volumes, so their ARNs are unknown.
        retention_days: days that nightly recovery points are kept, 1 to 365. Below 35 it also
            limits continuous backups and the locks of the vaults.
        vault_lock_days: days until the lock becomes irremovable (compliance mode), at least 3.
            Without it, vault administrators can remove the lock (governance mode).
        removal_policy: policy of the vaults when the stack is deleted. AWS does not delete a vault
            that holds recovery points. With `DESTROY` the vaults have no lock and no deny
            statement, so that their recovery points can be deleted first. Vault names derive from
            the construct path: a retained vault conflicts with a new one.

    Raises:
        ValueError: if `retention_days` is out of range.

    Example:
        plan = BackupPlan(
            self,
            "Backup",
            name="spotmusic-prod",
            key=keys.backup,
            copies_key=keys.copies,
            database_arns=[catalogue.instance.instance_arn],
            bucket_arns=[audio.bucket.bucket_arn],
            volume_tags={"Backup": "daily"},
            vault_lock_days=7,
        )
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        key: kms.IKey,
        copies_key: kms.IKey,
        database_arns: Sequence[str],
        bucket_arns: Sequence[str],
        volume_tags: Mapping[str, str],
        retention_days: int = CONTINUOUS_DAYS,
        vault_lock_days: int | None = None,
        removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        super().__init__(scope, construct_id)
        if not 1 <= retention_days <= LONGEST_DAYS:
            raise ValueError(
                f"retention_days: {retention_days} is not between 1 and {LONGEST_DAYS}. "
                "Choose a number in that range."
            )

        kept = removal_policy != cdk.RemovalPolicy.DESTROY
        lock = backup.LockConfiguration(
            min_retention=durations.days(_continuous(retention_days)),
            max_retention=durations.days(LONGEST_DAYS),
            changeable_for=durations.days(vault_lock_days) if vault_lock_days else None,
        )
        vault = partial(
            backup.BackupVault,
            self,
            block_recovery_point_deletion=kept,
            lock_configuration=lock if kept else None,
            removal_policy=removal_policy,
        )
        self.vault = vault("Vault", encryption_key=key)
        self.copies = vault("Copies", encryption_key=copies_key)
        self.role = self._role()
        self.plan = backup.BackupPlan(
            self,
            "Plan",
            backup_plan_name=name,
            backup_vault=self.vault,
            backup_plan_rules=_rules(retention_days),
        )
        _select(self.plan, "Data", arns=[*database_arns, *bucket_arns], role=self.role)
        volumes = backup.CfnBackupSelection.BackupSelectionResourceTypeProperty(
            selection_name="Volumes",
            iam_role_arn=self.role.role_arn,
            resources=[f"arn:{location_of(scope).partition}:ec2:*:*:volume/*"],
            conditions=_tagged(volume_tags),
        )
        _select_volumes(self.plan, volumes)
        copying = backup.BackupPlan(
            self,
            "CopyPlan",
            backup_plan_name=f"{name}-copies",
            backup_vault=self.vault,
            backup_plan_rules=[_copied(self.copies, retention_days)],
        )
        _select(copying, "Databases", arns=database_arns, role=self.role)
        _select_volumes(copying, volumes)

    def _role(self) -> iam.Role:
        role = iam.Role(
            self,
            "Role",
            description="Creates and restores backups",
            assumed_by=iam.ServicePrincipal("backup.amazonaws.com"),
            managed_policies=[
                iam.ManagedPolicy.from_aws_managed_policy_name(name) for name in POLICIES
            ],
        )
        reason = (
            "AWS Backup documents this policy for its role and extends it when a service changes; "
            "a copy would stop working unnoticed."
        )
        acknowledge(role, {managed_policy_finding(name): reason for name in POLICIES})
        return role


def _select(
    plan: backup.BackupPlan, construct_id: str, *, arns: Sequence[str], role: iam.Role
) -> None:
    plan.add_selection(
        construct_id, resources=[backup.BackupResource.from_arn(arn) for arn in arns], role=role
    )


def _select_volumes(
    plan: backup.BackupPlan,
    volumes: backup.CfnBackupSelection.BackupSelectionResourceTypeProperty,
) -> None:
    backup.CfnBackupSelection(
        plan, "Volumes", backup_plan_id=plan.backup_plan_id, backup_selection=volumes
    )


def _tagged(tags: Mapping[str, str]) -> dict[str, object]:
    conditions = [
        {"ConditionKey": f"aws:ResourceTag/{key}", "ConditionValue": value}
        for key, value in tags.items()
    ]
    return {"StringLike": conditions}


def _continuous(retention_days: int) -> int:
    return min(retention_days, CONTINUOUS_DAYS)


def _rules(retention_days: int) -> list[backup.BackupPlanRule]:
    """Return the point-in-time rule, and a nightly rule if its points are kept longer."""
    continuous = _rule(
        "Continuous", CONTINUOUS, days=_continuous(retention_days), enable_continuous_backup=True
    )
    return (
        [continuous, _rule("Nightly", NIGHTLY, days=retention_days)]
        if retention_days > CONTINUOUS_DAYS
        else [continuous]
    )


def _copied(vault: backup.IBackupVault, retention_days: int) -> backup.BackupPlanRule:
    """Separate snapshot: AWS Backup does not copy continuous backups within account and Region."""
    action = backup.BackupPlanCopyActionProps(
        destination_backup_vault=vault, delete_after=durations.days(retention_days)
    )
    return _rule("Copied", COPIED, days=_continuous(retention_days), copy_actions=[action])


def _rule(
    name: str, schedule: events.Schedule, *, days: int, **options: Any
) -> backup.BackupPlanRule:
    return backup.BackupPlanRule(
        rule_name=name,
        schedule_expression=schedule,
        start_window=START_WINDOW,
        completion_window=durations.hours(12),
        delete_after=durations.days(days),
        **options,
    )

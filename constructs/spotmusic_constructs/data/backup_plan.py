"""Backups: a vault that nobody empties, a daily plan, and what it covers."""

from collections.abc import Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_backup as backup
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from spotmusic_constructs.acknowledge import acknowledge

CONTINUOUS_DAYS = 35
"""Days of point-in-time recovery that AWS Backup keeps at the most (AWS Backup developer guide, continuous backups)."""
LONGEST_DAYS = 365
"""No recovery point is kept for longer: an erased listener must be gone from backups too (LGPD art. 16)."""
POLICIES = (
    "service-role/AWSBackupServiceRolePolicyForBackup",
    "service-role/AWSBackupServiceRolePolicyForRestores",
    "AWSBackupServiceRolePolicyForS3Backup",
    "AWSBackupServiceRolePolicyForS3Restore",
)


class BackupPlan(Construct):
    """A locked vault and a plan that backs up databases, buckets and volumes every night.

    Creates the vault, whose policy lets nobody delete a recovery point and whose lock lets nobody shorten one's life, the plan, its
    selections and the role that AWS Backup works with. Databases and buckets can be taken back to any second of the last 35 days;
    volumes to last night.

    Args:
        key: customer-managed key of the data class "backup".
        arns: ARNs of databases and buckets to back up.
        volume_tags: tags of the EBS volumes to back up, all of them, `*` for any value: Kubernetes makes them, so no ARN is known.
        retention_days: days that nightly recovery points are kept, 35 to 365.
        vault_lock_days: days until nobody can ever take the lock off again (compliance mode), at least 3. Without it whoever
            may administer the vault can (governance mode).
        removal_policy: what happens to the vault when its stack goes. AWS deletes no vault that holds a recovery point. Its
            name is made of its place in the app: a vault that is kept stands in the way of a second one.

    Raises:
        ValueError: if recovery points would be kept for too short or too long.

    Example:
        plan = BackupPlan(self, "Backup", key=keys.backup, arns=[bucket.bucket_arn], volume_tags={"Backup": "daily"}, vault_lock_days=7)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        key: kms.IKey,
        arns: Sequence[str],
        volume_tags: Mapping[str, str],
        retention_days: int = CONTINUOUS_DAYS,
        vault_lock_days: int | None = None,
        removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        super().__init__(scope, construct_id)
        if not CONTINUOUS_DAYS <= retention_days <= LONGEST_DAYS:
            raise ValueError(
                f"retention_days: {retention_days} is not between {CONTINUOUS_DAYS} and {LONGEST_DAYS}. Choose a number between."
            )

        self.vault = backup.BackupVault(
            self,
            "Vault",
            encryption_key=key,
            block_recovery_point_deletion=True,
            lock_configuration=backup.LockConfiguration(
                min_retention=cdk.Duration.days(CONTINUOUS_DAYS),
                max_retention=cdk.Duration.days(LONGEST_DAYS),
                changeable_for=cdk.Duration.days(vault_lock_days) if vault_lock_days else None,
            ),
            removal_policy=removal_policy,
        )
        self.role = self._role()
        self.plan = backup.BackupPlan(self, "Plan", backup_vault=self.vault, backup_plan_rules=_rules(retention_days))
        self.plan.add_selection("Data", resources=[backup.BackupResource.from_arn(arn) for arn in arns], role=self.role)
        backup.CfnBackupSelection(
            self.plan,
            "Volumes",
            backup_plan_id=self.plan.backup_plan_id,
            backup_selection=backup.CfnBackupSelection.BackupSelectionResourceTypeProperty(
                selection_name="Volumes",
                iam_role_arn=self.role.role_arn,
                resources=[f"arn:{cdk.Stack.of(self).partition}:ec2:*:*:volume/*"],
                conditions={
                    "StringLike": [
                        {"ConditionKey": f"aws:ResourceTag/{key}", "ConditionValue": value} for key, value in volume_tags.items()
                    ]
                },
            ),
        )

    def _role(self) -> iam.Role:
        role = iam.Role(
            self,
            "Role",
            description="Makes and restores backups",
            assumed_by=iam.ServicePrincipal("backup.amazonaws.com"),
            managed_policies=[iam.ManagedPolicy.from_aws_managed_policy_name(name) for name in POLICIES],
        )
        reason = "AWS Backup documents this policy for its role and extends it when a service changes; a copy would stop working unnoticed."
        acknowledge(
            role, {f"AwsSolutions::AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/{name}]": reason for name in POLICIES}
        )
        return role


def _rules(retention_days: int) -> list[backup.BackupPlanRule]:
    """At 02:00 in São Paulo, which knows no summer time; a second rule only where nightly points outlive the continuous ones."""
    nightly = events.Schedule.cron(hour="5", minute="0")
    continuous = backup.BackupPlanRule(
        rule_name="Continuous",
        schedule_expression=nightly,
        start_window=cdk.Duration.hours(1),
        completion_window=cdk.Duration.hours(12),
        enable_continuous_backup=True,
        delete_after=cdk.Duration.days(CONTINUOUS_DAYS),
    )
    if retention_days == CONTINUOUS_DAYS:
        return [continuous]
    return [
        continuous,
        backup.BackupPlanRule(
            rule_name="Nightly",
            schedule_expression=nightly,
            start_window=cdk.Duration.hours(1),
            completion_window=cdk.Duration.hours(12),
            delete_after=cdk.Duration.days(retention_days),
        ),
    ]

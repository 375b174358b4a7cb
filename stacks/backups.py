"""Backups of databases, buckets and volumes, and their test restores."""

from collections.abc import Mapping, Sequence

from aws_cdk import aws_s3 as s3

from spotmusic_cdk.settings import Settings
from spotmusic_constructs.arns import bucket_arn
from spotmusic_constructs.data.backup_plan import BackupPlan
from spotmusic_constructs.data.relational_database import RelationalDatabase
from spotmusic_constructs.data.restore_testing import RestoredDatabase, RestoreTesting
from spotmusic_constructs.secrets.data_keys import DataKeys
from stacks.environment_stack import EnvironmentStack
from stacks.network import NetworkStack

_VOLUMES_OF_PODS = {"CSIVolumeName": "*"}
"""Tag of every volume of a claim, absent from the volumes of nodes. EKS Auto Mode sets it with the
cluster's name (AWS managed policy AmazonEKSBlockStoragePolicyV2, read 2026-11). A StorageClass
without the project's tags creates volumes without these tags (docs/adr/0015)."""


def backup_plan(
    stack: EnvironmentStack,
    *,
    settings: Settings,
    keys: DataKeys,
    databases: Mapping[str, RelationalDatabase],
    buckets: Sequence[s3.IBucket],
) -> BackupPlan:
    """Create the vaults and the backup plan of databases, buckets and volumes of pods."""
    options = settings.data.backup
    return BackupPlan(
        stack,
        "Backup",
        name=settings.resource_prefix,
        key=keys.backup,
        copies_key=keys.copies,
        database_arns=[database.instance.instance_arn for database in databases.values()],
        bucket_arns=[bucket_arn(bucket) for bucket in buckets],
        volume_tags=_VOLUMES_OF_PODS | {"eks:eks-cluster-name": settings.resource_prefix},
        retention_days=options.retention_days,
        vault_lock_days=options.vault_lock_days if settings.production else None,
        removal_policy=stack.retain_except_on_create,
    )


def restore_testing(
    stack: EnvironmentStack,
    *,
    settings: Settings,
    network: NetworkStack,
    keys: DataKeys,
    backup: BackupPlan,
    databases: Mapping[str, RelationalDatabase],
    bucket: s3.IBucket,
    large_bucket: s3.IBucket,
) -> RestoreTesting:
    """Create the plans that restore backups regularly, and the checks of the copies."""
    return RestoreTesting(
        stack,
        "RestoreTesting",
        name=settings.resource_prefix.replace("-", "_"),
        vault=backup.vault,
        role=backup.role,
        restored_databases={
            name.lower(): RestoredDatabase(
                instance=database.instance,
                subnet_group=database.subnet_group,
                security_group=network.security_groups.of(f"{name.lower()}-database"),
            )
            for name, database in databases.items()
        },
        bucket_arns=[bucket_arn(bucket)],
        large_bucket_arns=[bucket_arn(large_bucket)],
        large_every=settings.data.backup.audio_restored_every,
        log_key=keys.logs,
        log_retention=stack.log_retention.security,
    )

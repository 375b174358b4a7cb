"""Databases, caches, buckets and their backups."""

import json
from collections.abc import Iterator

from tools.local_aws.verification.reading import Check, Reader, differs, named, only


def _db_instance(reader: Reader) -> Iterator[str]:
    instance = only(reader.api("rds").describe_db_instances(DBInstanceIdentifier=reader.id)["DBInstances"])
    for name in ("Engine", "EngineVersion", "DBInstanceClass", "MultiAZ", "StorageEncrypted", "DeletionProtection"):
        yield from reader.same(name, instance.get(name))


def _db_subnet_group(reader: Reader) -> Iterator[str]:
    only(reader.api("rds").describe_db_subnet_groups(DBSubnetGroupName=reader.id)["DBSubnetGroups"])
    yield from ()


def _db_parameter_group(reader: Reader) -> Iterator[str]:
    group = only(reader.api("rds").describe_db_parameter_groups(DBParameterGroupName=reader.id)["DBParameterGroups"])
    yield from reader.same("Family", group["DBParameterGroupFamily"])


def _option_group(reader: Reader) -> Iterator[str]:
    group = only(reader.api("rds").describe_option_groups(OptionGroupName=reader.id)["OptionGroupsList"])
    yield from reader.same("EngineName", group["EngineName"])
    yield from reader.same("MajorEngineVersion", group["MajorEngineVersion"])


def _replication_group(reader: Reader) -> Iterator[str]:
    group = only(reader.api("elasticache").describe_replication_groups(ReplicationGroupId=reader.id)["ReplicationGroups"])
    yield from differs("Status", "available", group["Status"])
    wanted = reader.wanted("AutomaticFailoverEnabled")
    yield from differs("AutomaticFailover", None if wanted is None else ("enabled" if wanted else "disabled"), group["AutomaticFailover"])


def _cache_subnet_group(reader: Reader) -> Iterator[str]:
    only(reader.api("elasticache").describe_cache_subnet_groups(CacheSubnetGroupName=reader.id)["CacheSubnetGroups"])
    yield from ()


def _cache_parameter_group(reader: Reader) -> Iterator[str]:
    groups = reader.api("elasticache").describe_cache_parameter_groups(CacheParameterGroupName=reader.id)["CacheParameterGroups"]
    yield from reader.same("CacheParameterGroupFamily", only(groups)["CacheParameterGroupFamily"])


def _cache_user(reader: Reader) -> Iterator[str]:
    yield from reader.same("UserName", only(reader.api("elasticache").describe_users(UserId=reader.id)["Users"])["UserName"])


def _cache_user_group(reader: Reader) -> Iterator[str]:
    group = only(reader.api("elasticache").describe_user_groups(UserGroupId=reader.id)["UserGroups"])
    yield from differs("users", len(reader.wanted("UserIds", [])), len(group["UserIds"]))


def _bucket(reader: Reader) -> Iterator[str]:
    s3 = reader.api("s3")
    s3.head_bucket(Bucket=reader.id)
    wanted = (reader.wanted("VersioningConfiguration") or {}).get("Status")
    yield from differs("versioning", wanted, s3.get_bucket_versioning(Bucket=reader.id).get("Status"))
    if reader.wanted("PublicAccessBlockConfiguration"):
        yield from reader.same(
            "PublicAccessBlockConfiguration", s3.get_public_access_block(Bucket=reader.id)["PublicAccessBlockConfiguration"]
        )


def _bucket_policy(reader: Reader) -> Iterator[str]:
    bucket = reader.id.removesuffix("-policy")  # the emulator's own physical id
    policy = json.loads(reader.api("s3").get_bucket_policy(Bucket=bucket)["Policy"])
    yield from differs("statements", len(reader.wanted("PolicyDocument")["Statement"]), len(policy["Statement"]))


def _backup_vault(reader: Reader) -> Iterator[str]:
    reader.api("backup").describe_backup_vault(BackupVaultName=reader.id)
    yield from ()


def _backup_plan(reader: Reader) -> Iterator[str]:
    plan = reader.api("backup").get_backup_plan(BackupPlanId=reader.id)["BackupPlan"]
    yield from differs("rules", len(reader.wanted("BackupPlan")["BackupPlanRule"]), len(plan["Rules"]))


def _backup_selection(reader: Reader) -> Iterator[str]:
    selection, plan = reader.id.split("_", 1)
    named(reader.api("backup").list_backup_selections(BackupPlanId=plan)["BackupSelectionsList"], "SelectionId", selection)
    yield from ()


CHECKS: dict[str, Check] = {
    "AWS::RDS::DBInstance": _db_instance,
    "AWS::RDS::DBSubnetGroup": _db_subnet_group,
    "AWS::RDS::DBParameterGroup": _db_parameter_group,
    "AWS::RDS::OptionGroup": _option_group,
    "AWS::ElastiCache::ReplicationGroup": _replication_group,
    "AWS::ElastiCache::SubnetGroup": _cache_subnet_group,
    "AWS::ElastiCache::ParameterGroup": _cache_parameter_group,
    "AWS::ElastiCache::User": _cache_user,
    "AWS::ElastiCache::UserGroup": _cache_user_group,
    "AWS::S3::Bucket": _bucket,
    "AWS::S3::BucketPolicy": _bucket_policy,
    "AWS::Backup::BackupVault": _backup_vault,
    "AWS::Backup::BackupPlan": _backup_plan,
    "AWS::Backup::BackupSelection": _backup_selection,
}

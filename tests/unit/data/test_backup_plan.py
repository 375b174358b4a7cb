from typing import Any

import aws_cdk as cdk
import pytest

from spotmusic_constructs.data.backup_plan import BackupPlan
from tests.conftest import new_stack
from tests.templates import Resources, all_of, only, resources_of, whole
from tests.unit.data.templates import KEY, key_of

ARNS = ["arn:aws:rds:sa-east-1:111122223333:db:catalogue", "arn:aws:s3:::audio"]


def synthesized(**options: Any) -> Resources:
    stack = new_stack()
    BackupPlan(stack, "Backup", key=key_of(stack), arns=ARNS, volume_tags={"Env": "example"}, **options)
    return resources_of(stack)


@pytest.fixture(scope="module")
def minimal() -> Resources:
    return synthesized()


@pytest.fixture(scope="module")
def full() -> Resources:
    return synthesized(retention_days=90, vault_lock_days=7, removal_policy=cdk.RemovalPolicy.DESTROY)


def rules(resources: Resources) -> dict[str, dict[str, Any]]:
    return {rule["RuleName"]: rule for rule in only(resources, "AWS::Backup::BackupPlan")["BackupPlan"]["BackupPlanRule"]}


def selections(resources: Resources) -> dict[str, dict[str, Any]]:
    return {s["BackupSelection"]["SelectionName"]: s["BackupSelection"] for s in all_of(resources, "AWS::Backup::BackupSelection")}


def test_any_second_of_35_days_can_be_taken_back(minimal: Resources) -> None:
    (rule,) = rules(minimal).values()
    assert rule["EnableContinuousBackup"] is True
    assert rule["Lifecycle"] == {"DeleteAfterDays": 35}
    assert rule["ScheduleExpression"] == "cron(0 5 * * ? *)"


def test_nightly_points_may_be_kept_for_longer(full: Resources) -> None:
    assert rules(full)["Continuous"]["Lifecycle"] == {"DeleteAfterDays": 35}
    assert rules(full)["Nightly"]["Lifecycle"] == {"DeleteAfterDays": 90}


@pytest.mark.parametrize("days", [34, 366])
def test_a_retention_that_the_lock_would_refuse_is_refused(days: int) -> None:
    with pytest.raises(ValueError, match="between 35 and 365"):
        synthesized(retention_days=days)


def test_nobody_deletes_a_recovery_point(minimal: Resources) -> None:
    (deny,) = only(minimal, "AWS::Backup::BackupVault")["AccessPolicy"]["Statement"]
    assert deny["Effect"] == "Deny"
    assert set(deny["Action"]) == {"backup:DeleteRecoveryPoint", "backup:UpdateRecoveryPointLifecycle"}
    assert deny["Principal"] == {"AWS": "*"}


def test_the_lock_can_be_taken_off_unless_days_are_given(minimal: Resources, full: Resources) -> None:
    assert only(minimal, "AWS::Backup::BackupVault")["LockConfiguration"] == {"MinRetentionDays": 35, "MaxRetentionDays": 365}
    assert only(full, "AWS::Backup::BackupVault")["LockConfiguration"]["ChangeableForDays"] == 7


def test_the_vault_is_encrypted_with_our_key_and_outlives_its_stack(minimal: Resources, full: Resources) -> None:
    assert only(minimal, "AWS::Backup::BackupVault")["EncryptionKeyArn"] == KEY
    vault = whole(minimal, "AWS::Backup::BackupVault")
    assert (vault["DeletionPolicy"], vault["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")
    assert whole(full, "AWS::Backup::BackupVault")["DeletionPolicy"] == "Delete"


def test_databases_and_buckets_are_named_and_volumes_found_by_their_tags(minimal: Resources) -> None:
    assert selections(minimal)["Data"]["Resources"] == ARNS
    volumes = selections(minimal)["Volumes"]
    assert volumes["Resources"] == ["arn:aws:ec2:*:*:volume/*"]
    assert volumes["Conditions"] == {"StringLike": [{"ConditionKey": "aws:ResourceTag/Env", "ConditionValue": "example"}]}


def test_one_role_makes_and_restores_backups_of_buckets_too(minimal: Resources) -> None:
    role = only(minimal, "AWS::IAM::Role")
    policies = {policy["Fn::Join"][1][-1].rpartition("/")[2] for policy in role["ManagedPolicyArns"]}
    assert policies == {
        "AWSBackupServiceRolePolicyForBackup",
        "AWSBackupServiceRolePolicyForRestores",
        "AWSBackupServiceRolePolicyForS3Backup",
        "AWSBackupServiceRolePolicyForS3Restore",
    }

from itertools import pairwise
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms

from spotmusic_constructs.data.backup_plan import BackupPlan
from tests.conftest import new_stack
from tests.templates import Resources, all_of, of_type, only, properties_of, resources_of
from tests.unit.data.templates import KEY, key_of

DATABASES = ["arn:aws:rds:sa-east-1:111122223333:db:catalogue"]
BUCKETS = ["arn:aws:s3:::audio"]
COPIES_KEY = "arn:aws:kms:sa-east-1:111122223333:key/copies"


def synthesized(**options: Any) -> Resources:
    stack = new_stack()
    BackupPlan(
        stack,
        "Backup",
        name="example",
        key=key_of(stack),
        copies_key=kms.Key.from_key_arn(stack, "CopiesKey", COPIES_KEY),
        database_arns=DATABASES,
        bucket_arns=BUCKETS,
        volume_tags={"Env": "example"},
        **options,
    )
    return resources_of(stack)


@pytest.fixture(scope="module")
def minimal() -> Resources:
    return synthesized()


@pytest.fixture(scope="module")
def full() -> Resources:
    return synthesized(retention_days=90, vault_lock_days=7)


@pytest.fixture(scope="module")
def destroyed() -> Resources:
    return synthesized(vault_lock_days=7, removal_policy=cdk.RemovalPolicy.DESTROY)


PLAN = "AWS::Backup::BackupPlan"
VAULT = "AWS::Backup::BackupVault"


def plans(resources: Resources) -> dict[str, dict[str, Any]]:
    return {plan["BackupPlan"]["BackupPlanName"]: plan["BackupPlan"] for plan in all_of(resources, PLAN)}


def rules(resources: Resources) -> dict[str, dict[str, Any]]:
    return {rule["RuleName"]: rule for plan in plans(resources).values() for rule in plan["BackupPlanRule"]}


def selected(resources: Resources, plan: str) -> dict[str, dict[str, Any]]:
    (id_,) = (id_ for id_, its in properties_of(resources, PLAN).items() if its["BackupPlan"]["BackupPlanName"] == plan)
    found = [s for s in all_of(resources, "AWS::Backup::BackupSelection") if s["BackupPlanId"] == {"Fn::GetAtt": [id_, "BackupPlanId"]}]
    return {s["BackupSelection"]["SelectionName"]: s["BackupSelection"] for s in found}


def test_plan_keeps_continuous_backups_for_35_days(minimal: Resources) -> None:
    rule = rules(minimal)["Continuous"]
    assert rule["EnableContinuousBackup"] is True
    assert rule["Lifecycle"] == {"DeleteAfterDays": 35}
    assert "Nightly" not in rules(minimal)


@pytest.mark.parametrize("days", [36, 90, 365])
def test_plan_keeps_both_kinds_for_long_retention(days: int) -> None:
    found = rules(synthesized(retention_days=days))
    assert found["Continuous"]["Lifecycle"] == {"DeleteAfterDays": 35}
    assert found["Nightly"]["Lifecycle"] == {"DeleteAfterDays": days}


def test_start_windows_of_rules_are_disjoint(full: Resources) -> None:
    starts = sorted(60 * int(rule["ScheduleExpression"].split()[1]) for rule in rules(full).values())
    assert {rule["StartWindowMinutes"] for rule in rules(full).values()} == {60}
    assert all(later - earlier >= 60 for earlier, later in pairwise(starts))
    assert len(starts) == 3


@pytest.mark.parametrize("days", [1, 34])
def test_short_retention_bounds_every_rule(days: int) -> None:
    resources = synthesized(retention_days=days)
    assert {name: rule["Lifecycle"]["DeleteAfterDays"] for name, rule in rules(resources).items()} == {"Continuous": days, "Copied": days}
    (action,) = rules(resources)["Copied"]["CopyActions"]
    assert action["Lifecycle"]["DeleteAfterDays"] == days
    assert [vault["LockConfiguration"]["MinRetentionDays"] for vault in all_of(resources, VAULT)] == [days, days]


@pytest.mark.parametrize("days", [0, 366])
def test_plan_refuses_retention_outside_the_lock(days: int) -> None:
    with pytest.raises(ValueError, match="between 1 and 365"):
        synthesized(retention_days=days)


def test_vaults_deny_deletion_to_everybody(minimal: Resources) -> None:
    for vault in all_of(minimal, VAULT):
        (deny,) = vault["AccessPolicy"]["Statement"]
        assert deny["Effect"] == "Deny"
        assert set(deny["Action"]) == {"backup:DeleteRecoveryPoint", "backup:UpdateRecoveryPointLifecycle"}
        assert deny["Principal"] == {"AWS": "*"}


def test_vault_locks_become_final_after_given_days(minimal: Resources, full: Resources) -> None:
    assert [vault["LockConfiguration"] for vault in all_of(minimal, VAULT)] == [{"MinRetentionDays": 35, "MaxRetentionDays": 365}] * 2
    assert [vault["LockConfiguration"]["ChangeableForDays"] for vault in all_of(full, VAULT)] == [7, 7]


def test_vaults_have_separate_keys_and_are_retained(minimal: Resources) -> None:
    assert [vault["EncryptionKeyArn"] for vault in all_of(minimal, VAULT)] == [KEY, COPIES_KEY]
    for vault in of_type(minimal, VAULT).values():
        assert (vault["DeletionPolicy"], vault["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


def test_vaults_to_destroy_can_be_emptied(destroyed: Resources) -> None:
    for vault in of_type(destroyed, VAULT).values():
        assert vault["DeletionPolicy"] == "Delete"
        assert not vault["Properties"].keys() & {"LockConfiguration", "AccessPolicy"}


def test_plan_selects_databases_buckets_and_tagged_volumes(minimal: Resources) -> None:
    found = selected(minimal, "example")
    assert found["Data"]["Resources"] == [*DATABASES, *BUCKETS]
    assert found["Volumes"]["Resources"] == ["arn:aws:ec2:*:*:volume/*"]
    assert found["Volumes"]["Conditions"] == {"StringLike": [{"ConditionKey": "aws:ResourceTag/Env", "ConditionValue": "example"}]}


def test_databases_and_volumes_are_copied(full: Resources) -> None:
    (copies,) = (id_ for id_, its in properties_of(full, VAULT).items() if its["EncryptionKeyArn"] == COPIES_KEY)
    assert rules(full)["Copied"]["CopyActions"] == [
        {"DestinationBackupVaultArn": {"Fn::GetAtt": [copies, "BackupVaultArn"]}, "Lifecycle": {"DeleteAfterDays": 90}}
    ]
    assert "EnableContinuousBackup" not in rules(full)["Copied"]
    found = selected(full, "example-copies")
    assert found["Databases"]["Resources"] == DATABASES
    assert found["Volumes"] == selected(full, "example")["Volumes"]


def test_role_backs_up_and_restores_buckets_too(minimal: Resources) -> None:
    role = only(minimal, "AWS::IAM::Role")
    policies = {policy["Fn::Join"][1][-1].rpartition("/")[2] for policy in role["ManagedPolicyArns"]}
    assert policies == {
        "AWSBackupServiceRolePolicyForBackup",
        "AWSBackupServiceRolePolicyForRestores",
        "AWSBackupServiceRolePolicyForS3Backup",
        "AWSBackupServiceRolePolicyForS3Restore",
    }

"""Options of the backup plan; P-066 to P-068 decide its vaults, keys and selections."""

from typing import Any

import pytest
from aws_cdk import aws_kms as kms

from spotmusic_constructs.data.backup_plan import BackupPlan
from tests.conftest import new_stack
from tests.templates import Resources, all_of, resources_of
from tests.unit.imported import key_of

VAULT = "AWS::Backup::BackupVault"


def synthesized(**options: Any) -> Resources:
    stack = new_stack()
    BackupPlan(
        stack,
        "Backup",
        name="example",
        key=key_of(stack),
        copies_key=kms.Key.from_key_arn(
            stack, "CopiesKey", "arn:aws:kms:sa-east-1:111122223333:key/copies"
        ),
        database_arns=["arn:aws:rds:sa-east-1:111122223333:db:catalogue"],
        bucket_arns=["arn:aws:s3:::audio"],
        volume_tags={"Env": "example"},
        **options,
    )
    return resources_of(stack)


@pytest.mark.parametrize(
    ("days", "kept"),
    [
        (1, {"Continuous": 1, "Copied": 1}),
        (34, {"Continuous": 34, "Copied": 34}),
        (35, {"Continuous": 35, "Copied": 35}),
        (36, {"Continuous": 35, "Nightly": 36, "Copied": 35}),
        (365, {"Continuous": 35, "Nightly": 365, "Copied": 35}),
    ],
)
def test_backup_rules_follow_retention(days: int, kept: dict[str, int]) -> None:
    resources = synthesized(retention_days=days)
    rules = {
        rule["RuleName"]: rule
        for plan in all_of(resources, "AWS::Backup::BackupPlan")
        for rule in plan["BackupPlan"]["BackupPlanRule"]
    }
    assert {name: rule["Lifecycle"]["DeleteAfterDays"] for name, rule in rules.items()} == kept
    assert [
        action["Lifecycle"]["DeleteAfterDays"] for action in rules["Copied"]["CopyActions"]
    ] == [days]
    assert {
        vault["LockConfiguration"]["MinRetentionDays"] for vault in all_of(resources, VAULT)
    } == {min(days, 35)}


def test_start_windows_of_rules_are_disjoint() -> None:
    """AWS Backup runs only one of two backups of a resource with overlapping start windows."""
    rules = [
        rule
        for plan in all_of(synthesized(retention_days=36), "AWS::Backup::BackupPlan")
        for rule in plan["BackupPlan"]["BackupPlanRule"]
    ]
    starts = sorted(int(rule["ScheduleExpression"].split()[1]) for rule in rules)
    assert {rule["StartWindowMinutes"] for rule in rules} == {60}
    assert len(starts) == len(set(starts)) == 3


@pytest.mark.parametrize("days", [0, 366])
def test_plan_refuses_retention_outside_the_lock(days: int) -> None:
    with pytest.raises(ValueError, match="between 1 and 365"):
        synthesized(retention_days=days)


@pytest.mark.parametrize("days", [None, 7])
def test_vault_locks_become_final_after_given_days(days: int | None) -> None:
    locks = [
        vault["LockConfiguration"] for vault in all_of(synthesized(vault_lock_days=days), VAULT)
    ]
    assert [lock.get("ChangeableForDays") for lock in locks] == [days, days]

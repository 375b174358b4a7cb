import json
from typing import Any

import pytest
from aws_cdk import aws_backup as backup
from aws_cdk import aws_iam as iam
from aws_cdk import aws_rds as rds

from spotmusic_constructs.data.restore_testing import RestoredDatabase, RestoreTesting
from tests.conftest import new_stack
from tests.templates import Resources, all_of, only, resources_of
from tests.unit.data.templates import group_of, key_of

VAULT = "arn:aws:backup:sa-east-1:111122223333:backup-vault:example"
SELECTION = "AWS::Backup::RestoreTestingSelection"


@pytest.fixture(scope="module")
def template() -> Resources:
    stack = new_stack()
    instance = rds.DatabaseInstance.from_database_instance_attributes(
        stack, "Instance", instance_identifier="catalogue", instance_endpoint_address="db", port=3306, security_groups=[]
    )
    RestoreTesting(
        stack,
        "RestoreTesting",
        name="example",
        vault=backup.BackupVault.from_backup_vault_arn(stack, "Vault", VAULT),
        role=iam.Role.from_role_arn(stack, "Role", "arn:aws:iam::111122223333:role/backup"),
        databases={
            "catalogue": RestoredDatabase(
                instance=instance,
                subnet_group=rds.SubnetGroup.from_subnet_group_name(stack, "Subnets", "data"),
                security_group=group_of(stack, "sg-database"),
            )
        },
        bucket_arns=["arn:aws:s3:::web"],
        large_bucket_arns=["arn:aws:s3:::audio"],
        large_every="quarter",
        log_key=key_of(stack),
    )
    return resources_of(stack)


def selections(template: Resources) -> dict[str, dict[str, Any]]:
    return {selection["RestoreTestingSelectionName"]: selection for selection in all_of(template, SELECTION)}


def plans(template: Resources) -> dict[str, dict[str, Any]]:
    return {plan["RestoreTestingPlanName"]: plan for plan in all_of(template, "AWS::Backup::RestoreTestingPlan")}


def test_newest_backup_is_restored_weekly(template: Resources) -> None:
    plan = plans(template)["example"]
    assert plan["ScheduleExpression"] == "cron(0 7 ? * SUN *)"
    assert plan["RecoveryPointSelection"] == {
        "Algorithm": "LATEST_WITHIN_WINDOW",
        "IncludeVaults": [VAULT],
        "RecoveryPointTypes": ["CONTINUOUS", "SNAPSHOT"],
        "SelectionWindowDays": 7,
    }


def test_databases_and_buckets_are_both_tested(template: Resources) -> None:
    found = selections(template)
    assert found["catalogue"]["ProtectedResourceArns"] == ["arn:aws:rds:sa-east-1:111122223333:db:catalogue"]
    assert found["buckets"]["ProtectedResourceArns"] == ["arn:aws:s3:::web"]
    assert found["buckets"]["RestoreTestingPlanName"] == found["catalogue"]["RestoreTestingPlanName"] == "example"
    assert {selection["IamRoleArn"] for selection in found.values()} == {"arn:aws:iam::111122223333:role/backup"}


def test_large_bucket_has_own_restore_schedule(template: Resources) -> None:
    found, every = selections(template)["large_buckets"], plans(template)
    assert (found["ProtectedResourceArns"], found["RestoreTestingPlanName"]) == (["arn:aws:s3:::audio"], "example_large")
    assert every["example_large"]["ScheduleExpression"] == "cron(0 7 1 1,4,7,10 ? *)"
    assert every["example_large"]["RecoveryPointSelection"] == every["example"]["RecoveryPointSelection"]


def test_restored_database_uses_data_subnets(template: Resources) -> None:
    overrides = selections(template)["catalogue"]["RestoreMetadataOverrides"]
    assert overrides["dbSubnetGroupName"] == "data"
    assert json.loads(overrides["vpcSecurityGroupIds"]) == ["sg-database"]


def test_restore_selection_depends_on_plan(template: Resources) -> None:
    ids = {r["Properties"]["RestoreTestingPlanName"]: id_ for id_, r in template.items() if r["Type"] == "AWS::Backup::RestoreTestingPlan"}
    waiting = [r for r in template.values() if r["Type"] == SELECTION]
    assert all(ids[r["Properties"]["RestoreTestingPlanName"]] in r["DependsOn"] for r in waiting)


def test_restore_validation_runs_after_job(template: Resources) -> None:
    pattern = only(template, "AWS::Events::Rule")["EventPattern"]
    assert pattern["source"] == ["aws.backup"]
    assert pattern["detail-type"] == ["Restore Job State Change"]
    assert pattern["detail"]["status"] == ["COMPLETED"]
    assert [plan["Fn::GetAtt"][1] for plan in pattern["detail"]["restoreTestingPlanArn"]] == ["RestoreTestingPlanArn"] * 2


def test_restore_validation_reads_restored_copies(template: Resources) -> None:
    policy = only(template, "AWS::IAM::ManagedPolicy")["PolicyDocument"]["Statement"]
    rights = [(s["Action"], s["Resource"]) for s in policy]
    assert ("rds:DescribeDBInstances", "arn:aws:rds:sa-east-1:111122223333:db:awsbackup-restore-test-*") in rights
    listed = {bucket for action, what in rights if action == "s3:ListBucket" for bucket in ([what] if isinstance(what, str) else what)}
    assert listed == {"arn:aws:s3:::awsbackup-restore-test-*", "arn:aws:s3:::web", "arn:aws:s3:::audio"}

import json
from typing import Any

import pytest
from aws_cdk import aws_backup as backup
from aws_cdk import aws_iam as iam
from aws_cdk import aws_rds as rds

from spotmusic_constructs.data.restore_testing import RestoredDatabase, RestoreTesting
from tests.conftest import new_stack
from tests.templates import Resources, all_of, resources_of
from tests.unit.imported import group_of, key_of

VAULT = "arn:aws:backup:sa-east-1:111122223333:backup-vault:example"
SELECTION = "AWS::Backup::RestoreTestingSelection"


@pytest.fixture(scope="module")
def template() -> Resources:
    stack = new_stack()
    instance = rds.DatabaseInstance.from_database_instance_attributes(
        stack,
        "Instance",
        instance_identifier="catalogue",
        instance_endpoint_address="db",
        port=3306,
        security_groups=[],
    )
    RestoreTesting(
        stack,
        "RestoreTesting",
        name="example",
        vault=backup.BackupVault.from_backup_vault_arn(stack, "Vault", VAULT),
        role=iam.Role.from_role_arn(stack, "Role", "arn:aws:iam::111122223333:role/backup"),
        restored_databases={
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
    return {
        selection["RestoreTestingSelectionName"]: selection
        for selection in all_of(template, SELECTION)
    }


def plans(template: Resources) -> dict[str, dict[str, Any]]:
    return {
        plan["RestoreTestingPlanName"]: plan
        for plan in all_of(template, "AWS::Backup::RestoreTestingPlan")
    }


def test_large_bucket_has_own_restore_schedule(template: Resources) -> None:
    found, every = selections(template)["large_buckets"], plans(template)
    assert (found["ProtectedResourceArns"], found["RestoreTestingPlanName"]) == (
        ["arn:aws:s3:::audio"],
        "example_large",
    )
    assert every["example_large"]["ScheduleExpression"] == "cron(0 7 1 1,4,7,10 ? *)"
    actual = every["example_large"]["RecoveryPointSelection"]
    assert actual == every["example"]["RecoveryPointSelection"]


def test_restored_database_uses_data_subnets(template: Resources) -> None:
    overrides = selections(template)["catalogue"]["RestoreMetadataOverrides"]
    assert overrides["dbSubnetGroupName"] == "data"
    assert json.loads(overrides["vpcSecurityGroupIds"]) == ["sg-database"]

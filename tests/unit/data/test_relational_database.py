from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2

from spotmusic_constructs.data.relational_database import DatabaseKeys, DatabaseSpec, RelationalDatabase
from tests.conftest import new_stack
from tests.templates import Resources, all_of, only, resources_of, whole
from tests.unit.data.templates import APPLICATION, DATA, KEY, findings, group_of, key_of, vpc_of

INSTANCE = "AWS::RDS::DBInstance"


def database(stack: cdk.Stack, users: tuple[str, ...] = ("playback",), **spec: Any) -> RelationalDatabase:
    keys = DatabaseKeys(database=key_of(stack, "Database"), secrets=key_of(stack, "Secrets"), logs=key_of(stack, "Logs"))
    return RelationalDatabase(
        stack,
        "Catalogue",
        spec=DatabaseSpec(identifier="example-catalogue", engine_version="8.4.10", instance_type=ec2.InstanceType("r8g.large"), **spec),
        databases={name: name for name in users},
        vpc=vpc_of(stack),
        vpc_subnets=DATA,
        security_group=group_of(stack, "sg-database"),
        users_subnets=APPLICATION,
        users_security_group=group_of(stack, "sg-users"),
        keys=keys,
    )


@pytest.fixture(scope="module")
def minimal() -> Resources:
    stack = new_stack()
    database(stack)
    return resources_of(stack)


@pytest.fixture(scope="module")
def full() -> Resources:
    stack = new_stack()
    database(
        stack,
        users=("web-api", "playback"),
        multi_az=False,
        storage_gib=200,
        max_storage_gib=2000,
        backup_retention_days=35,
        maintenance_window="wed:06:30-wed:07:30",
        production=False,
        removal_policy=cdk.RemovalPolicy.DESTROY,
    )
    return resources_of(stack)


def test_database_is_encrypted_with_customer_key(minimal: Resources) -> None:
    instance = only(minimal, INSTANCE)
    assert instance["StorageEncrypted"] is True
    assert instance["KmsKeyId"] == instance["PerformanceInsightsKMSKeyId"] == instance["MasterUserSecret"]["KmsKeyId"] == KEY


def test_database_has_maintenance_window(minimal: Resources, full: Resources) -> None:
    assert only(minimal, INSTANCE)["PreferredMaintenanceWindow"] == "mon:08:00-mon:09:00"
    assert only(full, INSTANCE)["PreferredMaintenanceWindow"] == "wed:06:30-wed:07:30"


def test_rds_manages_master_password(minimal: Resources) -> None:
    instance = only(minimal, INSTANCE)
    assert instance["ManageMasterUserPassword"] is True
    assert "MasterUserPassword" not in instance
    assert instance["MasterUsername"] not in {"admin", "root", "mysql", "rdsadmin"}


def test_database_is_private(minimal: Resources) -> None:
    instance = only(minimal, INSTANCE)
    assert instance["PubliclyAccessible"] is False
    assert instance["VPCSecurityGroups"] == ["sg-database"]
    assert only(minimal, "AWS::RDS::DBSubnetGroup")["SubnetIds"] == ["subnet-4", "subnet-5", "subnet-6"]


def test_database_requires_tls_1_2(minimal: Resources) -> None:
    parameters = only(minimal, "AWS::RDS::DBParameterGroup")["Parameters"]
    assert parameters["require_secure_transport"] == "1"
    assert parameters["tls_version"] == "TLSv1.2,TLSv1.3"


def test_keycloak_can_migrate(minimal: Resources) -> None:
    assert only(minimal, "AWS::RDS::DBParameterGroup")["Parameters"]["sql_generate_invisible_primary_key"] == "0"


def test_database_logs_exclude_statements(minimal: Resources) -> None:
    assert only(minimal, INSTANCE)["EnableCloudwatchLogsExports"] == ["error", "slowquery", "audit"]
    assert only(minimal, "AWS::RDS::DBParameterGroup")["Parameters"]["general_log"] == "0"
    (option,) = only(minimal, "AWS::RDS::OptionGroup")["OptionConfigurations"]
    assert option["OptionName"] == "MARIADB_AUDIT_PLUGIN"
    settings = {setting["Name"]: setting["Value"] for setting in option["OptionSettings"]}
    assert settings["SERVER_AUDIT_EVENTS"] == "CONNECT,QUERY_DDL,QUERY_DCL"


def test_database_log_groups_precede_instance(minimal: Resources) -> None:
    groups = {
        id_: resource["Properties"]
        for id_, resource in minimal.items()
        if resource["Type"] == "AWS::Logs::LogGroup" and "LogGroupName" in resource["Properties"]
    }
    assert {group["LogGroupName"] for group in groups.values()} == {
        f"/aws/rds/instance/example-catalogue/{name}" for name in only(minimal, INSTANCE)["EnableCloudwatchLogsExports"]
    }
    assert all(group["KmsKeyId"] == KEY and group["RetentionInDays"] >= 184 for group in groups.values())
    assert set(groups) <= set(whole(minimal, INSTANCE)["DependsOn"])
    assert only(minimal, INSTANCE)["DBInstanceIdentifier"] == "example-catalogue"


def test_failed_first_deployment_leaves_no_name(minimal: Resources) -> None:
    """A retained log group would block the name in the second attempt."""
    named = [r for r in minimal.values() if r["Type"] == "AWS::Logs::LogGroup" and "LogGroupName" in r["Properties"]]
    assert {resource["DeletionPolicy"] for resource in named} == {"RetainExceptOnCreate"}


def test_production_database_is_protected(minimal: Resources) -> None:
    instance = only(minimal, INSTANCE)
    assert (instance["DatabaseInsightsMode"], instance["PerformanceInsightsRetentionPeriod"]) == ("advanced", 465)
    assert instance["DeletionProtection"] is True
    assert instance["MultiAZ"] is True


def test_development_database_is_deletable(full: Resources) -> None:
    instance = only(full, INSTANCE)
    assert (instance["DatabaseInsightsMode"], instance["PerformanceInsightsRetentionPeriod"]) == ("standard", 7)
    assert instance["DeletionProtection"] is False


def test_database_sizes_are_configurable(full: Resources) -> None:
    instance = only(full, INSTANCE)
    assert (instance["StorageType"], instance["AllocatedStorage"], instance["MaxAllocatedStorage"]) == ("gp3", "200", 2000)
    assert instance["DBInstanceClass"] == "db.r8g.large"
    assert instance["BackupRetentionPeriod"] == 35


def test_database_upgrades_minor_versions(minimal: Resources) -> None:
    instance = only(minimal, INSTANCE)
    assert instance["AutoMinorVersionUpgrade"] is True
    assert instance["EngineLifecycleSupport"] == "open-source-rds-extended-support-disabled"
    assert instance["CACertificateIdentifier"] == "rds-ca-rsa2048-g1"


def test_database_enables_iam_and_snapshot_tags(minimal: Resources) -> None:
    instance = only(minimal, INSTANCE)
    assert instance["EnableIAMDatabaseAuthentication"] is True
    assert instance["CopyTagsToSnapshot"] is True
    assert instance["MonitoringInterval"] == 60


def test_final_snapshot_keeps_its_groups(minimal: Resources, full: Resources) -> None:
    instance = whole(minimal, INSTANCE)
    assert instance["DeletionPolicy"] == instance["UpdateReplacePolicy"] == "Snapshot"
    for kind in ("OptionGroup", "DBParameterGroup", "DBSubnetGroup"):
        assert whole(minimal, f"AWS::RDS::{kind}")["DeletionPolicy"] == "Retain"
        assert whole(full, f"AWS::RDS::{kind}").get("DeletionPolicy", "Delete") == "Delete"
    assert whole(full, INSTANCE)["DeletionPolicy"] == "Delete"


def test_database_clients_have_own_users() -> None:
    assert set(database(new_stack(), users=("web-api", "playback")).users) == {"web-api", "playback"}


def test_production_relaxes_nothing() -> None:
    stack = new_stack()
    database(stack)
    relaxed = {"RDS3", "RDS10", "RDSMultiAZSupport", "RDSInstanceDeletionProtectionEnabled"}
    assert {finding for finding in findings(stack) if finding.rpartition("-")[2] in relaxed} == set()


def test_monitoring_role_trusts_own_rds(minimal: Resources) -> None:
    roles = [role for role in all_of(minimal, "AWS::IAM::Role") if "monitoring.rds.amazonaws.com" in str(role)]
    (trust,) = roles[0]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": "111122223333"}}

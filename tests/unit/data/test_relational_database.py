"""Options of a database; promises 34 to 49 decide its encryption, logs and protection."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2

from spotmusic_constructs.data.relational_database import DatabaseKeys, DatabaseSpec, RelationalDatabase
from tests.conftest import new_stack
from tests.templates import Resources, of_type, only, resources_of, whole
from tests.unit.imported import APPLICATION, DATA, group_of, key_of, vpc_of

INSTANCE = "AWS::RDS::DBInstance"
OPTIONS = (
    ("AllocatedStorage", "200"),
    ("MaxAllocatedStorage", 2000),
    ("BackupRetentionPeriod", 35),
    ("DBInstanceClass", "db.r8g.large"),
    ("PreferredMaintenanceWindow", "wed:06:30-wed:07:30"),
)


def synthesized(**spec: Any) -> Resources:
    stack = new_stack()
    RelationalDatabase(
        stack,
        "Catalogue",
        spec=DatabaseSpec(identifier="example-catalogue", engine_version="8.4.10", instance_type=ec2.InstanceType("r8g.large"), **spec),
        databases={"playback": "playback"},
        vpc=vpc_of(stack),
        vpc_subnets=DATA,
        security_group=group_of(stack, "sg-database"),
        users_subnets=APPLICATION,
        users_security_group=group_of(stack, "sg-users"),
        keys=DatabaseKeys(database=key_of(stack, "Database"), secrets=key_of(stack, "Secrets"), logs=key_of(stack, "Logs")),
    )
    return resources_of(stack)


@pytest.fixture(scope="module")
def minimal() -> Resources:
    return synthesized()


@pytest.fixture(scope="module")
def full() -> Resources:
    return synthesized(
        multi_az=False,
        storage_gib=200,
        max_storage_gib=2000,
        backup_retention_days=35,
        maintenance_window="wed:06:30-wed:07:30",
        production=False,
        removal_policy=cdk.RemovalPolicy.DESTROY,
    )


def test_database_takes_options(full: Resources) -> None:
    assert only(full, INSTANCE).items() >= dict(OPTIONS).items()


def test_database_protection_depends_on_production(minimal: Resources, full: Resources) -> None:
    depending = ("DatabaseInsightsMode", "PerformanceInsightsRetentionPeriod", "DeletionProtection", "MultiAZ")
    assert [only(minimal, INSTANCE)[name] for name in depending] == ["advanced", 465, True, True]
    assert [only(full, INSTANCE)[name] for name in depending] == ["standard", 7, False, False]


def test_database_audits_no_queries(minimal: Resources) -> None:
    (option,) = only(minimal, "AWS::RDS::OptionGroup")["OptionConfigurations"]
    settings = {setting["Name"]: setting["Value"] for setting in option["OptionSettings"]}
    assert settings["SERVER_AUDIT_EVENTS"] == "CONNECT,QUERY_DDL,QUERY_DCL"


def test_failed_first_deployment_leaves_no_name(minimal: Resources) -> None:
    """A retained log group would block the name in the second attempt."""
    named = [group for group in of_type(minimal, "AWS::Logs::LogGroup").values() if "LogGroupName" in group["Properties"]]
    assert {group["DeletionPolicy"] for group in named} == {"RetainExceptOnCreate"}


def test_final_snapshot_keeps_its_groups(minimal: Resources, full: Resources) -> None:
    instance = whole(minimal, INSTANCE)
    assert instance["DeletionPolicy"] == instance["UpdateReplacePolicy"] == "Snapshot"
    for kind in ("OptionGroup", "DBParameterGroup", "DBSubnetGroup"):
        assert whole(minimal, f"AWS::RDS::{kind}")["DeletionPolicy"] == "Retain"
        assert whole(full, f"AWS::RDS::{kind}").get("DeletionPolicy", "Delete") == "Delete"
    assert whole(full, INSTANCE)["DeletionPolicy"] == "Delete"

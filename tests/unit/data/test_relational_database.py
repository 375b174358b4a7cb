"""Options of a database; P-034 to P-049 decide its encryption, logs and protection."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2

from spotmusic_constructs.data.relational_database import (
    DatabaseKeys,
    DatabaseSpec,
    RelationalDatabase,
)
from tests.conftest import new_stack
from tests.templates import Resources, all_of, of_type, only, resources_of, whole
from tests.unit.imported import APPLICATION, DATA, group_of, key_of, vpc_of
from tools.changes.change import Effect
from tools.changes.comparison import compare
from tools.model.values import Json

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
        spec=DatabaseSpec(
            identifier="example-catalogue",
            engine_version="8.4.10",
            instance_type=ec2.InstanceType("r8g.large"),
            **spec,
        ),
        databases={"playback": "playback"},
        vpc=vpc_of(stack),
        vpc_subnets=DATA,
        security_group=group_of(stack, "sg-database"),
        users_subnets=APPLICATION,
        users_security_group=group_of(stack, "sg-users"),
        keys=DatabaseKeys(
            database=key_of(stack, "Database"),
            secrets=key_of(stack, "Secrets"),
            logs=key_of(stack, "Logs"),
        ),
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
        maintenance_window="wed:06:30-wed:07:30",
        production=False,
        removal_policy=cdk.RemovalPolicy.DESTROY,
    )


@pytest.fixture(scope="module")
def replicated() -> Resources:
    return synthesized(production=False, read_replicas=4, own_master_secret=True)


def instances(resources: Resources) -> tuple[Json, list[Json]]:
    """Properties of the source, and of its replicas."""
    found = all_of(resources, INSTANCE)
    replicas = [properties for properties in found if "SourceDBInstanceIdentifier" in properties]
    (source,) = [properties for properties in found if properties not in replicas]
    return source, replicas


def test_database_takes_options(full: Resources) -> None:
    assert only(full, INSTANCE).items() >= dict(OPTIONS).items()


def test_database_protection_depends_on_production(minimal: Resources, full: Resources) -> None:
    depending = (
        "DatabaseInsightsMode",
        "PerformanceInsightsRetentionPeriod",
        "DeletionProtection",
        "MultiAZ",
    )
    assert [only(minimal, INSTANCE)[name] for name in depending] == ["advanced", 465, True, True]
    assert [only(full, INSTANCE)[name] for name in depending] == ["standard", 7, False, False]


def test_database_audits_no_queries(minimal: Resources) -> None:
    (option,) = only(minimal, "AWS::RDS::OptionGroup")["OptionConfigurations"]
    settings = {setting["Name"]: setting["Value"] for setting in option["OptionSettings"]}
    assert settings["SERVER_AUDIT_EVENTS"] == "CONNECT,QUERY_DDL,QUERY_DCL"


def test_failed_first_deployment_leaves_no_name(minimal: Resources) -> None:
    """A retained log group would block the name in the second attempt."""
    named = [
        group
        for group in of_type(minimal, "AWS::Logs::LogGroup").values()
        if "LogGroupName" in group["Properties"]
    ]
    assert {group["DeletionPolicy"] for group in named} == {"RetainExceptOnCreate"}


def test_final_snapshot_keeps_its_groups(minimal: Resources, full: Resources) -> None:
    instance = whole(minimal, INSTANCE)
    assert instance["DeletionPolicy"] == instance["UpdateReplacePolicy"] == "Snapshot"
    for kind in ("OptionGroup", "DBParameterGroup", "DBSubnetGroup"):
        assert whole(minimal, f"AWS::RDS::{kind}")["DeletionPolicy"] == "Retain"
        assert whole(full, f"AWS::RDS::{kind}").get("DeletionPolicy", "Delete") == "Delete"
    assert whole(full, INSTANCE)["DeletionPolicy"] == "Delete"


def test_replicas_inherit_settings_of_their_source(replicated: Resources) -> None:
    source, replicas = instances(replicated)
    own = {
        "AvailabilityZone",
        "DBInstanceIdentifier",
        "PreferredMaintenanceWindow",
        "SourceDBInstanceIdentifier",
        "DeletionProtection",
    }
    # RDS copies them from the source, or a replica has none.
    inherited = {
        *(
            "AllocatedStorage",
            "Engine",
            "EngineVersion",
            "EngineLifecycleSupport",
            "StorageEncrypted",
            "KmsKeyId",
        ),
        *(
            "MasterUsername",
            "MasterUserPassword",
            "MultiAZ",
            "BackupRetentionPeriod",
            "PreferredBackupWindow",
            "DeleteAutomatedBackups",
        ),
    }
    for replica in replicas:
        assert replica.keys() & inherited == set()
        assert {name: replica[name] for name in replica.keys() - own} == {
            name: source[name] for name in source.keys() - own - inherited
        }


def test_replicas_are_spread_over_zones_and_nights(replicated: Resources) -> None:
    _, replicas = instances(replicated)
    assert [replica["AvailabilityZone"][-1] for replica in replicas] == ["a", "b", "c", "a"]
    assert len({replica["PreferredMaintenanceWindow"] for replica in replicas}) == len(replicas)


def test_replicas_are_deleted_without_snapshot(replicated: Resources) -> None:
    policies = {
        id_: resource["DeletionPolicy"] for id_, resource in of_type(replicated, INSTANCE).items()
    }
    assert policies.pop("CatalogueInstance4AD361ED") == "Snapshot"
    assert set(policies.values()) == {"Delete"}


def test_own_master_secret_is_rotated_by_users_function(replicated: Resources) -> None:
    (id_,) = [
        id_
        for id_ in of_type(replicated, "AWS::SecretsManager::Secret")
        if id_.startswith("CatalogueMaster")
    ]
    source, _ = instances(replicated)
    assert f"{{'Ref': '{id_}'}}" in str(source["MasterUserPassword"])
    assert {"MasterUserSecret", "ManageMasterUserPassword"} & source.keys() == set()
    rotated = [
        schedule["SecretId"]
        for schedule in all_of(replicated, "AWS::SecretsManager::RotationSchedule")
    ]
    assert {"Ref": id_} in rotated
    function = only(replicated, "AWS::Lambda::Function")
    assert function["Environment"]["Variables"]["MASTER_SECRET_ARN"] == {"Ref": id_}


def test_replicas_of_managed_password_are_refused() -> None:
    with pytest.raises(ValueError, match="Set own_master_secret=True"):
        synthesized(read_replicas=1)


def test_added_replicas_replace_nothing(minimal: Resources) -> None:
    """RDS changes the owner of the master password in place, and its name remains a literal."""
    replicated = synthesized(read_replicas=2, own_master_secret=True)
    changes = compare({"data": {"Resources": minimal}}, {"data": {"Resources": replicated}})
    assert {change.effect for change in changes} == {Effect.NONE}
    assert only(minimal, INSTANCE)["MasterUsername"] == instances(replicated)[0]["MasterUsername"]

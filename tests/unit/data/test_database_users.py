"""Users of a database: secrets, and the function that creates them. P-025 and P-033 cover their
rights."""

import json
from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import aws_secretsmanager as secretsmanager

from spotmusic_constructs.data.database_users import DatabaseEndpoint, DatabaseUsers
from spotmusic_constructs.data.rds_ca import rds_ca
from spotmusic_constructs.rights import MOST_RESOURCES
from tests.conftest import new_stack
from tests.templates import Resources, all_of, of_type, only, resources_of, whole
from tests.unit.imported import APPLICATION, KEY, group_of, key_of, vpc_of
from tools.checkout import feature_flags

MASTER = "arn:aws:secretsmanager:sa-east-1:111122223333:secret:rds!db-1-AbCdEf"


def users(stack: cdk.Stack, databases: dict[str, str]) -> DatabaseUsers:
    master = secretsmanager.Secret.from_secret_complete_arn(stack, "Master", MASTER)
    return DatabaseUsers(
        stack,
        "Users",
        endpoint=DatabaseEndpoint(host="db.example", port=3306, master_secret=master),
        databases=databases,
        vpc=vpc_of(stack),
        vpc_subnets=APPLICATION,
        security_group=group_of(stack, "sg-users"),
        key=key_of(stack, "Secrets"),
        log_key=key_of(stack, "Logs"),
    )


@pytest.fixture(scope="module")
def resources() -> Resources:
    stack = new_stack()
    users(stack, {"playback": "plays"})
    return resources_of(stack)


def test_database_secret_has_connection_fields(resources: Resources) -> None:
    secret = only(resources, "AWS::SecretsManager::Secret")
    fields = json.loads(secret["GenerateSecretString"]["SecretStringTemplate"])
    assert fields == {
        "username": "playback",
        "host": "db.example",
        "port": "3306",
        "dbname": "plays",
    }
    assert secret["GenerateSecretString"]["GenerateStringKey"] == "password"
    assert secret["KmsKeyId"] == KEY


def test_rotation_waits_for_database_user(resources: Resources) -> None:
    (user,) = of_type(resources, "Custom::DatabaseUsers")
    assert user in whole(resources, "AWS::SecretsManager::RotationSchedule")["DependsOn"]


def test_database_users_follow_replaced_database(resources: Resources) -> None:
    resource = only(resources, "Custom::DatabaseUsers")
    assert (resource["Host"], resource["Users"], len(resource["Secrets"])) == (
        "db.example",
        ["playback"],
        1,
    )


def test_first_policy_grants_master_secret_to_many_users() -> None:
    """The handler waits for rights on the users' secrets, but not on that of the master user."""
    stack = new_stack()
    users(stack, {f"service-{number}": "plays" for number in range(MOST_RESOURCES - 1)})
    policies = all_of(resources_of(stack), "AWS::IAM::ManagedPolicy")
    assert [MASTER in json.dumps(policy) for policy in policies] == [True, False]


def test_database_users_reject_long_names() -> None:
    with pytest.raises(ValueError, match="longer than the 32 characters"):
        users(new_stack(), {"x" * 33: "x"})


def test_database_without_services_has_no_users() -> None:
    stack = new_stack()
    assert users(stack, {}).secrets == {}
    assert all_of(resources_of(stack), "AWS::SecretsManager::RotationSchedule") == []


def assets(outdir: Path) -> dict[str, Path]:
    app = cdk.App(outdir=str(outdir), context=feature_flags())
    users(
        cdk.Stack(app, "test", env=cdk.Environment(account="111122223333", region="sa-east-1")),
        {"playback": "playback"},
    )
    app.synth()
    return {path.name: path for path in outdir.glob("asset.*")}


def test_credentials_asset_contains_pymysql(tmp_path: Path) -> None:
    one, two = assets(tmp_path / "one"), assets(tmp_path / "two")
    assert one.keys() == two.keys()
    (folder,) = one.values()
    assert {path.name for path in folder.iterdir()} == {
        "cache.py",
        "cloudformation.py",
        "database.py",
        "rotation.py",
        "pymysql",
        "rds_ca",
    }
    assert (folder / "rds_ca" / "sa-east-1.pem").read_text() == rds_ca("sa-east-1")
    assert not list(folder.rglob("*.pyc"))


def test_rds_authority_has_three_roots() -> None:
    assert rds_ca("sa-east-1").count("-----BEGIN CERTIFICATE-----") == 3


def test_rds_authority_rejects_unknown_region() -> None:
    with pytest.raises(
        ValueError,
        match=r"Save https://truststore\.pki\.rds\.amazonaws\.com/xx-moon-1/xx-moon-1-bundle\.pem",
    ):
        rds_ca("xx-moon-1")

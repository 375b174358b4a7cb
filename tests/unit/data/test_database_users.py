import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_secretsmanager as secretsmanager

from spotmusic_constructs.data.database_users import DatabaseEndpoint, DatabaseUsers
from spotmusic_constructs.data.rds_ca import rds_ca
from tests.conftest import feature_flags, new_stack
from tests.templates import Resources, all_of, only, resources_of, whole
from tests.unit.data.templates import APPLICATION, KEY, group_of, key_of, vpc_of

MASTER = "arn:aws:secretsmanager:sa-east-1:111122223333:secret:rds!db-1-AbCdEf"


def users(stack: cdk.Stack, databases: dict[str, str], **options: Any) -> DatabaseUsers:
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
        **options,
    )


@pytest.fixture(scope="module")
def minimal() -> Resources:
    stack = new_stack()
    users(stack, {"playback": "playback"})
    return resources_of(stack)


@pytest.fixture(scope="module")
def full() -> Resources:
    stack = new_stack()
    users(stack, {"keycloak": "identity", "grafana": "dashboards"}, removal_policy=cdk.RemovalPolicy.DESTROY)
    return resources_of(stack)


def test_database_secret_has_connection_fields(minimal: Resources) -> None:
    secret = only(minimal, "AWS::SecretsManager::Secret")
    generated = secret["GenerateSecretString"]
    assert json.loads(generated["SecretStringTemplate"]) == {
        "username": "playback",
        "host": "db.example",
        "port": "3306",
        "dbname": "playback",
    }
    assert generated["GenerateStringKey"] == "password"
    assert secret["KmsKeyId"] == KEY


def test_database_passwords_rotate_monthly(full: Resources) -> None:
    schedules = all_of(full, "AWS::SecretsManager::RotationSchedule")
    assert len(schedules) == 2
    for schedule in schedules:
        assert schedule["RotationRules"] == {"AutomaticallyAfterDays": 30}
        assert schedule["RotateImmediatelyOnUpdate"] is False


def test_rotation_waits_for_database_user(minimal: Resources) -> None:
    resource = next(id_ for id_, r in minimal.items() if r["Type"] == "Custom::DatabaseUsers")
    assert resource in whole(minimal, "AWS::SecretsManager::RotationSchedule")["DependsOn"]


def test_database_users_follow_replaced_database(minimal: Resources) -> None:
    resource = only(minimal, "Custom::DatabaseUsers")
    assert resource["Host"] == "db.example"
    assert resource["Users"] == ["playback"]
    assert len(resource["Secrets"]) == 1


def test_credentials_function_has_least_rights(minimal: Resources) -> None:
    policy = only(minimal, "AWS::IAM::ManagedPolicy")["PolicyDocument"]["Statement"]
    rights = {str(s["Resource"]): s["Action"] for s in policy}
    secret = next(id_ for id_, r in minimal.items() if r["Type"] == "AWS::SecretsManager::Secret")
    assert rights[MASTER] == "secretsmanager:GetSecretValue"
    assert "secretsmanager:PutSecretValue" in rights[str({"Ref": secret})]
    assert not {"secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"} & set(rights["*"])


def test_credentials_function_admits_own_secrets_manager(minimal: Resources) -> None:
    permission = only(minimal, "AWS::Lambda::Permission")
    assert permission["Principal"] == "secretsmanager.amazonaws.com"
    assert permission["SourceAccount"] == "111122223333"


def test_credentials_function_uses_application_subnets(minimal: Resources) -> None:
    function = only(minimal, "AWS::Lambda::Function")
    assert function["VpcConfig"] == {"SecurityGroupIds": ["sg-users"], "SubnetIds": ["subnet-1", "subnet-2", "subnet-3"]}
    assert function["Environment"]["Variables"] == {"DATABASE_HOST": "db.example", "DATABASE_PORT": "3306", "MASTER_SECRET_ARN": MASTER}


def test_secrets_outlive_their_stack_unless_told_otherwise(minimal: Resources, full: Resources) -> None:
    assert whole(minimal, "AWS::SecretsManager::Secret")["DeletionPolicy"] == "Retain"
    assert {r["DeletionPolicy"] for r in full.values() if r["Type"] == "AWS::SecretsManager::Secret"} == {"Delete"}


def test_database_users_reject_invalid_names() -> None:
    with pytest.raises(ValueError, match="longer than the 32 characters"):
        users(new_stack(), {"x" * 33: "x"})


def test_database_without_services_has_no_users() -> None:
    stack = new_stack()
    assert users(stack, {}).secrets == {}
    assert all_of(resources_of(stack), "AWS::SecretsManager::RotationSchedule") == []


def assets(outdir: Path) -> dict[str, Path]:
    app = cdk.App(outdir=str(outdir), context=feature_flags())
    stack = cdk.Stack(app, "test", env=cdk.Environment(account="111122223333", region="sa-east-1"))
    users(stack, {"playback": "playback"})
    app.synth()
    return {path.name: path for path in outdir.glob("asset.*")}


def test_credentials_asset_contains_pymysql(tmp_path: Path) -> None:
    one, two = assets(tmp_path / "one"), assets(tmp_path / "two")
    assert one.keys() == two.keys()
    (folder,) = one.values()
    assert {path.name for path in folder.iterdir()} == {"cache.py", "cloudformation.py", "database.py", "rotation.py", "pymysql", "rds_ca"}
    assert (folder / "rds_ca" / "sa-east-1.pem").read_text() == rds_ca("sa-east-1")
    assert not list(folder.rglob("*.pyc"))


def test_users_refuse_region_without_roots() -> None:
    stack = cdk.Stack(cdk.App(context=feature_flags()), "test", env=cdk.Environment(account="111122223333", region="xx-moon-1"))
    with pytest.raises(ValueError, match="No RDS root certificates for xx-moon-1"):
        users(stack, {"playback": "playback"})

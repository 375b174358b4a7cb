"""Lambda function that manages MySQL users: resulting grants and passwords."""

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pymysql
import pytest

from tests.unit.data.fake_mysql import Account, FakeMySQL
from tests.unit.data.fake_secrets import FakeSecrets

MASTER, PLAYBACK, WEB = "arn:master", "arn:playback", "arn:web-api"


def user(name: str) -> dict[str, Any]:
    return {"username": name, "password": "first", "host": "db.example", "port": "3306", "dbname": name}


@pytest.fixture
def database(load_handler: Callable[[str, str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setenv("MASTER_SECRET_ARN", MASTER)
    return load_handler("credentials_handler", "database")


@pytest.fixture
def secrets() -> FakeSecrets:
    master = {"username": "spotmusic_master", "password": "master-password"}
    return FakeSecrets({MASTER: master, PLAYBACK: user("playback"), WEB: user("web-api")})


@pytest.fixture
def mysql() -> FakeMySQL:
    return FakeMySQL()


def event(request: str = "Create") -> dict[str, Any]:
    return {"RequestType": request, "ResourceProperties": {"Secrets": [PLAYBACK, WEB], "Users": ["playback", "web-api"]}}


def rotate(database: ModuleType, secrets: FakeSecrets, mysql: FakeMySQL, token: str, steps: str = "create set test finish") -> None:
    secrets.begin(PLAYBACK, token)
    for step in steps.split():
        message = {"SecretId": PLAYBACK, "ClientRequestToken": token, "Step": f"{step}Secret"}
        database.rotate(message, secrets, database.store(secrets, mysql.connect))


def test_database_user_has_rights_in_own_database(database: ModuleType, secrets: FakeSecrets, mysql: FakeMySQL) -> None:
    database.on_cloudformation(event(), secrets, mysql.connect)
    assert mysql.databases == {"playback", "web-api"}
    assert mysql.accounts["playback"] == Account(primary="first", requires_ssl=True, grants={"playback": {"ALL PRIVILEGES"}})
    with pytest.raises(pymysql.err.OperationalError):
        mysql.connect("playback", "first", "web-api")


def with_rights(**rights: str) -> dict[str, Any]:
    properties = {"Secrets": [PLAYBACK], "Users": ["playback"], "Rights": {"playback": rights}}
    return {"RequestType": "Update", "ResourceProperties": properties, "OldResourceProperties": properties}


@pytest.mark.parametrize(
    ("role", "rights"), [("reader", {"SELECT"}), ("writer", {"SELECT", "INSERT", "UPDATE", "DELETE"}), ("owner", {"ALL PRIVILEGES"})]
)
def test_user_has_the_rights_of_its_role(database: ModuleType, secrets: FakeSecrets, mysql: FakeMySQL, role: str, rights: set[str]) -> None:
    database.on_cloudformation(with_rights(catalogue=role), secrets, mysql.connect)
    assert mysql.databases == {"catalogue"}
    assert mysql.accounts["playback"].grants == {"catalogue": rights}


def test_lost_rights_are_revoked_and_data_kept(database: ModuleType, secrets: FakeSecrets, mysql: FakeMySQL) -> None:
    database.on_cloudformation(with_rights(playback="owner", catalogue="writer"), secrets, mysql.connect)
    database.on_cloudformation(with_rights(catalogue="reader"), secrets, mysql.connect)
    assert mysql.accounts["playback"].grants == {"catalogue": {"SELECT"}}
    assert mysql.databases == {"playback", "catalogue"}


def test_rights_are_granted_before_others_are_revoked(database: ModuleType, secrets: FakeSecrets, mysql: FakeMySQL) -> None:
    database.on_cloudformation(with_rights(playback="owner"), secrets, mysql.connect)
    mysql.statements.clear()
    database.on_cloudformation(with_rights(catalogue="reader"), secrets, mysql.connect)
    changes = [statement.split()[0] for statement in mysql.statements if statement.startswith(("GRANT", "REVOKE"))]
    assert changes == ["GRANT", "REVOKE"]


def test_creating_users_that_exist_changes_nothing(database: ModuleType, secrets: FakeSecrets, mysql: FakeMySQL) -> None:
    database.on_cloudformation(event(), secrets, mysql.connect)
    before = dict(mysql.accounts)
    database.on_cloudformation(event("Update"), secrets, mysql.connect)
    assert mysql.accounts == before


def test_new_secret_adds_second_password(database: ModuleType, secrets: FakeSecrets, mysql: FakeMySQL) -> None:
    mysql.accounts["playback"] = Account(primary="from-before-the-restore")
    database.on_cloudformation(event(), secrets, mysql.connect)
    assert mysql.accounts["playback"].accepted == {"first", "from-before-the-restore"}


def test_removed_database_user_is_locked(database: ModuleType, secrets: FakeSecrets, mysql: FakeMySQL) -> None:
    database.on_cloudformation(event(), secrets, mysql.connect)
    fewer = {"Secrets": [PLAYBACK], "Users": ["playback"]}
    both = event()["ResourceProperties"]
    database.on_cloudformation(
        {"RequestType": "Update", "ResourceProperties": fewer, "OldResourceProperties": both}, secrets, mysql.connect
    )
    with pytest.raises(pymysql.err.OperationalError):
        mysql.connect("web-api", "first", "web-api")
    assert "web-api" in mysql.databases
    database.on_cloudformation(
        {"RequestType": "Update", "ResourceProperties": both, "OldResourceProperties": fewer}, secrets, mysql.connect
    )
    mysql.connect("web-api", "first", "web-api")


def test_locking_unknown_user_succeeds(database: ModuleType, secrets: FakeSecrets, mysql: FakeMySQL) -> None:
    old = {"Users": ["playback", "web-api", "forgotten"]}
    database.on_cloudformation({**event("Update"), "OldResourceProperties": old}, secrets, mysql.connect)
    assert "forgotten" not in mysql.accounts


def test_deleting_drops_nothing_and_needs_no_database(database: ModuleType, secrets: FakeSecrets) -> None:
    def unreachable(*_arguments: Any) -> None:
        raise AssertionError("the database may be gone already")

    database.on_cloudformation(event("Delete"), secrets, unreachable)


def test_database_handler_rejects_invalid_names(database: ModuleType, secrets: FakeSecrets, mysql: FakeMySQL) -> None:
    secrets.values[WEB, "v1"]["dbname"] = "x`; DROP DATABASE playback; --"
    with pytest.raises(ValueError, match="no name of a database"):
        database.on_cloudformation(event(), secrets, mysql.connect)
    assert not any("DROP" in statement for statement in mysql.statements)


def test_previous_password_is_valid_until_next_rotation(database: ModuleType, secrets: FakeSecrets, mysql: FakeMySQL) -> None:
    database.on_cloudformation(event(), secrets, mysql.connect)
    rotate(database, secrets, mysql, "v2")
    assert mysql.accounts["playback"].accepted == {"first", "made-1"}
    rotate(database, secrets, mysql, "v3")
    assert mysql.accounts["playback"].accepted == {"made-1", "made-2"}
    assert secrets.current(PLAYBACK)["password"] == "made-2"


def test_setting_twice_leaves_the_current_password_valid(database: ModuleType, secrets: FakeSecrets, mysql: FakeMySQL) -> None:
    database.on_cloudformation(event(), secrets, mysql.connect)
    rotate(database, secrets, mysql, "v2", "create set set set test finish")
    assert mysql.accounts["playback"].accepted == {"first", "made-1"}


def test_interrupted_rotation_keeps_current_password(database: ModuleType, secrets: FakeSecrets, mysql: FakeMySQL) -> None:
    database.on_cloudformation(event(), secrets, mysql.connect)
    rotate(database, secrets, mysql, "v2", "create set")
    for token in ("v3", "v4"):
        rotate(database, secrets, mysql, token, "create set")
        assert secrets.current(PLAYBACK)["password"] in mysql.accounts["playback"].accepted
    rotate(database, secrets, mysql, "v5")
    assert "first" in mysql.accounts["playback"].accepted


def test_cloudformation_hears_of_a_failure(database: ModuleType, monkeypatch: pytest.MonkeyPatch, secrets: FakeSecrets) -> None:
    answers: list[dict[str, Any]] = []
    monkeypatch.setattr("cloudformation._put", lambda _url, body: answers.append(json.loads(body)))
    monkeypatch.setattr(database.boto3, "client", lambda _service: secrets)

    def refuse(*_arguments: Any) -> None:
        raise TimeoutError("no route")

    monkeypatch.setattr(database, "connect", refuse)
    envelope = {"StackId": "s", "RequestId": "r", "LogicalResourceId": "Users", "ResponseURL": "https://example"}
    database.handler({**event(), **envelope}, None)
    (answer,) = answers
    assert answer["Status"] == "FAILED"
    assert answer["Reason"] == "TimeoutError: no route"
    assert answer["PhysicalResourceId"] == "database-users"


def test_handler_trusts_roots_of_its_region(database: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "sa-east-1")
    assert database._trust_store() == Path(str(database.__file__)).parent / "rds_ca" / "sa-east-1.pem"

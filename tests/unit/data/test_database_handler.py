"""Lambda function that manages MySQL users: resulting grants and passwords."""

import json
import ssl
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pymysql
import pytest
from botocore.exceptions import ClientError

from tests.unit.custom_resources import ANSWERS
from tests.unit.data.fake_mysql import ALL_RIGHTS, Account, FakeMySQL
from tests.unit.data.fake_secrets import FakeSecrets
from tools.checkout import ROOT

ROOTS = ROOT / "constructs" / "spotmusic_constructs" / "data" / "rds_ca"
MASTER, PLAYBACK, WEB = "arn:master", "arn:playback", "arn:web-api"


def user(name: str) -> dict[str, Any]:
    return {
        "username": name,
        "password": "first",
        "host": "db.example",
        "port": "3306",
        "dbname": name,
    }


class Users:
    """Handler with one MySQL server and the secrets of its users."""

    def __init__(self, handler: ModuleType) -> None:
        master = {"username": "spotmusic_master", "password": "master-password"}
        self.handler, self.mysql = handler, FakeMySQL()
        self.secrets = FakeSecrets(
            {MASTER: master, PLAYBACK: user("playback"), WEB: user("web-api")}
        )

    def apply(self, event: dict[str, Any], **how: Any) -> None:
        self.handler.on_cloudformation(event, self.secrets, self.mysql.connect, **how)

    def rotate(
        self, token: str, steps: str = "create set test finish", secret: str = PLAYBACK
    ) -> None:
        self.secrets.begin(secret, token)
        for step in steps.split():
            message = {"SecretId": secret, "ClientRequestToken": token, "Step": f"{step}Secret"}
            self.handler.rotate(
                message, self.secrets, self.handler.store(self.secrets, self.mysql.connect)
            )


@pytest.fixture
def users(load_handler: Callable[[str, str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> Users:
    monkeypatch.setenv("MASTER_SECRET_ARN", MASTER)
    return Users(load_handler("credentials_handler", "database"))


def event(request: str = "Create") -> dict[str, Any]:
    return {
        "RequestType": request,
        "ResourceProperties": {"Secrets": [PLAYBACK, WEB], "Users": ["playback", "web-api"]},
    }


def test_database_user_has_rights_in_own_database(users: Users) -> None:
    users.apply(event())
    assert users.mysql.databases == {"playback", "web-api"}
    assert users.mysql.accounts["playback"] == Account(
        primary="first", requires_ssl=True, grants={"playback": ALL_RIGHTS}
    )
    with pytest.raises(pymysql.err.OperationalError):
        users.mysql.connect("playback", "first", "web-api")


def test_database_users_wait_for_new_right(users: Users, monkeypatch: pytest.MonkeyPatch) -> None:
    refusal, found = (
        ClientError({"Error": {"Code": "AccessDeniedException"}}, "GetSecretValue"),
        users.secrets.get_secret_value,
    )
    answers = [refusal, refusal]

    def read(**request: str) -> dict[str, Any]:
        if answers:
            raise answers.pop()
        return found(**request)

    monkeypatch.setattr(users.secrets, "get_secret_value", read)
    waits: list[float] = []
    users.apply(event(), sleep=waits.append)
    assert users.mysql.accounts.keys() >= {"playback", "web-api"}
    assert waits == [sys.modules["cloudformation"].POLL_SECONDS] * 2
    answers = [refusal] * 100
    with pytest.raises(ClientError, match="AccessDenied"):
        users.apply(event(), sleep=waits.append)


def with_rights(**rights: str) -> dict[str, Any]:
    properties = {"Secrets": [PLAYBACK], "Users": ["playback"], "Rights": {"playback": rights}}
    return {
        "RequestType": "Update",
        "ResourceProperties": properties,
        "OldResourceProperties": properties,
    }


@pytest.mark.parametrize(
    ("role", "rights"),
    [
        ("reader", {"SELECT"}),
        ("writer", {"SELECT", "INSERT", "UPDATE", "DELETE"}),
        ("owner", ALL_RIGHTS),
    ],
)
def test_user_has_the_rights_of_its_role(users: Users, role: str, rights: set[str]) -> None:
    users.apply(with_rights(catalogue=role))
    assert users.mysql.databases == {"catalogue"}
    assert users.mysql.accounts["playback"].grants == {"catalogue": rights}


def test_lost_rights_are_revoked_after_new_grants(users: Users) -> None:
    users.apply(with_rights(playback="owner", catalogue="writer"))
    users.mysql.statements.clear()
    users.apply(with_rights(catalogue="reader"))
    assert users.mysql.accounts["playback"].grants == {"catalogue": {"SELECT"}}
    assert users.mysql.databases == {"playback", "catalogue"}
    changes = [
        statement.split()[0]
        for statement in users.mysql.statements
        if statement.startswith(("GRANT", "REVOKE"))
    ]
    assert changes == ["GRANT", "REVOKE", "REVOKE"]


def test_existing_users_are_unchanged(users: Users) -> None:
    users.apply(event())
    before = dict(users.mysql.accounts)
    users.apply(event("Update"))
    assert users.mysql.accounts == before


def test_new_secret_adds_second_password(users: Users) -> None:
    users.mysql.accounts["playback"] = Account(primary="from-before-the-restore")
    users.apply(event())
    assert users.mysql.accounts["playback"].accepted == {"first", "from-before-the-restore"}


def test_removed_database_user_is_locked(users: Users) -> None:
    users.apply(event())
    fewer = {"Secrets": [PLAYBACK], "Users": ["playback"]}
    both = event()["ResourceProperties"]
    users.apply(
        {"RequestType": "Update", "ResourceProperties": fewer, "OldResourceProperties": both}
    )
    with pytest.raises(pymysql.err.OperationalError):
        users.mysql.connect("web-api", "first", "web-api")
    assert "web-api" in users.mysql.databases
    users.apply(
        {"RequestType": "Update", "ResourceProperties": both, "OldResourceProperties": fewer}
    )
    users.mysql.connect("web-api", "first", "web-api")


def test_locking_unknown_user_succeeds(users: Users) -> None:
    old = {"Users": ["playback", "web-api", "forgotten"]}
    users.apply({**event("Update"), "OldResourceProperties": old})
    assert "forgotten" not in users.mysql.accounts


def test_master_of_database_is_never_locked(users: Users) -> None:
    users.apply({**event("Update"), "OldResourceProperties": {"Users": ["spotmusic_master"]}})
    assert not users.mysql.accounts["spotmusic_master"].locked


def test_deleting_drops_nothing_and_needs_no_database(users: Users) -> None:
    def unreachable(*_arguments: Any) -> None:
        raise AssertionError("the database may be gone already")

    users.handler.on_cloudformation(event("Delete"), users.secrets, unreachable)


def test_database_handler_rejects_invalid_names(users: Users) -> None:
    users.secrets.values[WEB, "v1"]["dbname"] = "x`; DROP DATABASE playback; --"
    with pytest.raises(ValueError, match="no valid database name"):
        users.apply(event())
    assert not any("DROP" in statement for statement in users.mysql.statements)


def test_previous_password_is_valid_until_next_rotation(users: Users) -> None:
    users.apply(event())
    users.rotate("v2")
    assert users.mysql.accounts["playback"].accepted == {"first", "made-1"}
    users.rotate("v3")
    assert users.mysql.accounts["playback"].accepted == {"made-1", "made-2"}
    assert users.secrets.current(PLAYBACK)["password"] == "made-2"


def test_setting_twice_leaves_the_current_password_valid(users: Users) -> None:
    users.apply(event())
    users.rotate("v2", "create set set set test finish")
    assert users.mysql.accounts["playback"].accepted == {"first", "made-1"}


def test_master_user_rotates_its_own_password(users: Users) -> None:
    users.rotate("v2", "create set set test finish", MASTER)
    assert users.mysql.accounts["spotmusic_master"].accepted == {"master-password", "made-1"}
    users.apply(event())


def test_interrupted_rotation_keeps_current_password(users: Users) -> None:
    users.apply(event())
    users.rotate("v2", "create set")
    for token in ("v3", "v4"):
        users.rotate(token, "create set")
        assert (
            users.secrets.current(PLAYBACK)["password"] in users.mysql.accounts["playback"].accepted
        )
    users.rotate("v5")
    assert "first" in users.mysql.accounts["playback"].accepted


def test_handler_reports_failure_to_cloudformation(
    users: Users, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[dict[str, Any]] = []
    monkeypatch.setattr("cloudformation._put", lambda _url, body: answers.append(json.loads(body)))
    monkeypatch.setattr(users.handler.boto3, "client", lambda _service: users.secrets)

    def refuse(*_arguments: Any) -> None:
        raise TimeoutError("no route")

    monkeypatch.setattr(users.handler, "connect", refuse)
    envelope = {
        "StackId": "s",
        "RequestId": "r",
        "LogicalResourceId": "Users",
        "ResponseURL": ANSWERS,
    }
    users.handler.handler({**event(), **envelope}, None)
    (answer,) = answers
    assert answer["Status"] == "FAILED"
    assert answer["Reason"] == "TimeoutError: no route"
    assert answer["PhysicalResourceId"] == "database-users"


def test_handler_trusts_roots_of_its_region(users: Users, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "sa-east-1")
    found = users.handler._trust_store()
    assert found == Path(str(users.handler.__file__)).parent / "rds_ca" / "sa-east-1.pem"


def test_database_connection_verifies_server(users: Users, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"DATABASE_HOST": "db.example", "DATABASE_PORT": "3306"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(users.handler, "_trust_store", lambda: ROOTS / "sa-east-1.pem")
    monkeypatch.setattr(users.handler.pymysql, "connect", lambda **options: options)
    options = users.handler.connect("playback", "first", None)
    assert options["host"] == "db.example"
    assert (options["ssl"].verify_mode, options["ssl"].check_hostname) == (ssl.CERT_REQUIRED, True)

"""Users of a database and the rotation of their passwords, with the MySQL of Debian unstable, newer
than the deployed 8.4.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pymysql
import pytest

from tests.engines.programs import make_certificate
from tests.engines.stores import mysql
from tests.unit.data.fake_mysql import ALL_RIGHTS
from tests.unit.data.fake_secrets import FakeSecrets

MASTER, PLAYBACK, WEB = "arn:master", "arn:playback", "arn:web-api"
ACCESS_DENIED, NO_RIGHTS, NO_RIGHTS_ON_TABLE, LOCKED = 1045, 1044, 1142, 3118


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    """Server with TLS connections only, and the authority of its certificate."""
    folder = tmp_path_factory.mktemp("server")
    master = (
        "CREATE USER master@'%' IDENTIFIED BY 'master-password';\n"
        "GRANT ALL PRIVILEGES ON *.* TO master@'%' WITH GRANT OPTION;\n"
    )
    with mysql(folder, master, "--require-secure-transport=ON") as found:
        yield found.port, folder / "tls.crt"


@pytest.fixture
def database(
    server: tuple[int, Path],
    load_handler: Callable[[str, str], ModuleType],
    monkeypatch: pytest.MonkeyPatch,
) -> ModuleType:
    port, certificate = server
    monkeypatch.setenv("MASTER_SECRET_ARN", MASTER)
    monkeypatch.setenv("DATABASE_HOST", "localhost")
    monkeypatch.setenv("DATABASE_PORT", str(port))
    handler = load_handler("credentials_handler", "database")
    monkeypatch.setattr(handler, "_trust_store", lambda: certificate)
    return handler


@pytest.fixture
def secrets() -> FakeSecrets:
    users = {
        arn: {"username": name, "password": f"first-{name}", "dbname": name}
        for arn, name in ((PLAYBACK, "playback"), (WEB, "web-api"))
    }
    return FakeSecrets({MASTER: {"username": "master", "password": "master-password"}, **users})


def event(
    request: str = "Create",
    *,
    secrets: tuple[str, ...] = (PLAYBACK, WEB),
    users: tuple[str, ...] = ("playback", "web-api"),
    rights: dict[str, dict[str, str]] | None = None,
) -> Any:
    old = (
        {"OldResourceProperties": {"Users": ["playback", "web-api"]}} if request == "Update" else {}
    )
    granted = {"Rights": rights} if rights else {}
    return {
        "RequestType": request,
        "ResourceProperties": {"Secrets": list(secrets), "Users": list(users), **granted},
        **old,
    }


def refusal(work: Callable[[], Any]) -> int:
    with pytest.raises(pymysql.err.MySQLError) as error:
        work()
    return int(error.value.args[0])


def run(
    database: ModuleType, user: str, password: str, name: str | None, statement: str
) -> list[Any]:
    with database.connect(user, password, name) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())


@pytest.fixture
def users(database: ModuleType, secrets: FakeSecrets) -> Iterator[ModuleType]:
    """Both users, created twice: the second time changes nothing."""
    database.on_cloudformation(event(), secrets, database.connect)
    database.on_cloudformation(event(), secrets, database.connect)
    yield database
    for name in ("playback", "web-api"):
        run(database, "master", "master-password", None, f"DROP USER `{name}`@'%'")


def test_database_user_owns_its_database_only(users: ModuleType) -> None:
    found = run(
        users,
        "playback",
        "first-playback",
        "playback",
        "CREATE TABLE IF NOT EXISTS songs (id INT)",
    )
    assert found == []
    seen = {name for (name,) in run(users, "playback", "first-playback", None, "SHOW DATABASES")}
    assert seen - {"information_schema", "performance_schema"} == {"playback"}
    for statement in ("CREATE DATABASE another", "USE `web-api`"):
        actual = refusal(
            lambda statement=statement: run(  # type: ignore[misc]
                users, "playback", "first-playback", "playback", statement
            )
        )
        assert actual == NO_RIGHTS


def test_owner_rights_are_those_of_fake(users: ModuleType) -> None:
    question = (
        "SELECT PRIVILEGE_TYPE FROM information_schema.SCHEMA_PRIVILEGES WHERE GRANTEE = "
        "\"'playback'@'%'\""
    )
    assert {
        right for (right,) in run(users, "master", "master-password", None, question)
    } == ALL_RIGHTS


def test_shared_database_has_writers_and_readers(users: ModuleType, secrets: FakeSecrets) -> None:
    rights = {"web-api": {"catalogue": "migrator"}, "playback": {"catalogue": "reader"}}
    users.on_cloudformation(event("Update", rights=rights), secrets, users.connect)
    as_owner = (
        "CREATE TABLE tracks (id INT)",
        "ALTER TABLE tracks ADD title TEXT",
        "INSERT INTO tracks (id) VALUES (1)",
    )
    for statement in as_owner:
        run(users, "web-api", "first-web-api", "catalogue", statement)

    def refused(user: str, statement: str) -> int:
        return refusal(lambda: run(users, user, f"first-{user}", "catalogue", statement))

    assert run(users, "playback", "first-playback", "catalogue", "SELECT id FROM tracks") == [(1,)]
    for statement in (
        "INSERT INTO tracks (id) VALUES (2)",
        "UPDATE tracks SET id = 2",
        "DELETE FROM tracks",
        "DROP TABLE tracks",
    ):
        assert refused("playback", statement) == NO_RIGHTS_ON_TABLE
    users.on_cloudformation(
        event("Update", rights=rights | {"web-api": {"catalogue": "writer"}}),
        secrets,
        users.connect,
    )
    run(users, "web-api", "first-web-api", "catalogue", "UPDATE tracks SET id = 2")
    for statement in (
        "CREATE TABLE more (id INT)",
        "DROP TABLE tracks",
        "ALTER TABLE tracks ADD more TEXT",
        "CREATE INDEX i ON tracks (id)",
    ):
        assert refused("web-api", statement) == NO_RIGHTS_ON_TABLE


def test_lost_rights_leave_the_private_database(users: ModuleType, secrets: FakeSecrets) -> None:
    run(
        users, "playback", "first-playback", "playback", "CREATE TABLE IF NOT EXISTS songs (id INT)"
    )
    rights = {"playback": {"catalogue": "reader"}, "web-api": {"web-api": "owner"}}
    users.on_cloudformation(event("Update", rights=rights), secrets, users.connect)
    assert refusal(lambda: users.connect("playback", "first-playback", "playback")) == NO_RIGHTS
    assert run(users, "master", "master-password", "playback", "SHOW TABLES") == [("songs",)]
    users.on_cloudformation(event("Update"), secrets, users.connect)
    assert run(users, "playback", "first-playback", "playback", "SHOW TABLES") == [("songs",)]
    assert refusal(lambda: users.connect("playback", "first-playback", "catalogue")) == NO_RIGHTS


def test_database_refuses_connections_without_tls(
    users: ModuleType, server: tuple[int, Path]
) -> None:
    assert users
    refused = refusal(
        lambda: pymysql.connect(
            host="127.0.0.1",
            port=server[0],
            user="playback",
            password="first-playback",
            ssl_disabled=True,
        )
    )
    assert refused == ACCESS_DENIED


def test_database_certificate_must_be_trusted(
    users: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(users, "_trust_store", lambda: make_certificate(tmp_path))
        with pytest.raises(pymysql.err.OperationalError, match="CERTIFICATE_VERIFY_FAILED"):
            users.connect("playback", "first-playback", "playback")


def test_removed_database_user_is_locked(users: ModuleType, secrets: FakeSecrets) -> None:
    users.on_cloudformation(
        event("Update", secrets=(WEB,), users=("web-api",)), secrets, users.connect
    )
    assert refusal(lambda: users.connect("playback", "first-playback", "playback")) == LOCKED
    users.on_cloudformation(event(), secrets, users.connect)
    users.connect("playback", "first-playback", "playback").close()


def test_deleted_resource_keeps_database_users(users: ModuleType, secrets: FakeSecrets) -> None:
    users.on_cloudformation(event("Delete"), secrets, users.connect)
    users.connect("playback", "first-playback", "playback").close()


def test_rotation_keeps_the_last_two_passwords(users: ModuleType, secrets: FakeSecrets) -> None:
    passwords = ["first-playback"]
    for version in ("v2", "v3"):
        secrets.begin(PLAYBACK, version)
        # Steps may be repeated.
        for step in ("createSecret", "setSecret", "setSecret", "testSecret", "finishSecret"):
            users.rotate(
                {"SecretId": PLAYBACK, "ClientRequestToken": version, "Step": step},
                secrets,
                users.store(secrets, users.connect),
            )
        passwords.append(secrets.current(PLAYBACK)["password"])
        for password in passwords[-2:]:
            users.connect("playback", password, "playback").close()
    assert refusal(lambda: users.connect("playback", passwords[0], "playback")) == ACCESS_DENIED


def test_master_user_rotates_its_own_password(database: ModuleType, secrets: FakeSecrets) -> None:
    secrets.begin(MASTER, "v2")
    for step in ("createSecret", "setSecret", "setSecret", "testSecret", "finishSecret"):
        database.rotate(
            {"SecretId": MASTER, "ClientRequestToken": "v2", "Step": step},
            secrets,
            database.store(secrets, database.connect),
        )
    new = secrets.current(MASTER)["password"]
    run(database, "master", new, None, "ALTER USER master@'%' IDENTIFIED BY 'master-password'")
    assert new != "master-password"

"""Create the users of a MySQL database, and rotate their passwords without an outage."""

import os
import re
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pymysql
from cloudformation import answer, when_granted
from pymysql.cursors import Cursor
from rotation import Credentials, Store, read, rotate

_AUTHORITIES = Path(__file__).parent / "rds_ca"
"""Root certificates of RDS by region, which the runtime does not trust. `credentials_code` copies
them: a download would need Internet access and fail the first deployment without it."""
_NAME = re.compile(r"[a-z][a-z0-9-]{0,63}")
"""No underscore: GRANT reads it as a wildcard, and an escaped one names another database if partial
revokes are enabled."""
_CONNECT_SECONDS = 10

_CHANGES = ("SELECT", "INSERT", "UPDATE", "DELETE")
ROLES = {
    "owner": ("ALL PRIVILEGES",),
    "reader": ("SELECT",),
    "writer": _CHANGES,
    "migrator": (
        *_CHANGES,
        "CREATE",
        "ALTER",
        "DROP",
        "INDEX",
        "REFERENCES",
        "CREATE VIEW",
        "SHOW VIEW",
        "CREATE TEMPORARY TABLES",
        "LOCK TABLES",
    ),
}
"""Rights on one database by role (MySQL 8.4 reference manual, privileges provided by MySQL)."""
Rights = dict[str, str]
"""Role by database."""

Connect = Callable[[str, str, str | None], Any]
"""Opens a connection as a user with a password, to a database or to none."""


def handler(event: dict[str, Any], _context: Any) -> None:
    """Create users for CloudFormation, or run one step of a rotation for Secrets Manager."""
    secrets = boto3.client("secretsmanager")
    if "RequestType" in event:
        answer(event, "database-users", lambda: on_cloudformation(event, secrets, connect))
    else:
        rotate(event, secrets, store(secrets, connect))


def on_cloudformation(
    event: dict[str, Any],
    secrets: Any,
    connect: Connect,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Create the users of the event, and lock users that it no longer lists.

    It drops neither users nor data.
    """
    if event["RequestType"] == "Delete":
        return
    properties = event["ResourceProperties"]
    wanted = [
        when_granted(lambda arn=arn: read(secrets, arn), sleep) for arn in properties["Secrets"]
    ]
    gone = set(event.get("OldResourceProperties", {}).get("Users", [])) - set(properties["Users"])
    # A locked master user could neither rotate nor repair passwords.
    gone.discard(read(secrets, os.environ["MASTER_SECRET_ARN"])["username"])
    with _master(secrets, connect) as cursor:
        for credentials in wanted:
            create_user(
                cursor, credentials, properties.get("Rights", {}).get(credentials["username"])
            )
        for user in sorted(gone):
            cursor.execute("ALTER USER IF EXISTS %s@'%%' ACCOUNT LOCK", (user,))
    for credentials in wanted:
        _repair_password(credentials, secrets, connect)


def create_user(cursor: Cursor, credentials: Credentials, rights: Rights | None = None) -> None:
    """Create a user that requires TLS, and its databases; revoke rights beyond `rights`.

    Args:
        cursor: cursor of the master user.
        credentials: user, password and database.
        rights: role by database. Default: `owner` of the database in the credentials.
    """
    user = credentials["username"]
    rights = {credentials["dbname"]: "owner"} if rights is None else rights
    for database in rights:
        cursor.execute(f"CREATE DATABASE IF NOT EXISTS {_quoted(database)} CHARACTER SET utf8mb4")
    cursor.execute(
        "CREATE USER IF NOT EXISTS %s@'%%' IDENTIFIED BY %s REQUIRE SSL",
        (user, credentials["password"]),
    )
    cursor.execute("ALTER USER %s@'%%' REQUIRE SSL ACCOUNT UNLOCK", (user,))
    for database, role in rights.items():
        cursor.execute(
            f"GRANT {', '.join(ROLES[role])} ON {_quoted(database)}.* TO %s@'%%'", (user,)
        )
    _revoke(cursor, user, rights)


def _revoke(cursor: Cursor, user: str, rights: Rights) -> None:
    """Revoke rights beyond `rights`, after the grants, so that clients keep their rights."""
    cursor.execute(
        "SELECT TABLE_SCHEMA, PRIVILEGE_TYPE FROM information_schema.SCHEMA_PRIVILEGES "
        "WHERE GRANTEE = %s",
        (f"'{user}'@'%'",),
    )
    granted: dict[str, set[str]] = {}
    for database, privilege in cursor.fetchall():
        granted.setdefault(database, set()).add(privilege)
    for database, privileges in sorted(granted.items()):
        role = rights.get(database)
        if role == "owner":
            continue
        excess = sorted(privileges - set(ROLES[role])) if role else ["ALL PRIVILEGES"]
        if excess:
            cursor.execute(
                f"REVOKE {', '.join(excess)} ON {_quoted(database)}.* FROM %s@'%%'", (user,)
            )


def store(secrets: Any, connect: Connect) -> Store:
    """MySQL as a store of two passwords for each user.

    Source: MySQL 8.4 reference manual, dual password support.
    """

    def accept(current: Credentials, pending: Credentials) -> None:
        user = current["username"]
        with _master(secrets, connect) as cursor:
            # An interrupted rotation may have set another primary password. RETAIN would keep that
            # one and lock out clients with the current one. Setting the current one first makes the
            # step repeatable.
            cursor.execute("ALTER USER %s@'%%' IDENTIFIED BY %s", (user, current["password"]))
            cursor.execute(
                "ALTER USER %s@'%%' IDENTIFIED BY %s RETAIN CURRENT PASSWORD",
                (user, pending["password"]),
            )

    def prove(pending: Credentials) -> None:
        with (
            connect(pending["username"], pending["password"], None) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute("SELECT 1")

    return Store(accept=accept, prove=prove)


def _repair_password(credentials: Credentials, secrets: Any, connect: Connect) -> None:
    """Set the password of a user that is older than its secret, as after a restore.

    The previous password stays valid.
    """
    user, password = credentials["username"], credentials["password"]
    try:
        with connect(user, password, None):
            return
    except pymysql.err.OperationalError as error:
        if error.args[0] != pymysql.constants.ER.ACCESS_DENIED_ERROR:
            raise
    with _master(secrets, connect) as cursor:
        cursor.execute(
            "ALTER USER %s@'%%' IDENTIFIED BY %s RETAIN CURRENT PASSWORD", (user, password)
        )


def _quoted(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"{name!r} is no valid database name. Use lower-case letters, digits and hyphens."
        )
    return f"`{name}`"


@contextmanager
def _master(secrets: Any, connect: Connect) -> Iterator[Cursor]:
    master = read(secrets, os.environ["MASTER_SECRET_ARN"])
    with (
        connect(master["username"], master["password"], None) as connection,
        connection.cursor() as cursor,
    ):
        yield cursor


def connect(user: str, password: str, database: str | None) -> Any:
    """Open a connection over TLS and verify certificate and host name."""
    return pymysql.connect(
        host=os.environ["DATABASE_HOST"],
        port=int(os.environ["DATABASE_PORT"]),
        user=user,
        password=password,
        database=database,
        ssl=ssl.create_default_context(cafile=str(_trust_store())),
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_CONNECT_SECONDS,
        autocommit=True,
    )


def _trust_store() -> Path:
    return _AUTHORITIES / f"{os.environ['AWS_REGION']}.pem"

"""In-memory MySQL accounts with two passwords each, as in MySQL 8.4."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

import pymysql

ALL_RIGHTS = {
    *(
        "SELECT",
        "INSERT",
        "UPDATE",
        "DELETE",
        "CREATE",
        "DROP",
        "ALTER",
        "INDEX",
        "REFERENCES",
        "CREATE TEMPORARY TABLES",
        "LOCK TABLES",
    ),
    *("CREATE VIEW", "SHOW VIEW", "CREATE ROUTINE", "ALTER ROUTINE", "EXECUTE", "EVENT", "TRIGGER"),
}
"""Rows of SCHEMA_PRIVILEGES after ALL PRIVILEGES on a database. MySQL lists each right instead of
these words (`tests/engines/test_database.py` compares them)."""


def rights_of(words: str) -> set[str]:
    """Rights of the list in a GRANT or REVOKE statement."""
    return ALL_RIGHTS if words == "ALL PRIVILEGES" else set(words.split(", "))


@dataclass
class Account:
    """User with its primary password, retained password and grants."""

    primary: str
    secondary: str | None = None
    requires_ssl: bool = False
    locked: bool = False
    grants: dict[str, set[str]] = field(default_factory=dict)

    @property
    def accepted(self) -> set[str | None]:
        return {self.primary, self.secondary} - {None}


class FakeMySQL:
    """Database that executes the statements of the handler and rejects others."""

    def __init__(self) -> None:
        self.accounts = {"spotmusic_master": Account(primary="master-password")}
        self.databases: set[str] = set()
        self.statements: list[str] = []
        self.answer: list[tuple[str, str]] = []

    def connect(self, user: str, password: str, database: str | None) -> "Connection":
        account = self.accounts.get(user)
        if account is None or account.locked or password not in account.accepted:
            raise pymysql.err.OperationalError(
                pymysql.constants.ER.ACCESS_DENIED_ERROR, f"Access denied for user '{user}'"
            )
        if database is not None and database not in account.grants:
            raise pymysql.err.OperationalError(
                pymysql.constants.ER.DBACCESS_DENIED_ERROR, "Access denied to database"
            )
        return Connection(self, user)

    def execute(self, actor: str, statement: str, args: tuple[str, ...]) -> None:
        self.statements.append(statement)
        if statement == "SELECT 1":
            return
        assert actor == "spotmusic_master", f"{actor} may not {statement}"
        parts = (self._define, self._change_rights, self._change_password)
        if not any(part(statement, args) for part in parts):
            raise AssertionError(f"MySQL was asked: {statement}")

    def _define(self, statement: str, args: tuple[str, ...]) -> bool:
        created = re.fullmatch(
            r"CREATE DATABASE IF NOT EXISTS `([a-z0-9-]+)` CHARACTER SET utf8mb4", statement
        )
        if created:
            self.databases.add(created[1])
        elif statement == "CREATE USER IF NOT EXISTS %s@'%%' IDENTIFIED BY %s REQUIRE SSL":
            self.accounts.setdefault(args[0], Account(primary=args[1], requires_ssl=True))
        elif statement == "ALTER USER %s@'%%' REQUIRE SSL ACCOUNT UNLOCK":
            self.accounts[args[0]].requires_ssl, self.accounts[args[0]].locked = True, False
        elif statement == "ALTER USER IF EXISTS %s@'%%' ACCOUNT LOCK":
            if args[0] in self.accounts:
                self.accounts[args[0]].locked = True
        else:
            return False
        return True

    def _change_rights(self, statement: str, args: tuple[str, ...]) -> bool:
        granted = re.fullmatch(r"GRANT ([A-Z, ]+) ON `([a-z0-9-]+)`\.\* TO %s@'%%'", statement)
        revoked = re.fullmatch(r"REVOKE ([A-Z, ]+) ON `([a-z0-9-]+)`\.\* FROM %s@'%%'", statement)
        if granted:
            self.accounts[args[0]].grants.setdefault(granted[2], set()).update(
                rights_of(granted[1])
            )
        elif revoked:
            grants = self.accounts[args[0]].grants
            grants[revoked[2]] -= rights_of(revoked[1])
            if not grants[revoked[2]]:
                del grants[revoked[2]]
        elif statement == (
            "SELECT TABLE_SCHEMA, PRIVILEGE_TYPE FROM information_schema.SCHEMA_PRIVILEGES "
            "WHERE GRANTEE = %s"
        ):
            grants = self.accounts[args[0].split("'")[1]].grants
            self.answer = [
                (database, right) for database, rights in grants.items() for right in rights
            ]
        else:
            return False
        return True

    def _change_password(self, statement: str, args: tuple[str, ...]) -> bool:
        account = self.accounts.get(args[0]) if args else None
        if account and statement == "ALTER USER %s@'%%' IDENTIFIED BY %s":
            account.primary = args[1]  # The retained password is unchanged.
        elif account and statement == (
            "ALTER USER %s@'%%' IDENTIFIED BY %s RETAIN CURRENT PASSWORD"
        ):
            account.secondary, account.primary = account.primary, args[1]
        else:
            return False
        return True


class Connection:
    """Connection of one user."""

    def __init__(self, server: FakeMySQL, user: str) -> None:
        self.server, self.user = server, user

    def __enter__(self) -> "Connection":
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        return None

    @contextmanager
    def cursor(self) -> Iterator["Connection"]:
        yield self

    def fetchall(self) -> list[tuple[str, str]]:
        return self.server.answer

    def execute(self, statement: str, args: tuple[Any, ...] = ()) -> None:
        self.server.execute(self.user, statement, args)

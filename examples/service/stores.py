"""Catalogue and cache, each within its time and with its authority."""

import os
import secrets
import ssl
import threading
import time
from contextlib import suppress
from typing import Any

import pymysql
import redis
from given import UnavailableError, User
from redis.backoff import NoBackoff
from redis.retry import Retry

ACCESS_DENIED = 1045
WAIT_SECONDS = 2
AT_ONCE_SECONDS = 1.0


class Catalogue:
    """MySQL, read from a replica: bounded connections, TLS with the authority of RDS, and answers
    within five seconds.
    """

    def __init__(self) -> None:
        self._user = User("CATALOGUE")
        self._authority = ssl.create_default_context(cadata=os.environ["CATALOGUE_AUTHORITY"])
        self._may_connect = threading.Semaphore(int(os.environ["CATALOGUE_CONNECTIONS"]))
        self._idle: list[pymysql.Connection[Any]] = []

    def row(self, statement: str, *values: object) -> tuple[Any, ...] | None:
        """Return the first row of a query.

        Raises:
            UnavailableError: without an answer in time.
        """
        if not self._may_connect.acquire(timeout=WAIT_SECONDS):
            raise UnavailableError("catalogue: every connection is in use")
        try:
            return self._asked_twice(statement, values)
        except pymysql.err.OperationalError as error:
            # The number identifies the error, such as 1045 for a refused login. The text may have
            # content of a listener.
            raise UnavailableError(f"catalogue: {error.args[0]}") from error
        finally:
            self._may_connect.release()

    def _asked_twice(self, statement: str, values: tuple[object, ...]) -> tuple[Any, ...] | None:
        begun = time.monotonic()
        while self._idle:
            with suppress(IndexError):
                connection = self._idle.pop()
                try:
                    return self._asked(connection, statement, values)
                except pymysql.err.OperationalError:
                    # A connection that was closed in the meantime fails at once. A database that
                    # hangs is not queried again.
                    if time.monotonic() - begun > AT_ONCE_SECONDS:
                        raise
        return self._asked(self._connected(), statement, values)

    def _asked(
        self, connection: "pymysql.Connection[Any]", statement: str, values: tuple[object, ...]
    ) -> tuple[Any, ...] | None:
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement, values)
                found = cursor.fetchone()
        except BaseException:
            with suppress(pymysql.err.Error):
                connection.close()
            raise
        self._idle.append(connection)
        return found

    def _connected(self) -> "pymysql.Connection[Any]":
        try:
            return self._connect()
        except pymysql.err.OperationalError as error:
            if error.args[0] == ACCESS_DENIED and self._user.read_again():
                return self._connect()
            raise

    def _connect(self) -> "pymysql.Connection[Any]":
        primary = os.environ["CATALOGUE_HOST"]
        reader = secrets.choice(os.environ["CATALOGUE_READER_HOSTS"].split(","))
        try:
            return self._connect_to(reader)
        except pymysql.err.OperationalError as error:
            # A replica may be removed while the task runs.
            if reader == primary or error.args[0] == ACCESS_DENIED:
                raise
            return self._connect_to(primary)

    def _connect_to(self, host: str) -> "pymysql.Connection[Any]":
        return pymysql.connect(
            host=host,
            port=int(os.environ["CATALOGUE_PORT"]),
            database=os.environ["CATALOGUE_DBNAME"],
            user=self._user.name,
            password=self._user.password,
            ssl=self._authority,
            autocommit=True,
            connect_timeout=2,
            read_timeout=5,
            write_timeout=5,
        )


class Cache:
    """Redis: 200 ms and no retry. Without its cache a service is slower, not down."""

    def __init__(self) -> None:
        self._user, self._prefix = User("CACHE"), os.environ["CACHE_PREFIX"]
        self._client = self._connect()

    def get(self, key: str) -> bytes | None:
        """Return the value of a key, or None without an answer of the cache."""
        with suppress(redis.RedisError):
            return self._tried(  # type: ignore[no-any-return]
                lambda client: client.get(self._prefix + key)
            )
        return None

    def put(self, key: str, value: str, seconds: int) -> None:
        """Store a value for some seconds, if the cache is available."""
        with suppress(redis.RedisError):
            self._tried(lambda client: client.set(self._prefix + key, value, ex=seconds))

    def _tried(self, command: Any) -> Any:
        try:
            return command(self._client)
        except redis.AuthenticationError:
            if not self._user.read_again():
                raise
            self._client = self._connect()
            return command(self._client)

    def _connect(self) -> "redis.Redis":
        return redis.Redis(
            host=os.environ["CACHE_HOST"],
            port=int(os.environ["CACHE_PORT"]),
            username=self._user.name,
            password=self._user.password,
            ssl=True,
            ssl_check_hostname=True,
            socket_connect_timeout=0.2,
            socket_timeout=0.2,
            retry=Retry(NoBackoff(), 0),
        )

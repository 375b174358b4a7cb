"""Rotates the passwords of ElastiCache users without an outage."""

import os
import socket
import ssl
import time
from collections.abc import Callable
from typing import Any

import boto3
from rotation import Credentials, Store, rotate

_POLL_SECONDS = 5
_CONNECT_SECONDS = 10


class CacheError(Exception):
    """The cache did not take what it should have taken."""


def handler(event: dict[str, Any], context: Any) -> None:
    """Answers Secrets Manager, which wants a password replaced."""
    remaining = lambda: context.get_remaining_time_in_millis() / 1000  # noqa: E731
    rotate(
        event, boto3.client("secretsmanager"), store(boto3.client("elasticache"), log_in, remaining)
    )


def store(
    elasticache: Any, log_in: Callable[[Credentials], None], remaining: Callable[[], float]
) -> Store:
    """ElastiCache as a store of two passwords for each user (Amazon ElastiCache user guide, automatic rotation of passwords).

    Args:
        elasticache: ElastiCache client.
        log_in: logs in to the cache, or raises.
        remaining: seconds that this function may still run.
    """

    def accept(current: Credentials, pending: Credentials) -> None:
        _wait_until_active(elasticache, current["user_id"], remaining)
        elasticache.modify_user(
            UserId=current["user_id"], Passwords=[pending["password"], current["password"]]
        )
        # The nodes learn of it one after another, and the user is active when all have.
        _wait_until_active(elasticache, current["user_id"], remaining)

    return Store(accept=accept, prove=log_in)


def _wait_until_active(elasticache: Any, user_id: str, remaining: Callable[[], float]) -> None:
    while elasticache.describe_users(UserId=user_id)["Users"][0]["Status"] != "active":
        if remaining() < 2 * _POLL_SECONDS:
            raise CacheError(
                f"User {user_id} is not active yet; the rotation goes on at the next try"
            )
        time.sleep(_POLL_SECONDS)


def log_in(credentials: Credentials) -> None:
    """Logs in over TLS, to a server whose certificate and name were verified: one command, for which a client library is too much."""
    host, port = os.environ["CACHE_HOST"], int(os.environ["CACHE_PORT"])
    with (
        socket.create_connection((host, port), timeout=_CONNECT_SECONDS) as plain,
        ssl.create_default_context().wrap_socket(plain, server_hostname=host) as connection,
    ):
        authenticate(connection, credentials)


def authenticate(connection: socket.socket, credentials: Credentials) -> None:
    """Sends AUTH in the Redis protocol and reads its answer."""
    words = ("AUTH", credentials["username"], credentials["password"])
    command = f"*{len(words)}\r\n" + "".join(
        f"${len(word.encode())}\r\n{word}\r\n" for word in words
    )
    connection.sendall(command.encode())
    reply = connection.makefile("rb").readline()
    if reply != b"+OK\r\n":
        raise CacheError(
            f"AUTH of {credentials['username']}: {reply.decode(errors='replace').strip()}"
        )

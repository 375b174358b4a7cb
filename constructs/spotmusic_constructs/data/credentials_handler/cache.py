"""Rotate the passwords of ElastiCache users without an outage."""

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
    """Password that ElastiCache has not applied, or rejects."""


def handler(event: dict[str, Any], context: Any) -> None:
    """Run one step of a rotation for Secrets Manager."""
    remaining = lambda: context.get_remaining_time_in_millis() / 1000  # noqa: E731
    rotate(
        event, boto3.client("secretsmanager"), store(boto3.client("elasticache"), log_in, remaining)
    )


def store(
    elasticache: Any, log_in: Callable[[Credentials], None], remaining: Callable[[], float]
) -> Store:
    """ElastiCache as a store of two passwords for each user.

    Source: Amazon ElastiCache user guide, automatic rotation of passwords.

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
        # Nodes apply the password one after another; the user is active when all have it.
        _wait_until_active(elasticache, current["user_id"], remaining)

    return Store(accept=accept, prove=log_in)


def _wait_until_active(elasticache: Any, user_id: str, remaining: Callable[[], float]) -> None:
    while elasticache.describe_users(UserId=user_id)["Users"][0]["Status"] != "active":
        if remaining() < 2 * _POLL_SECONDS:
            raise CacheError(f"user {user_id} is not active yet. The next attempt continues.")
        time.sleep(_POLL_SECONDS)


def log_in(credentials: Credentials) -> None:
    """Log in over TLS and verify certificate and host name.

    It sends one command, which does not justify a client library.
    """
    host, port = os.environ["CACHE_HOST"], int(os.environ["CACHE_PORT"])
    with (
        socket.create_connection((host, port), timeout=_CONNECT_SECONDS) as plain,
        ssl.create_default_context().wrap_socket(plain, server_hostname=host) as connection,
    ):
        authenticate(connection, credentials)


def authenticate(connection: socket.socket, credentials: Credentials) -> None:
    """Send AUTH in the Redis protocol and read its answer."""
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

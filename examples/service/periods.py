"""Periodic work: every task of a service tries to publish it, and one of them does."""

import time
from collections.abc import Callable
from typing import Protocol

CLAIMED_SECONDS = 60
"""Maximum seconds of a publication. Another task tries after this time."""


class Keys(Protocol):
    """Interface of a Redis client."""

    def set(self, name: str, value: str, *, ex: int, nx: bool = False) -> object:
        """Store a value for `ex` seconds. With `nx`, store it only if the key does not exist."""


def once(cache: Keys, name: str, seconds: int, publish: Callable[[], None]) -> None:
    """Publish a task in each period, usually once. A lost key in the cache causes a duplicate.

    Args:
        cache: client of Redis.
        name: key of the work, with the prefix `CACHE_PREFIX`.
        seconds: length of a period. Periods begin at multiples of it since 1970, UTC.
        publish: publishes the task, and raises an error without a confirmation of RabbitMQ.
    """
    key = f"{name}:{int(time.time()) // seconds}"
    if cache.set(key, "claimed", ex=CLAIMED_SECONDS, nx=True):
        publish()
        cache.set(key, "published", ex=2 * seconds)

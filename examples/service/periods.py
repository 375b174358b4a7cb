"""Work that repeats: every task of a service asks, and one of them publishes it."""

import time
from collections.abc import Callable
from typing import Protocol

CLAIMED_SECONDS = 60
"""Longest time for publishing. After it another task tries."""


class Keys(Protocol):
    """A client of Redis, as far as it is used here."""

    def set(self, name: str, value: str, *, ex: int, nx: bool = False) -> object:
        """Keeps a value for `ex` seconds; with `nx` only under a key that is free."""


def once(cache: Keys, name: str, seconds: int, publish: Callable[[], None]) -> None:
    """Publishes a task in each period, mostly once: it comes twice when the cache loses a key.

    Args:
        cache: client of Redis.
        name: key of the work, with `CACHE_PREFIX` before it.
        seconds: length of a period. Periods begin at multiples of it since 1970, UTC.
        publish: publishes the task, and raises when RabbitMQ did not confirm it.
    """
    key = f"{name}:{int(time.time()) // seconds}"
    if cache.set(key, "claimed", ex=CLAIMED_SECONDS, nx=True):
        publish()
        cache.set(key, "published", ex=2 * seconds)

"""Queue of single requests, to compare with the formulas of tools/load/queueing.py."""

from heapq import heapreplace
from random import Random

REQUESTS = 10_000
"""Simulated requests. The first tenth, in which the queue fills, is not counted."""


def mean_response(*, servers: int, load: float, service_seconds: float, seed: int) -> float:
    """Return the mean time from arrival to response, in seconds.

    Args:
        servers: servers behind one queue.
        load: busy servers on average (erlangs), below `servers`.
        service_seconds: mean time of a request on a server.
        seed: seed of arrivals and of service times.
    """
    random = Random(seed)  # noqa: S311 - not a secret
    now, times = 0.0, list[float]()
    free = [0.0] * servers  # heap of times at which each server becomes free
    for _ in range(REQUESTS):
        now += random.expovariate(load / service_seconds)
        answered = max(now, free[0]) + random.expovariate(1 / service_seconds)
        heapreplace(free, answered)
        times.append(answered - now)
    counted = times[REQUESTS // 10 :]
    return sum(counted) / len(counted)

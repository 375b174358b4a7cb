"""Formulas of queueing and scalability."""

from functools import lru_cache
from math import exp, inf


@lru_cache(maxsize=100_000)
def waiting_probability(servers: int, load: float) -> float:
    """Return the probability that a request waits, by Erlang C.

    Arrivals are random, service times exponential, and one queue feeds every server (M/M/c).

    Args:
        servers: servers, at least one.
        load: busy servers on average (erlangs).
    """
    if load >= servers:
        return 1.0
    blocked = 1.0
    for number in range(1, servers + 1):
        blocked = load * blocked / (number + load * blocked)
    return servers * blocked / (servers - load * (1 - blocked))


def waiting_longer(servers: int, load: float, service_seconds: float, seconds: float) -> float:
    """Return the probability that a request waits longer than a given time.

    Args:
        servers: servers, at least one.
        load: busy servers on average.
        service_seconds: mean time of a request on a server.
        seconds: the given time.
    """
    if load >= servers:
        return 1.0
    return waiting_probability(servers, load) * exp(-(servers - load) * seconds / service_seconds)


def mean_wait(servers: int, load: float, service_seconds: float) -> float:
    """Return the mean time in the queue in seconds; infinite if the servers are overloaded."""
    if load >= servers:
        return inf
    return waiting_probability(servers, load) * service_seconds / (servers - load)


def scaled_capacity(units: float, contention: float, coherency: float) -> float:
    """Return the capacity of several units in units of one, by the Universal Scalability Law.

    Args:
        units: cores or brokers, at least one.
        contention: serial share of the work.
        coherency: share of the work to synchronize each pair.
    """
    return units / (1 + contention * (units - 1) + coherency * units * (units - 1))


def best_capacity(units: int, contention: float, coherency: float) -> float:
    """Return the largest capacity of up to this many units; more units may reduce it."""
    return max(
        scaled_capacity(number, contention, coherency) for number in range(1, max(1, units) + 1)
    )

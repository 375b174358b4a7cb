"""Stations of a cell: servers with a queue, and topics with consumers.

Time passes in steps. Requests are counted per step and not simulated one by one; Erlang C adds the
wait within a step.
"""

from dataclasses import dataclass
from itertools import pairwise
from math import exp, inf, log

from tools.load.queueing import waiting_probability

PERCENTILE = log(100)
"""Multiple of the mean that 1% of exponential times exceed."""


@dataclass(kw_only=True, slots=True)
class Answers:
    """Answers of a station in a step.

    Args:
        requests: arrived requests.
        failed: share of errors.
        queue_seconds: wait behind requests of earlier steps.
        waiting: share of requests that wait for requests of the same step.
        decay: rate at which this wait ends, per second.
        service_seconds: mean time without a wait.
    """

    requests: float
    failed: float
    queue_seconds: float
    waiting: float
    decay: float
    service_seconds: float

    def late(self, seconds: float) -> float:
        """Return the share of responses later than a given time, including errors.

        It includes the slowest 1% of service times.
        """
        left = seconds - self.queue_seconds - PERCENTILE * self.service_seconds
        share = 1.0 if left < 0 else self.waiting * exp(-self.decay * left)
        return self.failed + (1 - self.failed) * share

    @property
    def p99_seconds(self) -> float:
        """Time within which 99% of responses arrive."""
        behind = log(self.waiting * 100) / self.decay if 0.01 < self.waiting < 1 else 0.0
        return self.queue_seconds + behind + PERCENTILE * self.service_seconds


class Pool:
    """Equal servers behind one queue.

    Args:
        servers: running servers.
        per_server: requests per second of a server at full cpu.
        served: served requests per second at the start.
        patience_seconds: wait after which a request is an error; infinite for a queue of messages.
    """

    def __init__(
        self,
        *,
        servers: float,
        per_server: float,
        served: float = 0.0,
        patience_seconds: float = inf,
    ) -> None:
        self.servers, self.per_server, self.patience_seconds = servers, per_server, patience_seconds
        self.served = served
        self.unreachable = 0.0
        """Share of requests that fail because their server or primary is lost."""
        self.backlog = 0.0

    @property
    def busy(self) -> float:
        """Utilization of the servers at the rate of the last step."""
        return min(1.0, self.served / self.per_second) if self.per_second else 0.0

    @property
    def per_second(self) -> float:
        """Requests per second at full cpu."""
        return self.servers * self.per_server

    def step(self, requests: float, seconds: float) -> Answers:
        """Serve the requests that arrive in a step of some seconds."""
        reached = requests * (1 - self.unreachable)
        room = self.per_second * seconds
        served = min(self.backlog + reached, room)
        waiting = self.backlog + reached - served
        self.backlog = min(waiting, self.per_second * self.patience_seconds) if waiting else 0.0
        self.served = served / seconds
        failed = requests - reached + waiting - self.backlog
        load = reached / seconds / self.per_server
        return Answers(
            requests=requests,
            failed=min(1.0, failed / requests) if requests else 0.0,
            queue_seconds=self.backlog / self.per_second if self.per_second else 0.0,
            waiting=waiting_probability(max(1, int(self.servers)), round(load, 1)),
            decay=max(0.0, (self.servers - load) * self.per_server),
            service_seconds=1 / self.per_server,
        )


class Consumers:
    """Consumer group of a topic.

    Args:
        arriving: written events per second in the busiest minute.
        per_second: maximum events per second of all partitions.
    """

    def __init__(self, *, arriving: float, per_second: float) -> None:
        self.arriving, self.per_second = arriving, per_second
        self.stopped = False
        self.backlog = 0.0

    def step(self, events: float, seconds: float) -> None:
        """Consume events that are written in a step of some seconds."""
        room = 0.0 if self.stopped else self.per_second * seconds
        self.backlog = max(0.0, self.backlog + events - room)

    @property
    def lag_seconds(self) -> float:
        """Age of the oldest waiting event."""
        return self.backlog / self.arriving if self.arriving else 0.0


class CacheWarmth:
    """Share of requested objects in a cache that fills from empty.

    The popularity of objects follows Zipf's law, so the first requests fill most of the cache.

    Args:
        objects: objects of the catalogue.
    """

    def __init__(self, *, objects: int) -> None:
        self._weights = _zipf(objects)
        self._read = inf

    def empty(self) -> None:
        """Remove all objects."""
        self._read = 0.0

    def fill(self, reads: float) -> None:
        """Store the results of successful database reads."""
        self._read += reads

    @property
    def missing(self) -> float:
        """Share of cache misses."""
        if self._read == inf:
            return 0.0
        return sum(count * share * exp(-share * self._read) for share, count in self._weights)


def _zipf(objects: int) -> list[tuple[float, int]]:
    """Shares of objects by popularity, and number of objects with each, in steps of a tenth."""
    bounds, rank = [1], 1.0
    while bounds[-1] <= objects:
        rank = max(rank + 1, rank * 1.1)
        bounds.append(int(rank))
    bounds[-1] = objects + 1
    groups = [(low, high - low) for low, high in pairwise(bounds) if high > low]
    total = sum(count / (low + (count - 1) / 2) for low, count in groups)
    return [(1 / (low + (count - 1) / 2) / total, count) for low, count in groups]

"""Queue of single requests, to compare with the formulas of spotmusic_cdk/capacity/queueing.py."""

from collections.abc import Generator
from random import Random

import simpy


def mean_response(*, servers: int, load: float, service_seconds: float, requests: int, seed: int) -> float:
    """Returns the mean time from arrival to answer, in seconds.

    Args:
        servers: servers behind one queue.
        load: busy servers on average (erlangs), below `servers`.
        service_seconds: mean time of a request on a server.
        requests: simulated requests. The first tenth, while the queue builds up, is not counted.
        seed: seed of arrivals and of service times.
    """
    random = Random(seed)  # noqa: S311 (no secret)
    world, times = simpy.Environment(), list[float]()
    pool = simpy.Resource(world, capacity=servers)

    def request() -> Generator[simpy.Event]:
        arrived = world.now
        with pool.request() as turn:
            yield turn
            yield world.timeout(random.expovariate(1 / service_seconds))
        times.append(world.now - arrived)

    def arrivals() -> Generator[simpy.Event]:
        for _ in range(requests):
            yield world.timeout(random.expovariate(load / service_seconds))
            world.process(request())

    world.process(arrivals())
    world.run()
    counted = times[requests // 10 :]
    return sum(counted) / len(counted)

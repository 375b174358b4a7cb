"""Scaling of tasks and pods during a simulation."""

from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass
from math import ceil

import simpy

from tools.simulation.stations import Pool

START_SECONDS = 90
"""Time until a new task responds: image, start and two health checks. Assumed until measured."""
POD_SECONDS = 60
"""Time until a new pod of Kong responds, with the start of a node. Assumed until measured."""
MINUTE = 60
OUT_MINUTES, IN_MINUTES = 3, 15
"""Minutes above a target, and below nine tenths of it, until target tracking scales.

Source: Amazon ECS developer guide, target tracking scaling policies; read 2026-11.
"""
OUT_SECONDS, IN_SECONDS = 60, 300
"""Cool-downs of constructs/spotmusic_constructs/services/scaling.py."""
SYNC_SECONDS, TOLERANCE, STABLE_SECONDS = 15, 0.1, 300
"""Horizontal pod autoscaler of Kubernetes (its documentation, algorithm details; read 2026-11)."""


@dataclass(frozen=True, kw_only=True)
class Average:
    """Average of a target tracking policy.

    Args:
        target: target of the policy.
        read: returns the average of the last minute.
    """

    target: float
    read: Callable[[], float]


class Tasks:
    """Servers of a pool that start and stop.

    Args:
        world: clock of the simulation.
        pool: pool of the servers.
        of_server: servers of the pool per task or pod, such as its cores.
        least: minimum of tasks.
        most: maximum of tasks.
        start_seconds: time until a new task responds.
    """

    def __init__(
        self,
        world: simpy.Environment,
        pool: Pool,
        *,
        least: int,
        most: int,
        of_server: float = 1,
        start_seconds: float = START_SECONDS,
    ) -> None:
        self.world, self.pool, self.least, self.most = world, pool, least, most
        self.of_server, self.start_seconds = of_server, start_seconds
        self.wanted = self.running = round(pool.servers / of_server)
        self.deploying = False

    def want(self, tasks: int) -> None:
        """Start or stop tasks to reach a number.

        Args:
            tasks: number of tasks, limited by the bounds.
        """
        more = min(self.most, max(self.least, tasks)) - self.wanted
        if more > 0:
            self.world.process(self._start(more))
        else:
            self._change(more)
        self.wanted += more

    def lose(self, tasks: int) -> None:
        """Stop tasks, which ECS or Kubernetes restarts elsewhere.

        Args:
            tasks: lost tasks.
        """
        self._change(-tasks)
        self.world.process(self._start(tasks))

    def _start(self, tasks: int) -> Generator[simpy.Event]:
        yield self.world.timeout(self.start_seconds)
        self._change(tasks)

    def _change(self, tasks: int) -> None:
        self.running = max(0, self.running + tasks)
        self.pool.servers = self.running * self.of_server


def target_tracking(tasks: Tasks, averages: list[Average]) -> Generator[simpy.Event]:
    """Process of Application Auto Scaling; the average with the highest need of tasks applies.

    Args:
        tasks: tasks of a service.
        averages: averages of its policies.
    """
    above = [0] * len(averages)
    below = [0] * len(averages)
    quiet_until = 0.0
    while True:
        yield tasks.world.timeout(MINUTE)
        ratios = [average.read() / average.target for average in averages]
        above = [count + 1 if ratio > 1 else 0 for count, ratio in zip(above, ratios, strict=True)]
        below = [
            count + 1 if ratio < 0.9 else 0 for count, ratio in zip(below, ratios, strict=True)
        ]
        out = [ratio for count, ratio in zip(above, ratios, strict=True) if count >= OUT_MINUTES]
        if out and tasks.world.now >= quiet_until:
            tasks.want(max(tasks.wanted, ceil(tasks.running * max(out))))
            quiet_until = tasks.world.now + OUT_SECONDS
        elif min(below) >= IN_MINUTES and tasks.world.now >= quiet_until and not tasks.deploying:
            tasks.want(ceil(tasks.running * max(ratios)))
            quiet_until = tasks.world.now + IN_SECONDS


def pod_autoscaler(pods: Tasks, average: Average) -> Generator[simpy.Event]:
    """Process of the horizontal pod autoscaler.

    Args:
        pods: pods of a deployment.
        average: average of the autoscaler.
    """
    recent: deque[int] = deque(maxlen=STABLE_SECONDS // SYNC_SECONDS)
    while True:
        yield pods.world.timeout(SYNC_SECONDS)
        ratio = average.read() / average.target
        recent.append(pods.wanted if abs(ratio - 1) <= TOLERANCE else ceil(pods.running * ratio))
        pods.want(max(recent))

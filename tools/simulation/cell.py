"""Cell with its planned settings over time."""

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from math import ceil, inf, prod, sqrt
from random import Random

import simpy

from spotmusic_cdk.settings import Settings
from spotmusic_constructs.gateway import kong_values
from spotmusic_constructs.gateway.declarative_config import ANSWER_MS
from tools.capacity.constraints import lost
from tools.cost.resources import vcpus
from tools.load import Load, load_of
from tools.load.components import ServiceLoad
from tools.load.queueing import best_capacity
from tools.preflight.quotas import KEYCLOAK_VCPUS, KONG_VCPUS
from tools.simulation.scaling import (
    MINUTE,
    POD_SECONDS,
    Average,
    Tasks,
    pod_autoscaler,
    target_tracking,
)
from tools.simulation.stations import Answers, CacheWarmth, Consumers, Pool

PATIENCE_SECONDS = ANSWER_MS / 1000
TRACKS = 100_000
"""Tracks of the catalogue, as in `capacity.cache.catalogue_gib`; sessions are in addition."""
LATE_SECONDS, START_LATE_SECONDS, LAG_SECONDS = 0.5, 2.0, 30.0
"""Limits of web-api-latency, playback-start and event-lag (docs/slo.md)."""


@dataclass(kw_only=True)
class Moment:
    """State of a cell after a step.

    Args:
        second: time of the simulation.
        bad: share of bad requests by service level objective.
        p99_seconds: time within which 99% of requests to the Web API are answered.
        lag_seconds: largest lag of a consumer.
        tasks: running tasks by service.
    """

    second: float
    bad: Mapping[str, float]
    p99_seconds: float
    lag_seconds: float
    tasks: Mapping[str, int]


@dataclass(kw_only=True)
class Service:
    """Service of a cell.

    Args:
        name: name of the service.
        load: load in the busiest minute.
        pool: tasks as servers.
        tasks: tasks with their scaling.
        routed: whether the service has a route.
    """

    name: str
    load: ServiceLoad
    pool: Pool
    tasks: Tasks
    routed: bool
    per_minute: float = 0.0

    @property
    def per_target(self) -> float:
        """Requests per minute and task in the last step."""
        return self.per_minute / max(1, self.tasks.running)


class Cell:
    """Simulated components of an environment.

    Args:
        settings: planned settings.
        listeners: monthly listeners.
        shape: load at a second, relative to the busiest minute.
        seed: seed of arrivals.
        step: seconds between two states, at most a minute.
    """

    def __init__(
        self,
        settings: Settings,
        listeners: int,
        *,
        shape: Callable[[float], float],
        seed: int,
        step: int,
    ) -> None:
        self.settings, self.shape, self._seconds = settings, shape, step
        self.load: Load = load_of(settings, listeners)
        self.world = simpy.Environment()
        self.zones = len(settings.zones)
        self.moments: list[Moment] = []
        self._random = Random(seed)  # noqa: S311 - not a secret
        self.services = [
            self._service(name, load)
            for name, load in self.load.services.items()
            if load.per_second
        ]
        self.kong = self._kong()
        self.keycloak = self._keycloak()
        self.database = self._database()
        self.cache = CacheWarmth(objects=TRACKS + int(self.load.audience.concurrent))
        self.topics = {name: self._consumers(name) for name in self.load.events.topics}
        self.world.process(self._pass_time())

    def run(self, seconds: float) -> list[Moment]:
        """Return the state after each step.

        Args:
            seconds: simulated time.
        """
        self.world.run(until=seconds)
        return self.moments

    def _service(self, name: str, load: ServiceLoad) -> Service:
        declared = self.settings.services[name]
        per_second = load.per_second * self.shape(0)
        patience = PATIENCE_SECONDS if declared.route else inf
        tasks = min(declared.scaling.max, declared.tasks_for(per_second))
        pool = Pool(servers=tasks, per_server=1 / load.service_seconds, patience_seconds=patience)
        scaled = Tasks(self.world, pool, least=declared.scaling.min, most=declared.scaling.max)
        service = Service(
            name=name, load=load, pool=pool, tasks=scaled, routed=declared.route is not None
        )
        averages = [Average(target=declared.scaling.cpu_percent / 100, read=lambda: pool.busy)]
        if declared.requests_per_target:
            averages.append(
                Average(target=declared.requests_per_target, read=lambda: service.per_target)
            )
        if declared.scaling.messages_per_task:
            averages.append(
                Average(
                    target=declared.scaling.messages_per_task,
                    read=lambda: pool.backlog / max(1, scaled.running),
                )
            )
        self.world.process(target_tracking(scaled, averages))
        return service

    def _kong(self) -> Tasks:
        kong = self.settings.kubernetes.kong
        per_core = self.settings.capacity.requests.gateway_per_core
        requests = self.load.gateway.requests_per_second * self.shape(0)
        pods = min(
            kong.max_replicas,
            max(
                kong.min_replicas,
                ceil(requests / per_core * 100 / kong_values.CPU_PERCENT / KONG_VCPUS),
            ),
        )
        pool = Pool(
            servers=pods * KONG_VCPUS,
            per_server=per_core,
            served=requests,
            patience_seconds=PATIENCE_SECONDS,
        )
        scaled = Tasks(
            self.world,
            pool,
            least=kong.min_replicas,
            most=kong.max_replicas,
            of_server=KONG_VCPUS,
            start_seconds=POD_SECONDS,
        )
        self.world.process(
            pod_autoscaler(
                scaled, Average(target=kong_values.CPU_PERCENT / 100, read=lambda: pool.busy)
            )
        )
        return scaled

    def _keycloak(self) -> Tasks:
        replicas, load = self.settings.kubernetes.keycloak.replicas, self.load.identity
        pool = Pool(
            servers=replicas * KEYCLOAK_VCPUS,
            per_server=(load.logins_per_second + load.tokens_per_second) / load.cores
            if load.cores
            else 1.0,
            patience_seconds=PATIENCE_SECONDS,
        )
        return Tasks(
            self.world,
            pool,
            least=replicas,
            most=replicas,
            of_server=KEYCLOAK_VCPUS,
            start_seconds=POD_SECONDS,
        )

    def _database(self) -> Pool:
        cores = self._cores(self.settings.data.catalogue.read_replicas)
        per_core = self.settings.capacity.database.core_queries_per_second
        return Pool(servers=cores, per_server=per_core, patience_seconds=PATIENCE_SECONDS)

    def _cores(self, replicas: int) -> float:
        """Cores of the catalogue for queries.

        Each replica executes all writes; its other cores answer reads.
        """
        assumed = self.settings.capacity.database
        cores = best_capacity(
            vcpus(self.settings.data.catalogue.instance_class),
            assumed.contention,
            assumed.coherency,
        )
        return cores + replicas * (cores - self.load.database.write_cores)

    def _consumers(self, topic: str) -> Consumers:
        partitions = self.settings.topics[topic].partitions
        arriving = self.load.events.topics[topic].events_per_second
        return Consumers(
            arriving=arriving,
            per_second=partitions * self.settings.capacity.events.partition_per_second,
        )

    def lose_zone(self) -> None:
        """Remove one zone: tasks, pods, the primaries of both databases, and replicas permanently.

        Keycloak answers no login and renews no token without its database.
        """
        for tasks in self.scaled:
            tasks.pool.unreachable = (
                lost(tasks.running, self.zones) / tasks.running if tasks.running else 0.0
            )
            tasks.lose(lost(tasks.running, self.zones))
        self.database.unreachable = self.keycloak.pool.unreachable = 1.0
        replicas = self.settings.data.catalogue.read_replicas
        self.database.servers = self._cores(replicas - lost(replicas, self.zones))

    def find_targets(self) -> None:
        """End requests to lost tasks and pods, after load balancers have found healthy targets."""
        for tasks in self.scaled:
            if tasks is not self.keycloak:
                tasks.pool.unreachable = 0.0

    def find_primaries(self) -> None:
        """End queries to lost primaries, after the failover of both databases."""
        self.database.unreachable = self.keycloak.pool.unreachable = 0.0

    @property
    def scaled(self) -> list[Tasks]:
        """All tasks and pods that serve requests."""
        return [self.kong, self.keycloak, *(service.tasks for service in self.services)]

    def _pass_time(self) -> Generator[simpy.Event]:
        while True:
            yield self.world.timeout(self._seconds)
            self.moments.append(self._step(self.shape(self.world.now)))

    def _step(self, share: float) -> Moment:
        load, seconds = self.load, self._seconds
        gateway = self.kong.pool.step(
            self._arrivals(load.gateway.requests_per_second * share), seconds
        )
        tokens = load.identity.logins_per_second + load.identity.tokens_per_second
        logins = self.keycloak.pool.step(self._arrivals(tokens * share), seconds)
        requests = {
            service.name: self._arrivals(service.load.per_second * share)
            for service in self.services
        }
        queries = self._query(requests)
        answers = {}
        for service in self.services:
            service.per_minute = requests[service.name] * MINUTE / seconds
            answers[service.name] = service.pool.step(requests[service.name], seconds)
        for topic in self.topics.values():
            topic.step(self._arrivals(topic.arriving * share), seconds)
        slowest = max(
            (answers[service.name].p99_seconds for service in self._routed()), default=0.0
        )
        return Moment(
            second=self.world.now,
            bad={
                "web-api-availability": self._mean(
                    answers, lambda answer: answer.failed, gateway, queries
                ),
                "web-api-latency": self._mean(
                    answers, lambda answer: answer.late(LATE_SECONDS), gateway, queries
                ),
                "playback-start": _any(
                    *(
                        part.late(START_LATE_SECONDS)
                        for part in (gateway, answers.get("playback", gateway), queries)
                    )
                ),
                "event-lag": self._lagging(),
                "login": _any(gateway.failed, logins.failed),
            },
            p99_seconds=gateway.p99_seconds + slowest + queries.p99_seconds,
            lag_seconds=max((topic.lag_seconds for topic in self.topics.values()), default=0.0),
            tasks={service.name: service.tasks.running for service in self.services},
        )

    def _query(self, requests: Mapping[str, float]) -> Answers:
        """Serve the queries of a step: regular ones, and reads of objects that the cache lost."""
        usual = reads = 0.0
        for service in self.services:
            share = requests[service.name] / service.load.per_second
            usual += share * service.load.queries_per_second
            reads += share * service.load.cache_operations_per_second
        missed = reads * self.cache.missing
        queries = self.database.step(usual + missed, self._seconds)
        self.cache.fill(missed * (1 - queries.failed))
        return queries

    def _routed(self) -> Iterator[Service]:
        return (service for service in self.services if service.routed)

    def _mean(
        self,
        answers: Mapping[str, Answers],
        bad: Callable[[Answers], float],
        gateway: Answers,
        queries: Answers,
    ) -> float:
        """Share of bad requests to the Web API; only some of its services query the database."""
        requests = spoiled = 0.0
        for service in self._routed():
            answer, asked = answers[service.name], service.load.queries_per_second > 0
            requests += answer.requests
            spoiled += answer.requests * _any(
                bad(gateway), bad(answer), bad(queries) if asked else 0.0
            )
        return spoiled / requests if requests else 0.0

    def _lagging(self) -> float:
        """Share of events in topics with a consumer lag."""
        events = sum(topic.arriving for topic in self.topics.values())
        late = sum(
            topic.arriving for topic in self.topics.values() if topic.lag_seconds > LAG_SECONDS
        )
        return late / events if events else 0.0

    def _arrivals(self, per_second: float) -> float:
        """Random arrivals of a step: Poisson, approximated by a normal distribution."""
        mean = per_second * self._seconds
        return max(0.0, self._random.gauss(mean, sqrt(mean)))


def _any(*shares: float) -> float:
    """Share of requests with at least one bad part, of several independent ones."""
    return 1 - prod(1 - share for share in shares)

"""Load of each component compared with its settings, and changes that raise the settings."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import KW_ONLY, dataclass
from functools import partial
from math import ceil, floor

from spotmusic_cdk.settings import Settings, addresses
from spotmusic_cdk.settings.data import DatabaseSettings
from spotmusic_cdk.settings.regions import CACHES, DATABASES, Family, cache_memory_gib
from spotmusic_cdk.settings.services import LoadSettings
from spotmusic_constructs.gateway import kong_values
from spotmusic_constructs.identity import keycloak_values
from spotmusic_constructs.observability import grafana
from tools.capacity import limits
from tools.capacity.changes import Changes
from tools.capacity.limits import Limit
from tools.cost.resources import vcpus
from tools.gameday.figures import GP3_MIB_PER_SECOND, connections_of
from tools.load.components import Load, ServiceLoad
from tools.load.queueing import best_capacity, waiting_longer, waiting_probability
from tools.preflight.quotas import KEYCLOAK_VCPUS, KONG_VCPUS

LARGE_DISK_GIB = 400
"""Storage from which RDS for MySQL stripes gp3 volumes (Amazon RDS user guide, gp3 storage)."""
KONG = "kong"
"""Client of the cache that is not a service."""
WAITING_SHARE = 0.01
"""Requests that may wait longer than `capacity.requests.waiting_milliseconds`."""
LARGEST_BEFORE_REPLICAS = 64
"""Cores of a database above which the plan adds read replicas, because of contention."""


@dataclass(frozen=True)
class Constraint:
    """Load of a component compared with its room.

    Args:
        component: component, such as `playback`.
        what: unit of both numbers.
        needed: load.
        room: load that the settings carry.
        carry: returns changes for more room; empty if no setting helps, omitted for a limit.
        limit: limit of AWS or of the platform that determines the room.
    """

    component: str
    what: str
    _: KW_ONLY
    needed: float
    room: float
    carry: Callable[[], Changes] = dict
    limit: Limit | None = None

    @property
    def fits(self) -> bool:
        """True if the room is sufficient."""
        return self.needed <= self.room * (1 + 1e-9)

    @property
    def percent(self) -> float:
        """Load in percent of the room."""
        return 100 * self.needed / self.room if self.room else float("inf")

    @property
    def name(self) -> tuple[str, str]:
        """Component and unit, which identify the constraint."""
        return self.component, self.what


def constraints_of(settings: Settings, load: Load, *, rounded: bool = True) -> Iterator[Constraint]:
    """Yield the constraints of an environment.

    Args:
        settings: the environment.
        load: its load.
        rounded: counts whole tasks, as a game day does. Without it, the room does not decrease
            at the start of one more task, so the number of carried listeners is unique.
    """
    for name, service in load.services.items():
        if declared := settings.services[name].load:
            yield from _service(settings, service, declared, rounded)
    yield from _gateway(settings, load)
    yield from _identity(settings, load)
    yield from _catalogue(settings, load)
    yield from _cache(settings, load)
    yield from _brokers(settings, load)
    yield from _queues(settings, load)
    yield from _metrics(settings, load)
    yield from _addresses(settings)
    yield from _edge(settings, load)


def lost(pods: int, zones: int) -> int:
    """Return the number of evenly spread pods in one zone."""
    return ceil(pods / zones)


def least_with_zone_lost(needed: float, zones: int) -> int:
    """Return the smallest number of pods that is sufficient after the loss of a zone."""
    pods = max(1, floor(needed * zones / (zones - 1)))
    while pods - lost(pods, zones) < needed:
        pods += 1
    return pods


def _limited(
    component: str, what: str, needed: float, limit: Limit, carry: Callable[[], Changes] = dict
) -> Constraint:
    """Constraint with a room that a limit determines."""
    return Constraint(component, what, needed=needed, room=limit.value, carry=carry, limit=limit)


def _service(
    settings: Settings, service: ServiceLoad, declared: LoadSettings, rounded: bool
) -> Iterator[Constraint]:
    scaling, path = settings.services[service.name].scaling, ("services", service.name)
    most = min(service.tasks, scaling.max)
    yield Constraint(
        service.name,
        "tasks",
        needed=service.tasks,
        room=scaling.max,
        carry=lambda: {(*path, "scaling", "max"): service.tasks},
    )
    left = (
        most - lost(most, len(settings.zones))
        if rounded
        else most * (1 - 1 / len(settings.zones)) + 1
    )
    yield Constraint(
        service.name,
        "tasks without a zone, at full cpu",
        needed=service.busy_tasks,
        room=left,
        carry=lambda: _more_tasks(
            settings, service, least_with_zone_lost(service.busy_tasks, len(settings.zones))
        ),
    )
    if rounded:
        least = _quick(settings, service)
        yield Constraint(
            service.name,
            "tasks with short queues (Erlang C)",
            needed=least,
            room=most,
            carry=lambda: _more_tasks(settings, service, least),
        )
    if service.connections:
        pool = _pool(settings, declared)
        yield Constraint(
            service.name,
            "connections of a task (Erlang C)",
            needed=pool,
            room=settings.services[service.name].database_connections,
            carry=lambda: {(*path, "database_connections"): pool},
        )


def _more_tasks(settings: Settings, service: ServiceLoad, tasks: int) -> Changes:
    """Return the changes by which scaling runs more tasks at a load.

    They raise the minimum, or lower the average of the policy with the highest need.
    """
    path, own = ("services", service.name, "scaling"), settings.services[service.name]
    found: Changes = {(*path, "max"): max(tasks, own.scaling.max)}
    held = service.per_second / (tasks - 0.5)
    cpu = floor(100 * held * service.service_seconds)
    if tasks <= own.scaling.min + 1:
        found[*path, "min"] = tasks
    elif own.requests_per_target and held * 60 < own.requests_per_target:
        found[*path, "requests_per_target"] = floor(held * 60)
    elif not own.requests_per_target and cpu < own.scaling.cpu_percent:
        found[*path, "cpu_percent"] = cpu
    return found


def _quick(settings: Settings, service: ServiceLoad) -> int:
    """Tasks with waiting times within the objective."""
    seconds = settings.capacity.requests.waiting_milliseconds / 1000
    tasks = max(1, ceil(service.busy_tasks))
    each = service.service_seconds or 1.0
    while waiting_longer(tasks, service.busy_tasks, each, seconds) > WAITING_SHARE:
        tasks += 1
    return tasks


def _pool(settings: Settings, declared: LoadSettings) -> int:
    """Return the connections of a task, of which one is almost always free at full cpu."""
    database = settings.capacity.database
    busy = declared.per_task * database.queries_per_request * database.query_milliseconds / 1000
    connections = max(1, ceil(busy))
    while waiting_probability(connections, busy) > WAITING_SHARE:
        connections += 1
    return connections


def _gateway(settings: Settings, load: Load) -> Iterator[Constraint]:
    kong, zones = settings.kubernetes.kong, len(settings.zones)
    needed = load.gateway.cores * 100 / kong_values.CPU_PERCENT / KONG_VCPUS
    pods = max(kong.min_replicas, min(ceil(needed), kong.max_replicas))
    path = ("kubernetes", "kong", "max_replicas")
    yield Constraint(
        "kong", "pods", needed=needed, room=kong.max_replicas, carry=lambda: {path: ceil(needed)}
    )
    yield Constraint(
        "kong",
        "cores without a zone",
        needed=load.gateway.cores,
        room=(pods - lost(pods, zones)) * KONG_VCPUS,
        carry=lambda: {
            path: max(
                kong.max_replicas, least_with_zone_lost(load.gateway.cores / KONG_VCPUS, zones)
            )
        },
    )


def _identity(settings: Settings, load: Load) -> Iterator[Constraint]:
    replicas = settings.kubernetes.keycloak.replicas
    zones = len(settings.zones)
    database = settings.data.identity
    yield Constraint(
        "keycloak",
        "cores without a zone",
        needed=load.identity.cores,
        room=(replicas - lost(replicas, zones)) * KEYCLOAK_VCPUS,
        carry=lambda: {
            ("kubernetes", "keycloak", "replicas"): least_with_zone_lost(
                load.identity.cores / KEYCLOAK_VCPUS, zones
            )
        },
    )
    renewals = load.identity.tokens_per_second
    yield _limited("keycloak", "renewals/s", renewals, limits.KEYCLOAK_TOKENS)
    larger = _larger_class(settings, "identity")
    yield Constraint(
        "identity database",
        "connections",
        needed=replicas * keycloak_values.DATABASE_CONNECTIONS
        + grafana.REPLICAS * grafana.DATABASE_CONNECTIONS,
        room=connections_of(database.instance_class),
        carry=larger,
    )
    yield Constraint(
        "identity database",
        "busy cores",
        needed=load.identity.database_cores,
        room=_cores(settings, database),
        carry=larger,
    )

    disk = (
        limits.LARGE_DISK_IOPS if database.storage_gib >= LARGE_DISK_GIB else limits.SMALL_DISK_IOPS
    )
    path = ("data", "identity")
    yield _limited(
        "identity database",
        "disk operations/s",
        load.identity.database_writes_per_second,
        disk,
        lambda: {
            (*path, "storage_gib"): LARGE_DISK_GIB,
            (*path, "max_storage_gib"): max(database.max_storage_gib, LARGE_DISK_GIB * 2),
        },
    )


def _cores(settings: Settings, database: DatabaseSettings) -> float:
    """Cores that queries may keep busy, by the Universal Scalability Law."""
    assumed = settings.capacity.database
    return (
        best_capacity(vcpus(database.instance_class), assumed.contention, assumed.coherency)
        * assumed.busy_percent
        / 100
    )


def _larger_class(settings: Settings, name: str) -> Callable[[], Changes]:
    def carry() -> Changes:
        database: DatabaseSettings = getattr(settings.data, name)
        larger = _next_size(database.instance_class, DATABASES, settings.region)
        return {("data", name, "instance_class"): larger} if larger else {}

    return carry


def _next_size(name: str, families: Mapping[str, Family], region: str) -> str | None:
    """Next size of a family; after the largest burstable size, a larger family of the region.

    None after the largest size.
    """
    family, _, size = name.partition(".")
    known = families[family].sizes
    place = known.index(size) + 1
    if place < len(known):
        return f"{family}.{known[place]}"
    present = [larger for larger in ("r8g", "r7g", "r6g") if region not in families[larger].absent]
    return (
        f"{present[0]}.{'2xlarge' if 'xlarge' in size else 'large'}"
        if family.startswith("t")
        else None
    )


def _catalogue(settings: Settings, load: Load) -> Iterator[Constraint]:
    database, zones = settings.data.catalogue, len(settings.zones)
    cores = _cores(settings, database)
    readers = database.read_replicas - lost(database.read_replicas, zones)
    larger = _larger_class(settings, "catalogue")

    def more_cores() -> Changes:
        replicas, path = database.read_replicas, ("data", "catalogue")
        is_large = vcpus(database.instance_class) >= LARGEST_BEFORE_REPLICAS
        if not is_large or not load.database.reader_cores or replicas >= 5:
            return larger()
        return {
            (*path, "read_replicas"): max(2, replicas + 1),
            (*path, "master_rotation"): "platform",
        }

    yield Constraint(
        "catalogue database",
        "busy cores",
        needed=load.database.cores - (load.database.reader_cores if readers else 0),
        room=cores,
        carry=more_cores,
    )
    if readers:
        yield Constraint(
            "catalogue replicas",
            "busy cores without a zone",
            needed=load.database.reader_cores + load.database.write_cores * readers,
            room=cores * readers,
            carry=more_cores,
        )
    yield from _connections(settings, readers, larger)
    stored = ceil(load.database.stored_gib)
    yield Constraint(
        "catalogue database",
        "GiB",
        needed=stored,
        room=database.max_storage_gib,
        carry=lambda: {("data", "catalogue", "max_storage_gib"): stored},
    )


def _connections(
    settings: Settings, readers: int, larger: Callable[[], Changes]
) -> Iterator[Constraint]:
    """Yield all tasks' connections at their maximum; services that only read use the replicas.

    A game day counts the same connections.
    """
    running = settings.running.services
    room = connections_of(settings.data.catalogue.instance_class)
    users = {
        name: service
        for name, service in running.items()
        if set(service.talks_to) & {"catalogue", "database"}
    }
    reading = {name for name, service in users.items() if readers and service.only_reads}
    for component, names, instances in (
        ("catalogue database", users.keys() - reading, 1),
        ("catalogue replicas", reading, readers),
    ):
        # A deployment runs every service twice. A lost zone leaves open connections.
        needed = sum(
            2 * users[name].scaling.max * users[name].database_connections for name in names
        )
        if names:
            yield Constraint(
                component, "connections", needed=needed, room=instances * room, carry=larger
            )


def _cache(settings: Settings, load: Load) -> Iterator[Constraint]:
    cache, assumed = settings.data.cache, settings.capacity.cache

    def larger() -> Changes:
        found = _next_size(cache.node_type.removeprefix("cache."), CACHES, settings.region)
        return {("data", "cache", "node_type"): f"cache.{found}"} if found else {}

    yield from _cache_operations(settings, load)
    yield Constraint(
        "cache",
        "GiB",
        needed=load.cache.memory_gib,
        room=cache_memory_gib(cache.node_type),
        carry=larger,
    )
    clients = sum(
        2 * service.scaling.max
        for service in settings.running.services.values()
        if "cache" in service.talks_to
    )
    needed = (clients + settings.kubernetes.kong.max_replicas) * assumed.task_connections
    yield _limited("cache", "connections", needed, limits.CACHE_CLIENTS)


def _cache_operations(settings: Settings, load: Load) -> Iterator[Constraint]:
    """Operations of the shared cache, and of the caches of single clients."""
    cache, room = settings.data.cache, settings.capacity.cache.shard_per_second
    clients = {
        name: service.cache_operations_per_second
        for name, service in load.services.items()
        if service.cache_operations_per_second
    }
    clients[KONG] = load.cache.operations_per_second - sum(clients.values())
    shared = {name: operations for name, operations in clients.items() if name not in cache.own}

    def busiest_apart() -> Changes:
        busiest = max(shared, key=lambda name: shared[name], default=None)
        return {("data", "cache", "own"): sorted([*cache.own, busiest])} if busiest else {}

    yield Constraint(
        "cache", "operations/s", needed=sum(shared.values()), room=room, carry=busiest_apart
    )
    for name in cache.own:
        yield Constraint(
            f"cache of {name}", "operations/s", needed=clients.get(name, 0.0), room=room
        )


def _brokers(settings: Settings, load: Load) -> Iterator[Constraint]:
    redpanda, assumed, events = settings.kubernetes.redpanda, settings.capacity.events, load.events
    left = (
        redpanda.brokers - lost(redpanda.brokers, len(settings.zones))
        if redpanda.brokers > 1
        else 1
    )
    path = ("kubernetes", "redpanda")

    def more_brokers() -> Changes:
        return {(*path, "brokers"): redpanda.brokers + 2}

    def more_cores() -> Changes:
        cpu = redpanda.cpu * 2
        return (
            {(*path, "cpu"): cpu, (*path, "memory_gib"): max(redpanda.memory_gib, 4 * cpu)}
            if cpu <= 16
            else more_brokers()
        )

    yield Constraint(
        "redpanda",
        "busy cores without a zone",
        needed=events.cores,
        room=best_capacity(left, assumed.contention, assumed.coherency) * redpanda.cpu,
        carry=more_cores,
    )
    copies = (
        events.disk_mib_per_second / events.written_mib_per_second
        if events.written_mib_per_second
        else 0
    )
    yield Constraint(
        "redpanda",
        "MiB/s to disk without a zone",
        needed=events.written_mib_per_second * min(copies, left),
        room=left * GP3_MIB_PER_SECOND,
        carry=more_brokers,
    )
    share = assumed.disk_percent / 100
    yield Constraint(
        "redpanda",
        "GiB",
        needed=events.stored_gib,
        room=redpanda.brokers * redpanda.storage_gib * share,
        carry=lambda: {
            (*path, "storage_gib"): ceil(events.stored_gib / redpanda.brokers / share / 50) * 50
        },
    )
    for name, topic in events.topics.items():
        yield Constraint(
            f"topic {name}",
            "partitions",
            needed=topic.partitions,
            room=settings.topics[name].partitions,
            carry=partial(dict, {(*path, "topics", name, "partitions"): ceil(topic.partitions)}),
        )


def _queues(settings: Settings, load: Load) -> Iterator[Constraint]:
    for name, per_second in load.queues.messages_per_second.items():
        yield Constraint(
            f"queue {name}",
            "messages/s",
            needed=per_second,
            room=settings.capacity.tasks.queue_per_second,
        )


def _metrics(settings: Settings, load: Load) -> Iterator[Constraint]:
    memory = load.metrics.memory_gib
    yield _limited("prometheus", "GiB of memory", memory, limits.PROMETHEUS_MEMORY)
    disk = load.metrics.disk_gib / 0.8
    yield Constraint(
        "prometheus",
        "GiB of disk",
        needed=disk,
        room=settings.kubernetes.monitoring.prometheus_storage_gib,
        carry=lambda: {("kubernetes", "monitoring", "prometheus_storage_gib"): ceil(disk)},
    )


def _addresses(settings: Settings) -> Iterator[Constraint]:
    """Addresses of all tasks in the application subnet of a zone during a deployment."""
    yield Constraint(
        "network",
        "addresses of a zone",
        needed=addresses.needed(settings),
        room=addresses.room(settings),
    )


def _edge(settings: Settings, load: Load) -> Iterator[Constraint]:
    routed = (service for service in settings.running.services.values() if service.route)
    targets = sum(service.scaling.max * 2 for service in routed)
    for component, needed, limit in (
        ("cloudfront", load.edge.gbit_per_second, limits.CDN_GBIT),
        ("cloudfront", load.edge.requests_per_second, limits.CDN_REQUESTS),
        ("audio bucket", load.edge.origin_requests_per_second, limits.BUCKET_READS),
        ("load balancer", targets, limits.ALB_TARGETS),
    ):
        yield _limited(component, limit.unit, needed, limit)

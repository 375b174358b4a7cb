"""Load of an environment in the busiest minute, and its volumes of a month.

Each function computes one part from monthly listeners and the assumptions in `capacity` of the
environment file (spotmusic_cdk/settings/capacity.py). All rates are those of the busiest minute,
unless their name says `mean` or `month`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from spotmusic_cdk.settings import Settings
from spotmusic_cdk.settings.kubernetes import TopicSettings
from spotmusic_cdk.settings.services import ServiceSettings

SECONDS_OF_AN_HOUR = 3600
HOURS_OF_A_MONTH = 730
STATIONS = 3
"""Gateway, load balancer and task: each logs a request, and each hop between them may cross zones."""
SCRAPE_SECONDS = 30
MIB, GIB, GB = 1024**2, 1024**3, 1e9


@dataclass(frozen=True, kw_only=True)
class Audience:
    """Listeners.

    Args:
        monthly: listeners of a month.
        concurrent: listeners of the busiest minute.
        mean: listeners at a time on average of a month.
        plays_per_second: plays that begin in a second.
    """

    monthly: float
    concurrent: float
    mean: float
    plays_per_second: float

    @property
    def listener_hours(self) -> float:
        """Hours of all listeners in a month."""
        return self.mean * HOURS_OF_A_MONTH


@dataclass(frozen=True, kw_only=True)
class EdgeLoad:
    """CloudFront.

    Args:
        gbit_per_second: audio to listeners.
        requests_per_second: requests of listeners, to services as well.
        origin_requests_per_second: requests for audio to the bucket.
        month_tb: audio to listeners in a month.
        month_requests: requests of listeners in a month.
        month_origin_requests: requests for audio to the bucket in a month.
    """

    gbit_per_second: float
    requests_per_second: float
    origin_requests_per_second: float
    month_tb: float
    month_requests: float
    month_origin_requests: float


@dataclass(frozen=True, kw_only=True)
class GatewayLoad:
    """Kong and the load balancers.

    Args:
        requests_per_second: requests to routes, logins and renewals of tokens.
        month_requests: the same in a month.
        mbit_per_second: requests with their responses.
        cores: busy cores of Kong.
    """

    requests_per_second: float
    month_requests: float
    mbit_per_second: float
    cores: float


@dataclass(frozen=True, kw_only=True)
class IdentityLoad:
    """Keycloak.

    Args:
        logins_per_second: logins with a password.
        tokens_per_second: renewed access tokens.
        cores: busy cores of Keycloak.
        database_cores: busy cores of the identity database.
        database_writes_per_second: operations of its disk.
    """

    logins_per_second: float
    tokens_per_second: float
    cores: float
    database_cores: float
    database_writes_per_second: float


@dataclass(frozen=True, kw_only=True)
class ServiceLoad:
    """One service on ECS.

    Args:
        name: its name.
        per_second: requests or messages.
        busy_tasks: tasks that this keeps at full cpu (erlangs); 0 without `load` in the file.
        tasks: tasks that scaling runs then, without regard to its maximum.
        queries_per_second: queries to the catalogue database.
        cache_operations_per_second: operations of the cache.
        connections: connections to the catalogue database of all these tasks.
    """

    name: str
    per_second: float
    busy_tasks: float
    tasks: int
    queries_per_second: float
    cache_operations_per_second: float
    connections: int

    @property
    def service_seconds(self) -> float:
        """Time of a task for one request at full cpu; 0 without load."""
        return self.busy_tasks / self.per_second if self.per_second else 0.0


@dataclass(frozen=True, kw_only=True)
class DatabaseLoad:
    """Catalogue database.

    Args:
        queries_per_second: reads and writes.
        reader_queries_per_second: those of services with `catalogue: read`, which replicas can answer.
        writes_per_second: writes, which the primary and every replica execute.
        busy_connections: connections that hold a query (Little's law).
        connections: open connections.
        cores: busy cores, before contention.
        reader_cores: those of reader queries.
        write_cores: those of writes.
        stored_gib: rows of all listeners.
    """

    queries_per_second: float
    reader_queries_per_second: float
    writes_per_second: float
    busy_connections: float
    connections: int
    cores: float
    reader_cores: float
    write_cores: float
    stored_gib: float


@dataclass(frozen=True, kw_only=True)
class CacheLoad:
    """Cache.

    Args:
        operations_per_second: operations of services and of the gateway's limits.
        memory_gib: data.
    """

    operations_per_second: float
    memory_gib: float


@dataclass(frozen=True, kw_only=True)
class TopicLoad:
    """One topic of the event stream.

    Args:
        name: its name.
        events_per_second: written events.
        partitions: partitions that its consumers need to keep up.
        read_copies: consumer groups, each of which reads every event.
        stored_gib: events of its retention, of one replica.
    """

    name: str
    events_per_second: float
    partitions: float
    read_copies: int
    stored_gib: float


@dataclass(frozen=True, kw_only=True)
class EventLoad:
    """Redpanda.

    Args:
        events_per_second: written events.
        written_mib_per_second: written events.
        disk_mib_per_second: written events with their replicas.
        network_mib_per_second: written, replicated and read events of all brokers.
        cores: busy cores of all brokers, before contention.
        stored_gib: events on all brokers, with replicas.
        month_gb: written events of a month.
        topics: topics by name.
    """

    events_per_second: float
    written_mib_per_second: float
    disk_mib_per_second: float
    network_mib_per_second: float
    cores: float
    stored_gib: float
    month_gb: float
    topics: Mapping[str, TopicLoad]


@dataclass(frozen=True, kw_only=True)
class QueueLoad:
    """RabbitMQ.

    Args:
        messages_per_second: messages by queue.
    """

    messages_per_second: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class MetricLoad:
    """Prometheus.

    Args:
        series: active series.
        samples_per_second: samples of one replica.
        memory_gib: memory of one replica.
        disk_gib: samples of the retention in the cluster, of one replica.
    """

    series: float
    samples_per_second: float
    memory_gib: float
    disk_gib: float


@dataclass(frozen=True, kw_only=True)
class VolumeLoad:
    """Logs and traffic of a month.

    Args:
        logs_gb: logs of requests at all stations.
        zones_gb: traffic that crosses zones.
        nat_gb: traffic through NAT gateways: logs, where no interface endpoint takes them.
    """

    logs_gb: float
    zones_gb: float
    nat_gb: float


@dataclass(frozen=True, kw_only=True)
class Load:
    """Load of an environment in the busiest minute.

    Args:
        audience: listeners.
        edge: CloudFront.
        gateway: Kong and the load balancers.
        identity: Keycloak.
        services: services by name.
        database: catalogue database.
        cache: cache.
        events: Redpanda.
        queues: RabbitMQ.
        metrics: Prometheus.
        volumes: logs and traffic of a month.
    """

    audience: Audience
    edge: EdgeLoad
    gateway: GatewayLoad
    identity: IdentityLoad
    services: Mapping[str, ServiceLoad]
    database: DatabaseLoad
    cache: CacheLoad
    events: EventLoad
    queues: QueueLoad
    metrics: MetricLoad
    volumes: VolumeLoad


def load_of(settings: Settings, listeners: float) -> Load:
    """Return the load that monthly listeners cause.

    Args:
        settings: services, topics and assumptions of the environment.
        listeners: monthly listeners.
    """
    audience = _audience(settings, listeners)
    services = {name: _service(settings, name, service, audience) for name, service in settings.running.services.items()}
    identity = _identity(settings, audience)
    gateway = _gateway(settings, audience, services, identity)
    events = _events(settings, audience)
    return Load(
        audience=audience,
        edge=_edge(settings, audience, gateway),
        gateway=gateway,
        identity=identity,
        services=services,
        database=_database(settings, audience, services),
        cache=_cache(settings, audience, services, gateway),
        events=events,
        queues=_queues(settings, services),
        metrics=_metrics(settings, services),
        volumes=_volumes(settings, gateway, events),
    )


def hourly(per_listener_hour: float, listeners: float) -> float:
    """Return a rate per second from one of a listener and an hour."""
    return per_listener_hour * listeners / SECONDS_OF_AN_HOUR


def _audience(settings: Settings, listeners: float) -> Audience:
    capacity = settings.capacity
    concurrent = capacity.peak_concurrent(listeners)
    return Audience(
        monthly=listeners,
        concurrent=concurrent,
        mean=capacity.mean_concurrent(listeners),
        plays_per_second=concurrent / capacity.audience.play_seconds,
    )


def _edge(settings: Settings, audience: Audience, gateway: GatewayLoad) -> EdgeLoad:
    delivery = settings.capacity.delivery
    files = hourly(delivery.requests_per_listener_hour, audience.concurrent)
    month_files = delivery.requests_per_listener_hour * audience.listener_hours
    return EdgeLoad(
        gbit_per_second=audience.concurrent * delivery.audio_kbit_per_second / 1e6,
        requests_per_second=files + gateway.requests_per_second,
        origin_requests_per_second=files * delivery.miss_percent / 100,
        month_tb=settings.capacity.audio_tb(audience.monthly),
        month_requests=month_files + gateway.month_requests,
        month_origin_requests=month_files * delivery.miss_percent / 100,
    )


def _identity(settings: Settings, audience: Audience) -> IdentityLoad:
    assumed = settings.capacity.identity
    logins = hourly(assumed.logins_per_listener_hour, audience.concurrent)
    tokens = hourly(assumed.tokens_per_listener_hour, audience.concurrent)
    cores = logins / assumed.logins_per_core + tokens / assumed.tokens_per_core
    return IdentityLoad(
        logins_per_second=logins,
        tokens_per_second=tokens,
        cores=cores,
        database_cores=(logins + tokens) / assumed.database_core_per_second,
        database_writes_per_second=(logins + tokens) * assumed.database_writes_per_request,
    )


def _service(settings: Settings, name: str, service: ServiceSettings, audience: Audience) -> ServiceLoad:
    capacity = settings.capacity
    per_second = hourly(service.load.per_listener_hour, audience.concurrent) if service.load else 0.0
    words = set(service.talks_to)
    tasks = service.tasks_for(per_second)
    stored = bool(words & {"catalogue", "database"})
    return ServiceLoad(
        name=name,
        per_second=per_second,
        busy_tasks=per_second / service.load.per_task if service.load else 0.0,
        tasks=tasks,
        queries_per_second=per_second * capacity.database.queries_per_request * stored,
        cache_operations_per_second=per_second * max(0.0, capacity.cache.operations_per_request - 1) * ("cache" in words),
        connections=tasks * service.database_connections * stored,
    )


def _gateway(settings: Settings, audience: Audience, services: Mapping[str, ServiceLoad], identity: IdentityLoad) -> GatewayLoad:
    routed = sum(services[name].per_second for name, service in settings.running.services.items() if service.route)
    asked = routed + identity.logins_per_second + identity.tokens_per_second
    requests = settings.capacity.requests
    return GatewayLoad(
        requests_per_second=asked,
        month_requests=asked / audience.concurrent * audience.mean * HOURS_OF_A_MONTH * SECONDS_OF_AN_HOUR,
        mbit_per_second=asked * requests.bytes * 8 / 1e6,
        cores=asked / requests.gateway_per_core,
    )


def _database(settings: Settings, audience: Audience, services: Mapping[str, ServiceLoad]) -> DatabaseLoad:
    assumed = settings.capacity.database
    running, each = settings.running.services, assumed.core_queries_per_second
    queries = sum(service.queries_per_second for service in services.values())
    reads = sum(services[name].queries_per_second for name, service in running.items() if service.only_reads)
    writes = queries * assumed.write_percent / 100
    return DatabaseLoad(
        queries_per_second=queries,
        reader_queries_per_second=reads,
        writes_per_second=writes,
        busy_connections=queries * assumed.query_milliseconds / 1000,
        connections=sum(service.connections for service in services.values()),
        cores=queries / each,
        reader_cores=reads / each,
        write_cores=writes / each,
        stored_gib=audience.monthly * assumed.listener_kib / MIB,
    )


def _cache(settings: Settings, audience: Audience, services: Mapping[str, ServiceLoad], gateway: GatewayLoad) -> CacheLoad:
    assumed = settings.capacity.cache
    limits = gateway.requests_per_second * min(1.0, assumed.operations_per_request)
    return CacheLoad(
        operations_per_second=limits + sum(service.cache_operations_per_second for service in services.values()),
        memory_gib=assumed.catalogue_gib + audience.concurrent * assumed.listener_kib / MIB,
    )


def _events(settings: Settings, audience: Audience) -> EventLoad:
    assumed, redpanda = settings.capacity.events, settings.kubernetes.redpanda
    mean = hourly(assumed.per_listener_hour, audience.mean)
    shares = _shares(settings)
    topics = {name: _topic(settings, name, topic, shares[name] * audience.concurrent) for name, topic in settings.topics.items()}
    per_second = hourly(assumed.per_listener_hour, audience.concurrent)
    written = per_second * assumed.bytes / MIB
    copies = max((topic.replication for topic in settings.topics.values()), default=redpanda.minimum_replication)
    read = sum(topic.events_per_second * topic.read_copies for topic in topics.values()) * assumed.bytes / MIB
    moved = written * copies + read
    return EventLoad(
        events_per_second=per_second,
        written_mib_per_second=written,
        disk_mib_per_second=written * copies,
        network_mib_per_second=moved + written * (copies - 1),
        cores=moved / assumed.core_mib_per_second,
        stored_gib=sum(topic.stored_gib for topic in topics.values()) * copies,
        month_gb=mean * assumed.bytes * HOURS_OF_A_MONTH * SECONDS_OF_AN_HOUR / GB,
        topics=topics,
    )


def _shares(settings: Settings) -> dict[str, float]:
    """Share of events of each topic: the declared ones, and an equal part of the rest for others."""
    declared = settings.capacity.events.topic_percent
    names = list(settings.topics)
    others = [name for name in names if name not in declared]
    rest = max(0.0, 100 - sum(declared.get(name, 0.0) for name in names)) / len(others) if others else 0.0
    return {name: declared.get(name, rest) / 100 for name in names}


def _topic(settings: Settings, name: str, topic: TopicSettings, listeners: float) -> TopicLoad:
    """Load of a topic, with the listeners of the busiest minute in proportion to its share of events."""
    capacity = settings.capacity
    per_second = hourly(capacity.events.per_listener_hour, listeners)
    kept = per_second / capacity.peak_of_mean * topic.retention_hours * SECONDS_OF_AN_HOUR
    return TopicLoad(
        name=name,
        events_per_second=per_second,
        partitions=per_second / capacity.events.partition_per_second,
        read_copies=len(topic.consumers),
        stored_gib=kept * capacity.events.bytes / GIB if "delete" in topic.cleanup_policy else 0.0,
    )


def _queues(settings: Settings, services: Mapping[str, ServiceLoad]) -> QueueLoad:
    """Messages of each queue: those that its consumers without a route handle."""
    running = settings.running
    rates = {
        name: sum(services[consumer].per_second for consumer in queue.consumers if not running.services[consumer].route)
        for name, queue in running.queues.items()
    }
    return QueueLoad(messages_per_second=rates)


def _metrics(settings: Settings, services: Mapping[str, ServiceLoad]) -> MetricLoad:
    assumed, monitoring = settings.capacity.metrics, settings.kubernetes.monitoring
    series = assumed.cluster_series + assumed.task_series * sum(service.tasks for service in services.values())
    samples = series / SCRAPE_SECONDS
    return MetricLoad(
        series=series,
        samples_per_second=samples,
        memory_gib=series * assumed.series_kib / MIB,
        disk_gib=samples * monitoring.retention_hours * SECONDS_OF_AN_HOUR * assumed.sample_bytes / GIB,
    )


def _volumes(settings: Settings, gateway: GatewayLoad, events: EventLoad) -> VolumeLoad:
    requests, zones = settings.capacity.requests, len(settings.zones)
    logs = STATIONS * gateway.month_requests * requests.log_bytes / GB
    crossing = (zones - 1) / zones
    moved = STATIONS * (gateway.month_requests * requests.bytes / GB + events.month_gb)
    return VolumeLoad(logs_gb=logs, zones_gb=moved * crossing, nat_gb=0.0 if "logs" in settings.network.endpoints else logs)

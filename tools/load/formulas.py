"""Load of an environment in the busiest minute, and its volumes of a month.

Each function computes one component from monthly listeners and the assumptions in `capacity` of
the environment file (spotmusic_cdk/settings/capacity.py).
"""

from collections.abc import Mapping

from spotmusic_cdk.settings import Settings
from spotmusic_cdk.settings.brokers import TopicSettings
from spotmusic_cdk.settings.capacity import HOURS_OF_A_MONTH
from spotmusic_cdk.settings.services import ServiceSettings
from tools.load.components import (
    GB,
    GIB,
    LOGS,
    MIB,
    SCRAPE_SECONDS,
    STATIONS,
    CacheLoad,
    DatabaseLoad,
    EdgeLoad,
    EventLoad,
    GatewayLoad,
    IdentityLoad,
    ListenerLoad,
    Load,
    MetricLoad,
    QueueLoad,
    ServiceLoad,
    TopicLoad,
    VolumeLoad,
)

SECONDS_OF_AN_HOUR = 3600


def load_of(settings: Settings, listeners: float) -> Load:
    """Return the load of monthly listeners.

    Args:
        settings: services, topics and assumptions of the environment.
        listeners: monthly listeners.
    """
    audience = _audience(settings, listeners)
    services = {
        name: _service(settings, name, service, audience)
        for name, service in settings.running.services.items()
    }
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
    """Return a rate per second from a rate per listener and hour."""
    return per_listener_hour * listeners / SECONDS_OF_AN_HOUR


def _audience(settings: Settings, listeners: float) -> ListenerLoad:
    capacity = settings.capacity
    concurrent = capacity.peak_concurrent(listeners)
    return ListenerLoad(
        monthly=listeners,
        concurrent=concurrent,
        mean=capacity.mean_concurrent(listeners),
        plays_per_second=concurrent / capacity.audience.play_seconds,
    )


def _edge(settings: Settings, audience: ListenerLoad, gateway: GatewayLoad) -> EdgeLoad:
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


def _identity(settings: Settings, audience: ListenerLoad) -> IdentityLoad:
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


def _service(
    settings: Settings, name: str, service: ServiceSettings, audience: ListenerLoad
) -> ServiceLoad:
    capacity = settings.capacity
    per_second = (
        hourly(service.load.per_listener_hour, audience.concurrent) if service.load else 0.0
    )
    words = set(service.talks_to)
    tasks = service.tasks_for(per_second)
    stored = bool(words & {"catalogue", "database"})
    cache_operations = max(0.0, capacity.cache.operations_per_request - 1)
    return ServiceLoad(
        name=name,
        per_second=per_second,
        busy_tasks=per_second / service.load.per_task if service.load else 0.0,
        tasks=tasks,
        queries_per_second=per_second * capacity.database.queries_per_request * stored,
        cache_operations_per_second=per_second * cache_operations * ("cache" in words),
        connections=tasks * service.database_connections * stored,
    )


def _gateway(
    settings: Settings,
    audience: ListenerLoad,
    services: Mapping[str, ServiceLoad],
    identity: IdentityLoad,
) -> GatewayLoad:
    routed = sum(
        services[name].per_second
        for name, service in settings.running.services.items()
        if service.route
    )
    handled = routed + identity.logins_per_second + identity.tokens_per_second
    mean = handled / audience.concurrent * audience.mean
    return GatewayLoad(
        requests_per_second=handled,
        month_requests=mean * HOURS_OF_A_MONTH * SECONDS_OF_AN_HOUR,
        cores=handled / settings.capacity.requests.gateway_per_core,
    )


def _database(
    settings: Settings, audience: ListenerLoad, services: Mapping[str, ServiceLoad]
) -> DatabaseLoad:
    assumed = settings.capacity.database
    running, each = settings.running.services, assumed.core_queries_per_second
    queries = sum(service.queries_per_second for service in services.values())
    reads = sum(
        services[name].queries_per_second for name, service in running.items() if service.only_reads
    )
    return DatabaseLoad(
        queries_per_second=queries,
        reader_queries_per_second=reads,
        connections=sum(service.connections for service in services.values()),
        cores=queries / each,
        reader_cores=reads / each,
        write_cores=queries * assumed.write_percent / 100 / each,
        stored_gib=audience.monthly * assumed.listener_kib / MIB,
    )


def _cache(
    settings: Settings,
    audience: ListenerLoad,
    services: Mapping[str, ServiceLoad],
    gateway: GatewayLoad,
) -> CacheLoad:
    assumed = settings.capacity.cache
    limits = gateway.requests_per_second * min(1.0, assumed.operations_per_request)
    return CacheLoad(
        operations_per_second=limits
        + sum(service.cache_operations_per_second for service in services.values()),
        memory_gib=assumed.catalogue_gib + audience.concurrent * assumed.listener_kib / MIB,
    )


def _events(settings: Settings, audience: ListenerLoad) -> EventLoad:
    assumed, redpanda = settings.capacity.events, settings.kubernetes.redpanda
    mean = hourly(assumed.per_listener_hour, audience.mean)
    shares = _shares(settings)
    topics = {
        name: _topic(settings, topic, shares[name] * audience.concurrent)
        for name, topic in settings.topics.items()
    }
    per_second = hourly(assumed.per_listener_hour, audience.concurrent)
    written = per_second * assumed.bytes / MIB
    copies = max(
        (topic.replication for topic in settings.topics.values()),
        default=redpanda.minimum_replication,
    )
    read = (
        sum(topic.events_per_second * topic.read_copies for topic in topics.values())
        * assumed.bytes
        / MIB
    )
    moved = written * copies + read
    return EventLoad(
        events_per_second=per_second,
        written_mib_per_second=written,
        disk_mib_per_second=written * copies,
        cores=moved / assumed.core_mib_per_second,
        stored_gib=sum(topic.stored_gib for topic in topics.values()) * copies,
        month_gb=mean * assumed.bytes * HOURS_OF_A_MONTH * SECONDS_OF_AN_HOUR / GB,
        topics=topics,
    )


def _shares(settings: Settings) -> dict[str, float]:
    """Share of events of each topic; topics without a declared share divide the rest equally."""
    declared = settings.capacity.events.topic_percent
    names = settings.topics.keys()
    others = names - declared.keys()
    rest = max(0.0, 100 - sum(declared.get(name, 0.0) for name in names)) / max(1, len(others))
    return {name: declared.get(name, rest) / 100 for name in names}


def _topic(settings: Settings, topic: TopicSettings, listeners: float) -> TopicLoad:
    """Load of a topic; its listeners are proportional to its share of events."""
    capacity = settings.capacity
    per_second = hourly(capacity.events.per_listener_hour, listeners)
    kept = per_second / capacity.peak_of_mean * topic.retention_hours * SECONDS_OF_AN_HOUR
    return TopicLoad(
        events_per_second=per_second,
        partitions=per_second / capacity.events.partition_per_second,
        read_copies=len(topic.consumers),
        stored_gib=kept * capacity.events.bytes / GIB if "delete" in topic.cleanup_policy else 0.0,
    )


def _queues(settings: Settings, services: Mapping[str, ServiceLoad]) -> QueueLoad:
    """Messages of each queue, from the messages of its consumers without a route."""
    running = settings.running

    def rate(consumer: str) -> float:
        return 0.0 if running.services[consumer].route else services[consumer].per_second

    rates = {name: sum(map(rate, queue.consumers)) for name, queue in running.queues.items()}
    return QueueLoad(messages_per_second=rates)


def _metrics(settings: Settings, services: Mapping[str, ServiceLoad]) -> MetricLoad:
    assumed, monitoring = settings.capacity.metrics, settings.kubernetes.monitoring
    series = assumed.cluster_series + assumed.task_series * sum(
        service.tasks for service in services.values()
    )
    return MetricLoad(
        series=series,
        memory_gib=series * assumed.series_kib / MIB,
        disk_gib=series
        / SCRAPE_SECONDS
        * monitoring.retention_hours
        * SECONDS_OF_AN_HOUR
        * assumed.sample_bytes
        / GIB,
    )


def _volumes(settings: Settings, gateway: GatewayLoad, events: EventLoad) -> VolumeLoad:
    requests, zones = settings.capacity.requests, len(settings.zones)
    logs = LOGS * gateway.month_requests * requests.log_bytes / GB
    crossing = (zones - 1) / zones
    moved = STATIONS * (gateway.month_requests * requests.bytes / GB + events.month_gb)
    return VolumeLoad(
        logs_gb=logs,
        zones_gb=moved * crossing,
        nat_gb=0.0 if "logs" in settings.network.endpoints else logs,
    )

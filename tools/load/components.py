"""Load of each component, in the units of its settings.

Rates are those of the busiest minute, except for names with `mean` or `month`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from spotmusic_cdk.settings.capacity import HOURS_OF_A_MONTH

STATIONS = 3
"""Gateway, load balancer and task: each hop of a request may cross zones."""
LOGS = 2
"""Logs of a request in CloudWatch, of gateway and task. Load balancers write theirs to a bucket."""
SCRAPE_SECONDS = 30
MIB, GIB, GB = 1024**2, 1024**3, 1e9


@dataclass(frozen=True, kw_only=True)
class ListenerLoad:
    """Listeners.

    Args:
        monthly: listeners of a month.
        concurrent: listeners of the busiest minute.
        mean: listeners at a time on average of a month.
        plays_per_second: plays that start per second.
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
        requests_per_second: requests of listeners, including requests to services.
        origin_requests_per_second: requests for audio to the bucket.
        month_tb: audio to listeners per month.
        month_requests: requests of listeners per month.
        month_origin_requests: requests for audio to the bucket per month.
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
        month_requests: the same requests per month.
        cores: busy cores of Kong.
    """

    requests_per_second: float
    month_requests: float
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
        name: name of the service.
        per_second: requests or messages.
        busy_tasks: busy tasks at full cpu (erlangs); 0 without `load` in the file.
        tasks: tasks that scaling runs at this load, without its maximum.
        queries_per_second: queries to the catalogue database.
        cache_operations_per_second: operations of the cache.
        connections: connections of these tasks to the catalogue database.
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
        reader_queries_per_second: queries of services with `catalogue: read`, for replicas.
        connections: open connections.
        cores: busy cores, before contention.
        reader_cores: busy cores of reader queries.
        write_cores: busy cores of writes.
        stored_gib: rows of all listeners.
    """

    queries_per_second: float
    reader_queries_per_second: float
    connections: int
    cores: float
    reader_cores: float
    write_cores: float
    stored_gib: float


@dataclass(frozen=True, kw_only=True)
class CacheLoad:
    """Cache.

    Args:
        operations_per_second: operations of services and of the gateway's rate limits.
        memory_gib: data.
    """

    operations_per_second: float
    memory_gib: float


@dataclass(frozen=True, kw_only=True)
class TopicLoad:
    """One topic of the event stream.

    Args:
        events_per_second: written events.
        partitions: partitions that the consumers need to process all events.
        read_copies: consumer groups; each reads every event.
        stored_gib: events of the retention on one replica.
    """

    events_per_second: float
    partitions: float
    read_copies: int
    stored_gib: float


@dataclass(frozen=True, kw_only=True)
class EventLoad:
    """Redpanda.

    Args:
        events_per_second: written events.
        written_mib_per_second: written events without replicas.
        disk_mib_per_second: written events with replicas.
        cores: busy cores of all brokers, before contention.
        stored_gib: events on all brokers, with replicas.
        month_gb: written events per month.
        topics: topics by name.
    """

    events_per_second: float
    written_mib_per_second: float
    disk_mib_per_second: float
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
        memory_gib: memory of one replica.
        disk_gib: samples in the cluster, of one replica.
    """

    series: float
    memory_gib: float
    disk_gib: float


@dataclass(frozen=True, kw_only=True)
class VolumeLoad:
    """Logs and traffic of a month.

    Args:
        logs_gb: logs of requests in CloudWatch.
        zones_gb: traffic between zones.
        nat_gb: traffic through NAT gateways; logs, if they have no interface endpoint.
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

    audience: ListenerLoad
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

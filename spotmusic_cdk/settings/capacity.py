"""Capacity section of an environment file: monthly listeners, and assumptions that convert them to
load (docs/scale.md)."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, field_validator

from spotmusic_cdk.settings.model import Model, UnorderedKeys


@dataclass(frozen=True)
class Assumption:
    """Origin of a number that no template contains.

    Args:
        unit: unit of the number.
        source: source of the number; `assumed` until a load test has measured it.
        read: month in which the source was read.
    """

    unit: str
    source: str
    read: str = "2026-11"


Percent = Annotated[float, Field(gt=0, le=100)]
PerHour = Annotated[float, Field(ge=0, le=100_000)]
Rate = Annotated[float, Field(gt=0, le=10_000_000)]
Fraction = Annotated[float, Field(ge=0, lt=1)]

HOURS_OF_A_MONTH = 730
"""Hours of a month, as in the AWS Pricing Calculator."""

_MIDIA = (
    "400 plays a month: 630 of a subscriber and 222 of others in 2017 (MIDiA Research on the form "
    "F-1 of Spotify, 2018)"
)
_KEYCLOAK = "Keycloak high availability guide, concepts for sizing CPU and memory resources"
_ASSUMED = "assumed until a load test"


class AudienceSettings(Model):
    """Habits of listeners."""

    hours_per_month: Annotated[
        float,
        Field(gt=0, le=730),
        Assumption("hours", f"{_MIDIA}, of 200 seconds each, are 22 hours"),
    ] = 21
    """Listening time of a listener in a month, in hours."""
    busiest_hour_percent: Annotated[
        float, Field(ge=4.2, le=100), Assumption("% of a day", _ASSUMED)
    ] = 10
    """Share of a day's listening in its busiest hour; 4.2 means a constant day."""
    busiest_day_percent: Annotated[
        float, Field(ge=100, le=1000), Assumption("% of a mean day", _ASSUMED)
    ] = 125
    """Listening of the busiest day in relation to an average day. With the busiest hour, the
    busiest minute has three times the average."""
    play_seconds: Annotated[
        float,
        Field(ge=1, le=86_400),
        Assumption("seconds", "mean length of a song in charts of 2019 to 2023"),
    ] = 200
    """Length of a play."""


class DeliverySettings(Model):
    """Delivery by CloudFront."""

    audio_kbit_per_second: Annotated[
        int,
        Field(ge=8, le=10_000),
        Assumption("kbit/s", "normal quality of Spotify, which offers 24 to 320 (Spotify support)"),
    ] = 160
    """Audio of one listener."""
    requests_per_listener_hour: Annotated[
        PerHour, Assumption("1/h", f"{_ASSUMED}: 18 plays, their covers, and pages")
    ] = 40
    """Requests of one listener for audio and files, without requests to services."""
    miss_percent: Annotated[Percent, Assumption("% of audio requests", _ASSUMED)] = 5
    """Requests that CloudFront fetches from the bucket."""


class RequestSettings(Model):
    """Requests to services."""

    bytes: Annotated[Rate, Assumption("bytes", _ASSUMED)] = 5000
    """Size of a request with its response."""
    log_bytes: Annotated[
        Rate, Assumption("bytes", f"{_ASSUMED}, in the logs of the gateway and of the task")
    ] = 1000
    """Log lines of a request in the gateway, and in the task."""
    gateway_per_core: Annotated[
        Rate,
        Assumption(
            "1/s",
            (
                f"{_ASSUMED}; Kong's benchmark has thousands without verifying tokens or asking a "
                "cache"
            ),
        ),
    ] = 500
    """Requests that a core of Kong handles with the project's plugins."""
    waiting_milliseconds: Annotated[Rate, Assumption("ms", "objective of the plan")] = 100
    """Waiting time for a task that at most one request of a hundred may exceed."""


class IdentityLoadSettings(Model):
    """Logins and tokens."""

    logins_per_listener_hour: Annotated[
        PerHour,
        Assumption("1/h", f"{_ASSUMED}: high, for an hour in which many sessions have ended"),
    ] = 1.2
    """Logins with a password."""
    tokens_per_listener_hour: Annotated[
        PerHour, Assumption("1/h", "accessTokenLifespan of the realm, 300 seconds")
    ] = 12
    """Renewed access tokens."""
    logins_per_core: Annotated[Rate, Assumption("1/s", _KEYCLOAK)] = 15
    """Logins that a core of Keycloak handles."""
    tokens_per_core: Annotated[Rate, Assumption("1/s", _KEYCLOAK)] = 120
    """Renewals that a core of Keycloak handles."""
    database_core_per_second: Annotated[
        Rate, Assumption("1/s", f"{_KEYCLOAK}: 0.35 to 0.7 vCPU for each hundred")
    ] = 200
    """Logins and renewals that one core of the identity database handles."""
    database_writes_per_request: Annotated[
        PerHour, Assumption("1", f"{_KEYCLOAK}: 1,400 write operations for each hundred")
    ] = 14
    """Disk operations of the identity database for a login or renewal. Keycloak stores sessions."""


class EventSettings(Model):
    """Events in Redpanda."""

    per_listener_hour: Annotated[PerHour, Assumption("1/h", f"{_ASSUMED}: eight for a play")] = 150
    """Events that all producers write for one listener."""
    bytes: Annotated[
        float,
        Field(ge=1, le=1_048_576),
        Assumption("bytes", "a few bytes to some kB (Spotify at QCon London, 2017)"),
    ] = 1000
    """Average size of an event with its headers."""
    topic_percent: Annotated[
        dict[str, Percent], UnorderedKeys, Assumption("% of events", _ASSUMED)
    ] = Field(
        default_factory=lambda: {
            "events.listening": 30.0,
            "events.playback-telemetry": 60.0,
            "events.recommendations": 7.0,
            "events.trends": 3.0,
        }
    )
    """Share of each topic. Other topics have equal parts of the rest."""
    partition_per_second: Annotated[
        Rate, Assumption("1/s", f"{_ASSUMED}: a consumer that writes to the cache for each event")
    ] = 500
    """Events of one partition that its consumer handles."""
    core_mib_per_second: Annotated[
        Rate, Assumption("MiB/s", f"{_ASSUMED}; with TLS and small events")
    ] = 20
    """Written, replicated and read data that a core of a broker handles."""
    contention: Annotated[
        Fraction, Assumption("1", f"{_ASSUMED}; Gunther, Universal Scalability Law")
    ] = 0.03
    """Serial share of the work of several brokers."""
    coherency: Annotated[
        Fraction, Assumption("1", f"{_ASSUMED}; Gunther, Universal Scalability Law")
    ] = 0.001
    """Share of the work of each pair of brokers for their synchronization."""
    disk_percent: Annotated[Percent, Assumption("%", "alert on the disks of brokers")] = 70
    """Share of a volume that events may fill."""

    @field_validator("topic_percent")
    @classmethod
    def _at_most_everything(cls, value: dict[str, float]) -> dict[str, float]:
        if sum(value.values()) > 100:
            raise ValueError(f"{sum(value.values()):g}% is more than all events. Lower some.")
        return value


class QueueLoadSettings(Model):
    """Tasks in RabbitMQ."""

    queue_per_second: Annotated[
        Rate, Assumption("1/s", f"{_ASSUMED}; for one quorum queue, with TLS on a core")
    ] = 4000
    """Messages of a quorum queue that three nodes handle."""


class DatabaseLoadSettings(Model):
    """Catalogue database."""

    queries_per_request: Annotated[
        PerHour, Assumption("1", f"{_ASSUMED}: most answers come from the cache")
    ] = 2
    """Queries of a request to a service with `catalogue` or `database`."""
    write_percent: Annotated[Percent, Assumption("% of queries", _ASSUMED)] = 10
    """Queries that only the primary can answer."""
    query_milliseconds: Annotated[Rate, Assumption("ms", _ASSUMED)] = 4
    """Time for which a query holds a connection."""
    core_queries_per_second: Annotated[
        Rate, Assumption("1/s", f"{_ASSUMED}: queries by primary key")
    ] = 3000
    """Queries that one core of a database handles."""
    contention: Annotated[
        Fraction, Assumption("1", f"{_ASSUMED}; Gunther, Universal Scalability Law")
    ] = 0.02
    """Serial share of the work of several cores."""
    coherency: Annotated[
        Fraction, Assumption("1", f"{_ASSUMED}; Gunther, Universal Scalability Law")
    ] = 0.0001
    """Share of the work of each pair of cores for their synchronization."""
    listener_kib: Annotated[
        Rate, Assumption("KiB", f"{_ASSUMED}: playlists, likes and history")
    ] = 20
    """Stored rows of a monthly listener."""
    busy_percent: Annotated[Percent, Assumption("%", "below the alarm at 80")] = 60
    """CPU utilization of a database in the busiest minute."""


class CacheLoadSettings(Model):
    """Cache."""

    operations_per_request: Annotated[
        PerHour,
        Assumption("1", f"{_ASSUMED}: three of the service and one of the gateway's limits"),
    ] = 4
    """Operations of a request."""
    shard_per_second: Annotated[
        Rate,
        Assumption(
            "1/s",
            (
                "a tenth of what AWS measured on r7g.4xlarge with Redis 7.1 (AWS database blog, "
                "2023-11)"
            ),
        ),
    ] = 100_000
    """Operations of one shard."""
    listener_kib: Annotated[Rate, Assumption("KiB", _ASSUMED)] = 16
    """Session, counters and recommendations of a concurrent listener."""
    catalogue_gib: Annotated[
        float,
        Field(ge=0, le=10_000),
        Assumption("GiB", f"{_ASSUMED}: 100,000 tracks with their pages"),
    ] = 2
    """Cached catalogue."""
    task_connections: Annotated[
        Rate, Assumption("1", f"{_ASSUMED}: the pool of a task or of a pod of Kong")
    ] = 10
    """Connections of one client."""


class MetricSettings(Model):
    """Metrics in Prometheus."""

    cluster_series: Annotated[Rate, Assumption("series", _ASSUMED)] = 20_000
    """Active series of the cluster without tasks."""
    task_series: Annotated[Rate, Assumption("series", _ASSUMED)] = 300
    """Active series of a task."""
    series_kib: Annotated[
        Rate,
        Assumption("KiB", f"{_ASSUMED}; Prometheus keeps the last hours of each series in memory"),
    ] = 4
    """Memory of an active series."""
    sample_bytes: Annotated[
        Rate, Assumption("bytes", "1 to 2 (Prometheus documentation, storage)")
    ] = 2
    """Stored size of a sample."""


Listeners = Annotated[int, Field(ge=1, le=1_000_000_000)]


class CapacitySettings(Model):
    """Monthly listeners of the environment, for the plan, the game day, the cost and the budget. No
    template contains them.
    """

    listeners: Listeners | None = None
    """Monthly listeners, such as 2000000: people who listen at least once in a month. Production
    declares them (docs/scale.md). Default: none, and load is unknown."""
    growth_percent: Annotated[
        float, Field(ge=0, le=1000), Assumption("%", "objective of the plan")
    ] = 20
    """Margin of `make plan` above the listeners."""
    audience: AudienceSettings = AudienceSettings()
    delivery: DeliverySettings = DeliverySettings()
    requests: RequestSettings = RequestSettings()
    identity: IdentityLoadSettings = IdentityLoadSettings()
    events: EventSettings = EventSettings()
    tasks: QueueLoadSettings = QueueLoadSettings()
    database: DatabaseLoadSettings = DatabaseLoadSettings()
    cache: CacheLoadSettings = CacheLoadSettings()
    metrics: MetricSettings = MetricSettings()

    @property
    def peak_of_mean(self) -> float:
        """Ratio of the listeners in the busiest minute to the average of a month."""
        return (
            24 * self.audience.busiest_hour_percent / 100 * self.audience.busiest_day_percent / 100
        )

    def mean_concurrent(self, listeners: float) -> float:
        """Return the average number of concurrent listeners in a month.

        Args:
            listeners: monthly listeners.
        """
        return listeners * self.audience.hours_per_month / HOURS_OF_A_MONTH

    def audio_tb(self, listeners: float) -> float:
        """Return the audio of a month, in TB.

        Args:
            listeners: monthly listeners.
        """
        return (
            listeners
            * self.audience.hours_per_month
            * 3600
            * self.delivery.audio_kbit_per_second
            / 8
            / 1e9
        )

    def peak_concurrent(self, listeners: float) -> float:
        """Return the listeners of the busiest minute.

        Args:
            listeners: monthly listeners.
        """
        return self.mean_concurrent(listeners) * self.peak_of_mean

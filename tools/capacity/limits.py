"""Limits of AWS and of the platform, with quotas that AWS raises on request."""

from dataclasses import KW_ONLY, dataclass

from annotated_types import Le, MaxLen
from pydantic import BaseModel

from spotmusic_cdk.settings.brokers import PARTITIONS_PER_CORE, RedpandaSettings
from spotmusic_cdk.settings.data import CacheSettings
from spotmusic_cdk.settings.kubernetes import KeycloakSettings, KongSettings
from spotmusic_cdk.settings.regions import cache_memory_gib
from spotmusic_cdk.settings.services import ScalingSettings
from spotmusic_constructs.observability.prometheus import MEMORY_LIMIT_GIB


@dataclass(frozen=True)
class Limit:
    """Limit of one environment.

    Args:
        what: what is limited.
        value: value of the limit.
        unit: unit of the value.
        source: document or setting with the limit.
        raised: True if AWS raises the limit on request.
        read: month in which the source was read.
    """

    what: str
    value: float
    unit: str
    _: KW_ONLY
    source: str
    raised: bool = False
    read: str = "2026-11"


def is_quota(limit: Limit | None) -> bool:
    """Return whether a limit can be raised or tested without a change of settings."""
    return limit is not None and limit.raised


def _most(model: type[BaseModel], key: str) -> float:
    """Upper bound of a setting, or of the length of a list."""
    (bound,) = (
        found.le if isinstance(found, Le) else found.max_length
        for found in model.model_fields[key].metadata
        if isinstance(found, Le | MaxLen)
    )
    return float(str(bound))


_CLOUDFRONT = "Amazon CloudFront developer guide, quotas; none with a flat-rate plan"
_ALB = "Elastic Load Balancing, quotas of Application Load Balancers"

CDN_GBIT = Limit("audio of a distribution", 150, "Gbit/s", source=_CLOUDFRONT, raised=True)
CDN_REQUESTS = Limit("requests of a distribution", 250_000, "1/s", source=_CLOUDFRONT, raised=True)
BUCKET_READS = Limit(
    "reads of a prefix of the audio bucket",
    5_500,
    "1/s",
    source="Amazon S3 user guide, performance guidelines: S3 adds partitions as the rate grows",
    raised=True,
)
ALB_TARGETS = Limit(
    "tasks behind the load balancer of services", 1_000, "targets", source=_ALB, raised=True
)
KEYCLOAK_TOKENS = Limit(
    "renewals of tokens that the authors of Keycloak measured",
    435,
    "1/s",
    source="Keycloak high availability guide, concepts for sizing CPU and memory resources; "
    "test more before relying on it",
    raised=True,
)
_RDS_STORAGE = "Amazon RDS user guide, gp3 storage of MySQL"
SMALL_DISK_IOPS = Limit(
    "operations of a database's disk below 400 GiB", 3_000, "1/s", source=_RDS_STORAGE
)
LARGE_DISK_IOPS = Limit(
    "operations of a database's disk from 400 GiB on",
    12_000,
    "1/s",
    source=f"{_RDS_STORAGE}: up to 64,000 can be provisioned, for which there is no setting; "
    "test before",
    raised=True,
)
CACHE_CLIENTS = Limit(
    "connections of a cache node",
    65_000,
    "connections",
    source="Amazon ElastiCache user guide, parameters (maxclients)",
)
PROMETHEUS_MEMORY = Limit(
    "memory of Prometheus",
    0.75 * MEMORY_LIMIT_GIB,
    "GiB",
    source="three quarters of the limit of its pod, which has no setting",
)
LIMITS = (
    CDN_GBIT,
    CDN_REQUESTS,
    BUCKET_READS,
    ALB_TARGETS,
    Limit(
        "brokers behind their load balancer",
        500,
        "targets",
        source="Elastic Load Balancing, quotas of Network Load Balancers, across zones",
        raised=True,
    ),
    Limit(
        "tasks of a service",
        _most(ScalingSettings, "max"),
        "tasks",
        source="`scaling.max`: AWS Cloud Map registers 1,000 instances of a service; "
        "Amazon ECS runs 5,000 tasks of one",
    ),
    Limit(
        "replicas of Keycloak",
        _most(KeycloakSettings, "replicas"),
        "pods",
        source="`kubernetes.keycloak.replicas`",
    ),
    KEYCLOAK_TOKENS,
    SMALL_DISK_IOPS,
    LARGE_DISK_IOPS,
    CACHE_CLIENTS,
    PROMETHEUS_MEMORY,
    Limit(
        "cores of one database",
        192,
        "vCPU",
        source="Amazon RDS user guide, DB instance classes: r8g.48xlarge",
    ),
    Limit(
        "memory for data of a cache node",
        round(cache_memory_gib("cache.r8g.16xlarge")),
        "GiB",
        source="Amazon ElastiCache user guide: cache.r8g.16xlarge, without reserved memory",
    ),
    Limit(
        "caches of single clients", _most(CacheSettings, "own"), "caches", source="`data.cache.own`"
    ),
    Limit(
        "brokers of Redpanda",
        _most(RedpandaSettings, "brokers"),
        "brokers",
        source="`kubernetes.redpanda.brokers`",
    ),
    Limit(
        "partition replicas of a core of Redpanda",
        PARTITIONS_PER_CORE,
        "replicas",
        source="topic_partitions_per_shard",
    ),
    Limit(
        "pods of Kong",
        _most(KongSettings, "max_replicas"),
        "pods",
        source="`kubernetes.kong.max_replicas`",
    ),
)
"""All limits, for docs/scale.md."""

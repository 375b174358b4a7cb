"""Limits of AWS and of the platform, with quotas that AWS raises on request."""

from dataclasses import dataclass

from annotated_types import Le
from pydantic import BaseModel

from spotmusic_cdk.settings.brokers import PARTITIONS_PER_CORE, RedpandaSettings
from spotmusic_cdk.settings.kubernetes import KeycloakSettings, KongSettings
from spotmusic_cdk.settings.regions import cache_memory_gib
from spotmusic_cdk.settings.services import ScalingSettings
from spotmusic_constructs.observability.prometheus import MEMORY_LIMIT_GIB


@dataclass(frozen=True, kw_only=True)
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
    source: str
    raised: bool = False
    read: str = "2026-11"


def is_quota(limit: Limit | None) -> bool:
    """Returns whether a limit can be raised or tested without a change of settings."""
    return limit is not None and limit.raised


def _most(model: type[BaseModel], key: str) -> float:
    """Upper bound of a setting."""
    (bound,) = (found.le for found in model.model_fields[key].metadata if isinstance(found, Le))
    return float(str(bound))


_CLOUDFRONT = "Amazon CloudFront developer guide, quotas; none with a flat-rate plan"
_ALB = "Elastic Load Balancing, quotas of Application Load Balancers"
_NLB = "Elastic Load Balancing, quotas of Network Load Balancers"

CDN_GBIT = Limit(
    what="audio of a distribution", value=150, unit="Gbit/s", source=_CLOUDFRONT, raised=True
)
CDN_REQUESTS = Limit(
    what="requests of a distribution", value=250_000, unit="1/s", source=_CLOUDFRONT, raised=True
)
BUCKET_READS = Limit(
    what="reads of a prefix of the audio bucket",
    value=5_500,
    unit="1/s",
    source="Amazon S3 user guide, performance guidelines: S3 adds partitions as the rate grows",
    raised=True,
)
ALB_TARGETS = Limit(
    what="tasks behind the load balancer of services",
    value=1_000,
    unit="targets",
    source=_ALB,
    raised=True,
)
NLB_TARGETS = Limit(
    what="brokers behind their load balancer",
    value=500,
    unit="targets",
    source=f"{_NLB}, across zones",
    raised=True,
)
SERVICE_TASKS = Limit(
    what="tasks of a service",
    value=_most(ScalingSettings, "max"),
    unit="tasks",
    source="`scaling.max`: AWS Cloud Map registers 1,000 instances of a service; "
    "Amazon ECS runs 5,000 tasks of one",
)
KEYCLOAK_REPLICAS = Limit(
    what="replicas of Keycloak",
    value=_most(KeycloakSettings, "replicas"),
    unit="pods",
    source="`kubernetes.keycloak.replicas`",
)
KEYCLOAK_TOKENS = Limit(
    what="renewals of tokens that the authors of Keycloak measured",
    value=435,
    unit="1/s",
    source="Keycloak high availability guide, concepts for sizing CPU and memory resources; "
    "test more before relying on it",
    raised=True,
)
_RDS_STORAGE = "Amazon RDS user guide, gp3 storage of MySQL"
SMALL_DISK_IOPS = Limit(
    what="operations of a database's disk below 400 GiB",
    value=3_000,
    unit="1/s",
    source=_RDS_STORAGE,
)
LARGE_DISK_IOPS = Limit(
    what="operations of a database's disk from 400 GiB on",
    value=12_000,
    unit="1/s",
    source=f"{_RDS_STORAGE}: up to 64,000 can be provisioned, for which there is no setting; "
    "test before",
    raised=True,
)
CACHE_CLIENTS = Limit(
    what="connections of a cache node",
    value=65_000,
    unit="connections",
    source="Amazon ElastiCache user guide, parameters (maxclients)",
)
PROMETHEUS_MEMORY = Limit(
    what="memory of Prometheus",
    value=0.75 * MEMORY_LIMIT_GIB,
    unit="GiB",
    source="three quarters of the limit of its pod, which has no setting",
)
LIMITS = (
    CDN_GBIT,
    CDN_REQUESTS,
    BUCKET_READS,
    ALB_TARGETS,
    NLB_TARGETS,
    SERVICE_TASKS,
    KEYCLOAK_REPLICAS,
    KEYCLOAK_TOKENS,
    SMALL_DISK_IOPS,
    LARGE_DISK_IOPS,
    CACHE_CLIENTS,
    PROMETHEUS_MEMORY,
    Limit(
        what="cores of one database",
        value=192,
        unit="vCPU",
        source="Amazon RDS user guide, DB instance classes: r8g.48xlarge",
    ),
    Limit(
        what="memory for data of a cache node",
        value=round(cache_memory_gib("cache.r8g.16xlarge")),
        unit="GiB",
        source="Amazon ElastiCache user guide: cache.r8g.16xlarge, without reserved memory",
    ),
    Limit(what="caches of single clients", value=4, unit="caches", source="`data.cache.own`"),
    Limit(
        what="brokers of Redpanda",
        value=_most(RedpandaSettings, "brokers"),
        unit="brokers",
        source="`kubernetes.redpanda.brokers`",
    ),
    Limit(
        what="partition replicas of a core of Redpanda",
        value=PARTITIONS_PER_CORE,
        unit="replicas",
        source="topic_partitions_per_shard",
    ),
    Limit(
        what="pods of Kong",
        value=_most(KongSettings, "max_replicas"),
        unit="pods",
        source="`kubernetes.kong.max_replicas`",
    ),
)
"""All limits, for docs/scale.md."""

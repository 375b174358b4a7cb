"""Figures that no template has: what a core, a volume or an instance class carries. Each with its source, or named an assumption."""

from spotmusic_constructs.observability.database_alarms import default_connections, memory_gib

KONG_REQUESTS_PER_CORE = 500
"""Requests in a second that a core of Kong carries with our plugins: an assumption until a load test. Kong's own benchmark (Kong
documentation, performance testing benchmarks, 3.x) has several thousand with rate limiting and key authentication; a token's signature
and a question to the cache for each request cost more."""
KEYCLOAK_LOGINS_PER_CORE = 15
"""Logins with a password in a second. Source: Keycloak high availability guide, concepts for sizing CPU and memory resources."""
GP3_BYTES_PER_SECOND = 125 * 1024**2
"""Throughput of a gp3 volume that asked for no more. Source: Amazon EBS user guide, general purpose SSD volumes."""
CONNECTION_SHARE = 0.9
"""RDS computes max_connections of the memory that its own processes leave: 312 of 341 on a t3.medium (Amazon RDS user guide, limits)."""
FAILOVER_SECONDS = {"database": 120, "cache": 120}
"""What docs/recovery.md promises; measured by the experiments, not by templates."""


def connections_of(instance_class: str) -> int:
    """Returns the connections that RDS for MySQL admits on an instance class, with or without `db.` before it."""
    return int(default_connections(memory_gib(instance_class.removeprefix("db."))) * CONNECTION_SHARE)


def cores(quantity: str) -> float:
    """Returns a quantity of cpu as Kubernetes writes it, in cores."""
    return float(quantity.removesuffix("m")) / 1000 if quantity.endswith("m") else float(quantity)

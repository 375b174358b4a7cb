"""Capacities of volumes and instance classes, which templates do not contain.

Each has a source or is marked as an assumption.
"""

from spotmusic_constructs.observability.database_alarms import default_connections, memory_gib

GP3_MIB_PER_SECOND = 125.0
"""Baseline throughput of a gp3 volume (Amazon EBS user guide, general purpose SSD volumes)."""
FAILOVER_SECONDS = {"database": 120, "cache": 120}
"""Times of docs/recovery.md; the experiments measure them, not templates."""


def connections_of(instance_class: str) -> int:
    """Return the connection limit of RDS for MySQL on an instance class.

    The prefix `db.` is optional.
    """
    return default_connections(memory_gib(instance_class.removeprefix("db.")))

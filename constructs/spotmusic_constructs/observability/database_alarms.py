"""Alarms of databases on RDS."""

import re
from functools import partial

from constructs import Construct

from spotmusic_constructs.observability.alarm import (
    AlarmGroup,
    AlarmRule,
    Formula,
    MetricSource,
    Recipients,
    Thresholds,
)

_GIB = 1024**3
_MYSQL_BYTES_PER_CONNECTION = 12_582_880
"""RDS for MySQL's default is `max_connections = DBInstanceClassMemory / 12582880` (Amazon RDS user
guide, limits for MySQL)."""
_SHARE_OF_DATABASE = 0.9
"""Share of a class's memory in `DBInstanceClassMemory`, which excludes RDS's own processes: 312
connections instead of 341 on a t3.medium (same source)."""

_GIB_OF_LARGE = {"m": 8, "r": 16, "t": 8}
_DIVISORS = {"micro": 8, "small": 4, "medium": 2, "large": 1}

CPU_PERCENT: Thresholds = {"warning": 80, "critical": 95}
CONNECTION_SHARE: Thresholds = {"warning": 0.7, "critical": 0.9}
"""Shares of `max_connections` (our choice): the pools of a deployment's new tasks need the rest."""
STORAGE_SHARE: Thresholds = {"warning": 0.15, "critical": 0.08}
"""RDS adds storage at 10% free (RDS user guide, storage autoscaling). The warning comes before it.
At the critical share, autoscaling has failed or reached its limit."""
LAG_SECONDS: Thresholds = {"warning": 30, "critical": 300}
"""Listeners notice changes of the catalogue that are missing for minutes. A replica needs seconds
to apply a batch of writes."""
MEMORY_SHARE: Thresholds = {"warning": 0.1, "critical": 0.05}
"""Shares of the memory of the class (our choice): MySQL's buffer pool takes three quarters, and an
instance that swaps is slow."""


def default_connections(memory_gib: int) -> int:
    """Return the default `max_connections` of RDS for MySQL for the memory of an instance."""
    return int(_SHARE_OF_DATABASE * (memory_gib * _GIB // _MYSQL_BYTES_PER_CONNECTION))


def memory_gib(instance_class: str) -> int:
    """Return the memory of an RDS instance class in GiB.

    Within a family memory doubles with the size: `large` has 8 GiB for the families t and m and 16
    for r, `xlarge` twice as much, `4xlarge` eight times. Source: Amazon RDS user guide, hardware
    specifications for DB instance classes, 2026-11.

    Args:
        instance_class: class without the `db.` prefix, such as `r8g.xlarge`.

    Raises:
        ValueError: if family or size is unknown.

    Example:
        memory_gib("r8g.xlarge")  # 32
    """
    family, _, size = instance_class.partition(".")
    large = _GIB_OF_LARGE.get(family[:1])
    if large is not None:
        if size in _DIVISORS:
            return large // _DIVISORS[size]
        if match := re.fullmatch(r"(\d*)xlarge", size):
            return large * 2 * int(match[1] or 1)
    raise ValueError(
        f"{instance_class}: its memory is not known. "
        "Use a class of the families t, m or r, or name the thresholds."
    )


class DatabaseAlarms(AlarmGroup):
    """Alarms of an RDS instance: CPU, storage, memory, connections, disk queue, and replica lag.

    The standby of a Multi-AZ instance is written synchronously and has no lag.

    Args:
        recipients: topics.
        name: name of the database, in the text of each alarm.
        instance_identifier: identifier of the instance.
        storage_gib: storage at creation, in GiB.
        memory_gib: memory of the instance class, in GiB.
        replica: whether the instance is a read replica.
        max_connections: connections that the parameter group allows. Default: that of RDS.
        cpu_percent: average CPU, in percent.
        connection_share: share of the connections that are open.
        storage_share: share of the storage below which free space is too little.
        memory_share: share of the memory below which free memory is too little.

    Example:
        DatabaseAlarms(self, "CatalogueAlarms", recipients=recipients, name="catalogue",
                       instance_identifier="spotmusic-prod-catalogue", storage_gib=200,
                       memory_gib=32)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        recipients: Recipients,
        name: str,
        instance_identifier: str,
        storage_gib: int,
        memory_gib: int,
        replica: bool = False,
        max_connections: int | None = None,
        cpu_percent: Thresholds = CPU_PERCENT,
        connection_share: Thresholds = CONNECTION_SHARE,
        storage_share: Thresholds = STORAGE_SHARE,
        memory_share: Thresholds = MEMORY_SHARE,
    ) -> None:
        metric = partial(
            MetricSource,
            namespace="AWS/RDS",
            dimensions={"DBInstanceIdentifier": instance_identifier},
        )
        super().__init__(
            scope,
            construct_id,
            recipients=recipients,
            runbook="database",
            rules=[
                AlarmRule(
                    name="Cpu",
                    summary=(
                        f"Database {name}: its cpu is fully used for ten minutes, "
                        "or it reports nothing because it is down."
                    ),
                    watch=metric(name="CPUUtilization"),
                    thresholds=cpu_percent,
                    periods=10,
                    missing_data="breaching",
                ),
                AlarmRule(
                    name="Storage",
                    summary=(
                        f"Database {name}: little of its disk is free. "
                        "RDS grows it below 10%, up to its maximum."
                    ),
                    watch=metric(name="FreeStorageSpace", statistic="Minimum"),
                    thresholds=_of(storage_share, storage_gib * _GIB),
                    comparison="<",
                ),
                AlarmRule(
                    name="Memory",
                    summary=f"Database {name}: its memory is almost full; it will swap or restart.",
                    watch=metric(name="FreeableMemory", statistic="Minimum"),
                    thresholds=_of(memory_share, memory_gib * _GIB),
                    comparison="<",
                    periods=10,
                ),
                AlarmRule(
                    name="Connections",
                    summary=(
                        f"Database {name}: clients hold almost as many connections as it admits."
                    ),
                    watch=metric(name="DatabaseConnections", statistic="Maximum"),
                    thresholds=_of(
                        connection_share, max_connections or default_connections(memory_gib)
                    ),
                ),
                AlarmRule(
                    name="DiskQueue",
                    summary=f"Database {name}: reads and writes wait for its disk.",
                    watch=metric(name="DiskQueueDepth"),
                    thresholds={"warning": 64},
                    periods=15,
                ),
                *([_lag(name, metric(name="ReplicaLag", statistic="Maximum"))] if replica else []),
            ],
        )


def _lag(name: str, watch: MetricSource) -> AlarmRule:
    """Return the rule of a replica's lag.

    RDS reports -1 when replication has stopped (RDS user guide, instance-level metrics).
    """
    return AlarmRule(
        name="Lag",
        summary=(
            f"Database {name}: it follows its source too late, or not at all, "
            "and services read old rows."
        ),
        watch=Formula(
            expression="IF(lag < 0, 86400, lag)",
            metrics={"lag": watch},
            label="seconds behind its source",
        ),
        thresholds=LAG_SECONDS,
        missing_data="breaching",
    )


def _of(shares: Thresholds, whole: int) -> Thresholds:
    return {severity: int(share * whole) for severity, share in shares.items()}

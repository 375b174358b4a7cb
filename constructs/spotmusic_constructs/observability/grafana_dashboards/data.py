"""RDS, ElastiCache and S3."""

from spotmusic_constructs.observability.grafana_dashboards.model import Choice, CloudWatchQuery, Dashboard, Panel, Row


def _rds(metric: str, statistic: str = "Average", legend: str = "") -> CloudWatchQuery:
    return CloudWatchQuery(
        namespace="AWS/RDS",
        metric=metric,
        dimensions={"DBInstanceIdentifier": "$database"},
        statistic=statistic,
        legend=f"${{PROP('Dim.DBInstanceIdentifier')}} {legend}".strip(),
    )


def _cache(metric: str, statistic: str = "Average") -> CloudWatchQuery:
    return CloudWatchQuery(
        namespace="AWS/ElastiCache",
        metric=metric,
        dimensions={"CacheClusterId": "$node"},
        statistic=statistic,
        legend="${PROP('Dim.CacheClusterId')}",
    )


def _bucket(metric: str, storage: str, legend: str) -> CloudWatchQuery:
    return CloudWatchQuery(
        namespace="AWS/S3",
        metric=metric,
        dimensions={"BucketName": "$bucket", "StorageType": storage},
        legend=f"${{PROP('Dim.BucketName')}} {legend}",
    )


DASHBOARD = Dashboard(
    uid="data",
    title="Data: RDS, ElastiCache, S3",
    description="The databases, the cache and the buckets.",
    folder="AWS",
    choices=[
        Choice(name="database", label="Database", names="databases"),
        Choice(name="node", label="Cache node", names="cacheNodes"),
        Choice(name="bucket", label="Bucket", names="buckets"),
    ],
    rows=[
        Row(
            title="RDS for MySQL",
            panels=[
                Panel(title="Cpu", description="Alarms fire at 80 and 95%.", unit="percent", warning=80, queries=[_rds("CPUUtilization")]),
                Panel(
                    title="Connections",
                    description="Connections of services and Keycloak. A rise without requests is a pool that leaks.",
                    unit="short",
                    queries=[_rds("DatabaseConnections", "Maximum")],
                ),
                Panel(
                    title="Time of a read and a write",
                    description="Time that the volume takes. Above 20 ms it is throttled.",
                    unit="s",
                    warning=0.02,
                    queries=[_rds("ReadLatency", legend="read"), _rds("WriteLatency", legend="write")],
                ),
                Panel(
                    title="Free storage",
                    description="RDS adds storage by itself up to the limit of the environment file.",
                    unit="bytes",
                    width=12,
                    queries=[_rds("FreeStorageSpace", "Minimum")],
                ),
                Panel(
                    title="Free memory",
                    description="Little is normal: MySQL keeps pages. A fall to zero is not.",
                    unit="bytes",
                    width=12,
                    queries=[_rds("FreeableMemory", "Minimum")],
                ),
            ],
        ),
        Row(
            title="ElastiCache",
            panels=[
                Panel(
                    title="Cpu of the engine",
                    description="One core serves all commands.",
                    unit="percent",
                    warning=80,
                    queries=[_cache("EngineCPUUtilization")],
                ),
                Panel(
                    title="Memory",
                    description="At 100% the least used keys go.",
                    unit="percent",
                    warning=80,
                    queries=[_cache("DatabaseMemoryUsagePercentage", "Maximum")],
                ),
                Panel(
                    title="Reads that found something",
                    description="A fall sends the load to the database.",
                    unit="percent",
                    queries=[_cache("CacheHitRate")],
                ),
                Panel(
                    title="Keys that had to go",
                    description="Keys evicted for want of memory.",
                    unit="short",
                    width=12,
                    queries=[_cache("Evictions", "Sum")],
                ),
                Panel(
                    title="Replicas behind",
                    description="Time that replicas are behind their primary. Reads from them are as old.",
                    unit="s",
                    width=12,
                    warning=1,
                    queries=[_cache("ReplicationLag", "Maximum")],
                ),
            ],
        ),
        Row(
            title="S3",
            panels=[
                Panel(
                    title="Objects",
                    description="Objects of each bucket; S3 counts once a day.",
                    unit="short",
                    width=12,
                    queries=[_bucket("NumberOfObjects", "AllStorageTypes", "objects")],
                ),
                Panel(
                    title="Bytes",
                    description="Bytes of each bucket that are read often and seldom; S3 measures once a day.",
                    unit="bytes",
                    width=12,
                    queries=[
                        _bucket("BucketSizeBytes", "IntelligentTieringFAStorage", "often"),
                        _bucket("BucketSizeBytes", "IntelligentTieringIAStorage", "seldom"),
                        _bucket("BucketSizeBytes", "StandardStorage", "standard"),
                    ],
                ),
            ],
        ),
    ],
    span="now-24h",
)

"""Checks of deployed values that exceed the file.

RDS and EKS upgrade automatically, RDS grows, and a smaller cache may be too small for its data.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from spotmusic_cdk.settings.regions import cache_memory_gib
from tools.model.values import numbers
from tools.preflight.finding import Ask, Context, Finding, fix, ok, standing_of, verdict

_INSTANCE = "AWS::RDS::DBInstance"
_GROUP = "AWS::ElastiCache::ReplicationGroup"
_CLUSTER = "AWS::EKS::Cluster"
_CACHE = "deployed cache"
_DAYS = 14


def databases(context: Context) -> Iterator[Finding]:
    """Compare version and storage of each database with the file, because RDS never reduces them.

    RDS upgrades minor versions in the maintenance window (`AutoMinorVersionUpgrade`) and grows
    storage up to `max_storage_gib`. A lower value in the file is refused when another property
    changes, and the update of `data` is rolled back.
    """
    check, data = "deployed databases", context.settings.data
    instances = standing_of(context, "data", _INSTANCE)
    behind = []
    for key, spec in data.databases.items():
        start = f"{key.capitalize()}Instance"
        for name in (found for id_, found in instances.items() if id_.startswith(start)):
            answer = context.home("rds").describe_db_instances(DBInstanceIdentifier=name)
            (instance,) = answer["DBInstances"]
            at = (
                f"aws rds describe-db-instances --region {context.settings.region} "
                f"--db-instance-identifier {name}"
            )
            behind += [
                fix(f"{check} {key}", detail, f"{at}; then {advice}")
                for detail, advice in _behind(instance, spec.version, spec.storage_gib, key)
            ]
    within = "version and storage do not exceed the file"
    yield from behind or [ok(check, within if instances else "stack data does not exist yet")]


def _behind(instance: Any, version: str, storage: int, key: str) -> Iterator[tuple[str, str]]:
    has, grown = instance["EngineVersion"], instance["AllocatedStorage"]
    if numbers(has) > numbers(version):
        yield f"RDS runs MySQL {has}, the file has {version}", f"write data.{key}.version: {has}"
    if grown > storage:
        yield (
            f"RDS has grown to {grown} GiB, the file has {storage}",
            f"write data.{key}.storage_gib: {grown}",
        )


def cluster(context: Context) -> Iterator[Finding]:
    """Compare the version of the cluster with the file, because EKS upgrades it automatically.

    The templates refuse extended support (`UpgradePolicy: STANDARD`): EKS upgrades a cluster after
    the end of standard support. A later update could ask for the lower version of the file, which
    EKS refuses after seven days (Amazon EKS user guide, rollback of a cluster).
    """
    check, wanted = "deployed cluster", context.settings.kubernetes.version
    names = standing_of(context, "eks-platform", _CLUSTER).values()
    for name in names:
        has = context.home("eks").describe_cluster(name=name)["cluster"]["version"]
        at = f"aws eks describe-cluster --region {context.settings.region} --name {name}"
        detail = f"EKS runs Kubernetes {has}, the file has {wanted}"
        advice = f"{at}; then write kubernetes.version: {has} (docs/upgrades.md)"
        yield verdict(check, numbers(has) <= numbers(wanted), detail, advice)
    if not names:
        yield ok(check, "stack eks-platform does not exist yet")


def cache(context: Context) -> Iterator[Finding]:
    """Compare the memory in use over two weeks with the file's node type, if it is smaller."""
    names = standing_of(context, "data", _GROUP).values()
    for name in names:
        yield _smaller(context, name)
    if not names:
        yield ok(_CACHE, "stack data does not exist yet")


def _smaller(context: Context, name: str) -> Finding:
    wanted = context.settings.data.cache.node_type
    (group,) = context.home("elasticache").describe_replication_groups(ReplicationGroupId=name)[
        "ReplicationGroups"
    ]
    has = group["CacheNodeType"]
    if cache_memory_gib(wanted) >= cache_memory_gib(has):
        return ok(_CACHE, f"{name}: {wanted} is no smaller than {has}")
    held, holds = _held_gib(context, group["MemberClusters"]), cache_memory_gib(wanted)
    detail = f"{name} held up to {held:.1f} GiB in {_DAYS} days, and {wanted} holds {holds:.1f}"
    at = (
        f"aws elasticache describe-replication-groups --region {context.settings.region} "
        f"--replication-group-id {name}"
    )
    advice = (
        f"{at}; then keep data.cache.node_type: {has}, or let services store less "
        "(docs/runbooks/cache.md)"
    )
    return verdict(_CACHE, held < holds, detail, advice)


def _held_gib(context: Context, nodes: list[str]) -> float:
    """Return the maximum memory for data of a node, in GiB."""
    now = datetime.now(UTC)
    client, most = context.home("cloudwatch"), 0.0
    for node in nodes:
        points = client.get_metric_statistics(
            Namespace="AWS/ElastiCache",
            MetricName="BytesUsedForCache",
            Dimensions=[{"Name": "CacheClusterId", "Value": node}],
            StartTime=now - timedelta(days=_DAYS),
            EndTime=now,
            Period=24 * 3600,
            Statistics=["Maximum"],
        )["Datapoints"]
        most = max([most, *(float(point["Maximum"]) for point in points)])
    return most / 2**30


CHECKS: dict[str, Ask] = {
    "deployed databases": databases,
    "deployed cluster": cluster,
    _CACHE: cache,
}

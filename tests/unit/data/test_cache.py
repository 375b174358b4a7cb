"""Options and users of the cache; P-050 to P-055 decide its encryption, replicas and access."""

from typing import Any

import aws_cdk as cdk
import pytest

from spotmusic_constructs.data.cache import Cache
from tests.conftest import new_stack
from tests.templates import Resources, all_of, of_type, only, resources_of, whole
from tests.unit.imported import APPLICATION, group_of, key_of, vpc_of

GROUP = "AWS::ElastiCache::ReplicationGroup"


def synthesized(**options: Any) -> Resources:
    stack = new_stack()
    arguments: dict[str, Any] = {
        "prefixes": {"playback": "playback", "kong": "ratelimit"},
        "vpc": vpc_of(stack),
        "subnet_ids": ["subnet-4", "subnet-5", "subnet-6"],
        "security_group": group_of(stack, "sg-cache"),
        "users_subnets": APPLICATION,
        "users_security_group": group_of(stack, "sg-users"),
        "cache_key": key_of(stack, "CacheKey"),
        "secrets_key": key_of(stack, "Secrets"),
        "log_key": key_of(stack, "Logs"),
    }
    Cache(stack, "Cache", **arguments | options)
    return resources_of(stack)


@pytest.fixture(scope="module")
def minimal() -> Resources:
    return synthesized()


@pytest.fixture(scope="module")
def full() -> Resources:
    return synthesized(
        engine="valkey",
        engine_version="8.2",
        node_type="cache.r7g.large",
        replicas=1,
        snapshot_retention_days=7,
        removal_policy=cdk.RemovalPolicy.DESTROY,
    )


def users(resources: Resources) -> dict[str, dict[str, Any]]:
    return {user["UserName"]: user for user in all_of(resources, "AWS::ElastiCache::User")}


def test_cache_has_defaults_and_options(minimal: Resources, full: Resources) -> None:
    options = ("Engine", "EngineVersion", "ReplicasPerNodeGroup", "SnapshotRetentionLimit")
    assert [only(minimal, GROUP)[name] for name in options] == ["redis", "7.1", 2, 15]
    assert [only(full, GROUP)[name] for name in options] == ["valkey", "8.2", 1, 7]
    assert [whole(resources, GROUP)["DeletionPolicy"] for resources in (minimal, full)] == [
        "Snapshot",
        "Delete",
    ]


def test_cache_evicts_expiring_keys_only(minimal: Resources) -> None:
    found = only(minimal, "AWS::ElastiCache::ParameterGroup")["Properties"]["maxmemory-policy"]
    assert found == "volatile-lru"


def test_cache_users_survive_engine_change(full: Resources) -> None:
    assert {user["Engine"] for user in users(full).values()} == {"redis"}


def test_cache_rotation_waits_for_cache(minimal: Resources) -> None:
    (group,) = of_type(minimal, GROUP)
    assert all(
        group in schedule["DependsOn"]
        for schedule in of_type(minimal, "AWS::SecretsManager::RotationSchedule").values()
    )


@pytest.mark.parametrize(("engine", "version"), [("redis", "8.0"), ("valkey", "6.2")])
def test_cache_rejects_unknown_engine_version(engine: str, version: str) -> None:
    with pytest.raises(ValueError, match=f"{engine} {version} is not supported"):
        synthesized(engine=engine, engine_version=version)


def test_cache_user_reads_own_prefix_only(minimal: Resources) -> None:
    access = users(minimal)["kong"]["AccessString"].split()
    assert [rule for rule in access if rule[0] in "~&"] == ["~ratelimit:*", "&ratelimit:*"]
    assert access[0] == "on"
    assert access.index("-@all") < access.index("+@all") < access.index("-@dangerous")


def test_ids_are_valid_for_elasticache() -> None:
    longest = "a" * 24  # the longest name of a service
    ids = [user["UserId"] for user in users(synthesized(prefixes={longest: longest})).values()]
    assert all(id_ == id_.lower() and len(id_) <= 40 and id_[0].isalpha() for id_ in ids)
    assert len(set(ids)) == 2

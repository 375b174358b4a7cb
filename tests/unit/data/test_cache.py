from typing import Any

import aws_cdk as cdk
import pytest

from spotmusic_constructs.data.cache import Cache
from tests.conftest import new_stack
from tests.templates import Resources, all_of, only, resources_of, whole
from tests.unit.data.templates import APPLICATION, KEY, group_of, key_of, vpc_of

GROUP = "AWS::ElastiCache::ReplicationGroup"


def cache(stack: cdk.Stack, **options: Any) -> Cache:
    return Cache(
        stack,
        "Cache",
        **{
            "prefixes": {"playback": "playback", "kong": "ratelimit"},
            "vpc": vpc_of(stack),
            "subnet_ids": ["subnet-4", "subnet-5", "subnet-6"],
            "security_group": group_of(stack, "sg-cache"),
            "users_subnets": APPLICATION,
            "users_security_group": group_of(stack, "sg-users"),
            "cache_key": key_of(stack, "CacheKey"),
            "secrets_key": key_of(stack, "Secrets"),
            "log_key": key_of(stack, "Logs"),
            **options,
        },
    )


def synthesized(**options: Any) -> Resources:
    stack = new_stack()
    cache(stack, **options)
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


def test_cache_engine_defaults_to_redis(minimal: Resources, full: Resources) -> None:
    assert (only(minimal, GROUP)["Engine"], only(minimal, GROUP)["EngineVersion"]) == ("redis", "7.1")
    assert (only(full, GROUP)["Engine"], only(full, GROUP)["EngineVersion"]) == ("valkey", "8.2")
    assert only(full, "AWS::ElastiCache::ParameterGroup")["CacheParameterGroupFamily"] == "valkey8"


@pytest.mark.parametrize(("engine", "version"), [("redis", "8.0"), ("valkey", "6.2")])
def test_cache_rejects_unknown_engine_version(engine: str, version: str) -> None:
    with pytest.raises(ValueError, match=f"{engine} {version} is not supported"):
        synthesized(engine=engine, engine_version=version)


def test_cache_encrypts_at_rest_and_in_transit(minimal: Resources) -> None:
    group = only(minimal, GROUP)
    assert group["AtRestEncryptionEnabled"] is True
    assert group["KmsKeyId"] == KEY
    assert (group["TransitEncryptionEnabled"], group["TransitEncryptionMode"]) == (True, "required")


def test_cache_replica_fails_over_across_zones(minimal: Resources) -> None:
    group = only(minimal, GROUP)
    assert (group["AutomaticFailoverEnabled"], group["MultiAZEnabled"]) == (True, True)
    assert (group["NumNodeGroups"], group["ReplicasPerNodeGroup"]) == (1, 2)
    assert len(only(minimal, "AWS::ElastiCache::SubnetGroup")["SubnetIds"]) == 3


def test_snapshots_and_updates_come_by_themselves(minimal: Resources, full: Resources) -> None:
    assert only(minimal, GROUP)["SnapshotRetentionLimit"] == 15
    assert only(full, GROUP)["SnapshotRetentionLimit"] == 7
    assert only(minimal, GROUP)["AutoMinorVersionUpgrade"] is True


def test_memory_ends_for_what_may_expire_first(minimal: Resources) -> None:
    properties = only(minimal, "AWS::ElastiCache::ParameterGroup")["Properties"]
    assert properties == {"maxmemory-policy": "volatile-lru", "reserved-memory-percent": "25"}


def test_default_cache_user_is_disabled(minimal: Resources) -> None:
    assert users(minimal)["default"]["AccessString"] == "off -@all"
    assert "Passwords" not in users(minimal)["default"]


def test_cache_user_reads_own_prefix_only(minimal: Resources) -> None:
    access = users(minimal)["kong"]["AccessString"].split()
    assert [rule for rule in access if rule[0] in "~&"] == ["~ratelimit:*", "&ratelimit:*"]
    assert access[0] == "on"
    assert access.index("-@all") < access.index("+@all") < access.index("-@dangerous")


def test_passwords_are_references_that_only_cloudformation_resolves(minimal: Resources) -> None:
    for name in ("playback", "kong"):
        (password,) = users(minimal)[name]["Passwords"]
        assert password["Fn::Join"][1][0] == "{{resolve:secretsmanager:"
        assert password["Fn::Join"][1][-1] == ":SecretString:password::}}"


def test_cache_uses_group_of_all_users(minimal: Resources) -> None:
    assert len(only(minimal, "AWS::ElastiCache::UserGroup")["UserIds"]) == 3
    (group,) = only(minimal, GROUP)["UserGroupIds"]
    assert minimal[group["Ref"]]["Type"] == "AWS::ElastiCache::UserGroup"


def test_cache_users_survive_engine_change(full: Resources) -> None:
    assert {user["Engine"] for user in users(full).values()} == {"redis"}


def test_ids_are_what_elasticache_takes() -> None:
    longest = "a" * 24  # the longest name of a service
    ids = [user["UserId"] for user in users(synthesized(prefixes={longest: longest})).values()]
    assert all(id_ == id_.lower() and len(id_) <= 40 and id_[0].isalpha() for id_ in ids)
    assert len(set(ids)) == 2


def test_cache_passwords_rotate_monthly(minimal: Resources) -> None:
    schedules = [r for r in minimal.values() if r["Type"] == "AWS::SecretsManager::RotationSchedule"]
    group = next(id_ for id_, r in minimal.items() if r["Type"] == GROUP)
    assert len(schedules) == 2
    for schedule in schedules:
        assert schedule["Properties"]["RotationRules"] == {"AutomaticallyAfterDays": 30}
        assert group in schedule["DependsOn"]


def test_rotation_function_changes_own_users_only(minimal: Resources) -> None:
    policy = only(minimal, "AWS::IAM::ManagedPolicy")["PolicyDocument"]["Statement"]
    (right,) = [s for s in policy if "elasticache:ModifyUser" in s["Action"]]
    changed = {resource["Fn::GetAtt"][0] for resource in right["Resource"]}
    assert {minimal[id_]["Properties"]["UserName"] for id_ in changed} == {"playback", "kong"}


def test_logs_go_to_groups_of_ours(minimal: Resources) -> None:
    logs = {
        log["LogType"]: log["DestinationDetails"]["CloudWatchLogsDetails"]["LogGroup"]["Ref"]
        for log in only(minimal, GROUP)["LogDeliveryConfigurations"]
    }
    assert logs.keys() == {"slow-log", "engine-log"}
    assert all(minimal[id_]["Properties"]["KmsKeyId"] == KEY for id_ in logs.values())


def test_cache_final_snapshot_is_kept_by_default(minimal: Resources, full: Resources) -> None:
    assert whole(minimal, GROUP)["DeletionPolicy"] == whole(minimal, GROUP)["UpdateReplacePolicy"] == "Snapshot"
    assert whole(full, GROUP)["DeletionPolicy"] == "Delete"


def test_clients_find_it_by_its_endpoints() -> None:
    found = cache(new_stack())
    assert found.port == 6379
    assert set(found.users) == {"playback", "kong"}
    assert cdk.Token.is_unresolved(found.primary_endpoint)
    assert cdk.Token.is_unresolved(found.reader_endpoint)

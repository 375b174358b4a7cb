"""Promises: Cache."""

import pytest

from tests.properties.conftest import ENVIRONMENTS, VALKEY
from tests.properties.promise import Verdicts, promise
from tools.model.assembly import Assembly, Resource

pytestmark = pytest.mark.parametrize("platform", [*ENVIRONMENTS, VALKEY], indirect=True)

GROUP = "AWS::ElastiCache::ReplicationGroup"
USER = "AWS::ElastiCache::User"
VERSIONS = {"redis": {"7.1"}, "valkey": {"8.0", "8.1", "8.2"}}


def parameters(cache: Resource) -> dict[str, str]:
    group = cache.target("CacheParameterGroupName")
    return group.properties["Properties"] if group else {}


def rules(user: Resource) -> list[str]:
    return str(user["AccessString"]).split()


@promise
def test_p050_cache_has_own_key(platform: Assembly) -> Verdicts:
    """The cache is encrypted with the key of the cache.

    Kept by: `Cache`
    """
    for cache in platform.some(GROUP):
        key = cache.target("KmsKeyId")
        encrypted = (
            cache["AtRestEncryptionEnabled"] is True
            and key is not None
            and key.name == "secrets/CacheKey"
        )
        yield cache, encrypted, "Set at_rest_encryption_enabled, and kms_key_id to keys.cache."


@promise
def test_p051_cache_requires_tls(platform: Assembly) -> Verdicts:
    """The cache accepts TLS connections only.

    Kept by: `transit_encryption_mode: required`
    """
    for cache in platform.some(GROUP):
        required = (
            cache["TransitEncryptionEnabled"] is True
            and cache["TransitEncryptionMode"] == "required"
        )
        yield (
            cache,
            required,
            "Set transit_encryption_mode to `required`: `preferred` allows clients without TLS.",
        )


@promise
def test_p052_cache_fails_over_to_another_zone(platform: Assembly) -> Verdicts:
    """The cache has one node in each of three zones, and automatic failover is enabled.

    Kept by: `data.cache.replicas`
    """
    for cache in platform.some(GROUP):
        fails_over = cache["AutomaticFailoverEnabled"] is True and cache["MultiAZEnabled"] is True
        yield cache, fails_over, "Turn automatic failover and Multi-AZ on."
        yield (
            f"{cache.name} replicas",
            (cache["ReplicasPerNodeGroup"] or 0) >= 2,
            "Set data.cache.replicas to 2: a node in every zone.",
        )
        subnets = cache.target("CacheSubnetGroupName")
        zones = (
            {subnet["AvailabilityZone"] for subnet in subnets.targets("SubnetIds")}
            if subnets
            else set()
        )
        yield (
            cache,
            len(zones) == 3,
            f"Its subnets are in {sorted(zones)}. Give it the data tier, in three zones.",
        )


@promise
def test_p053_cache_clients_have_restricted_users(platform: Assembly) -> Verdicts:
    """Each client has a user of its own, restricted to its key prefix and without dangerous
    commands. The `default` user is disabled.

    Kept by: [`cache_users.py`](../constructs/spotmusic_constructs/data/cache_users.py)
    """
    for cache in platform.some(GROUP):
        groups = cache.targets("UserGroupIds")
        yield (
            cache,
            len(groups) == 1 and cache["AuthToken"] is None,
            "Set a user group instead of a shared token.",
        )
        members = [user for group in groups for user in group.targets("UserIds")]
        default = [user for user in members if user["UserName"] == "default"]
        off = len(default) == 1 and rules(default[0]) == ["off", "-@all"]
        yield (
            cache,
            off,
            (
                "Add a disabled user `default` without rights to the group: "
                "that of ElastiCache has all rights."
            ),
        )
        names = [user["UserName"] for user in members]
        yield (
            cache,
            None not in names and len(names) == len(set(names)),
            f"Give each client its own user: {names}.",
        )
        for user in members:
            yield (
                user,
                user in default or is_confined(user),
                "Restrict the user to its key prefix, without dangerous commands.",
            )
            named = user in default or (
                bool(user["Passwords"]) and user["NoPasswordRequired"] is not True
            )
            yield user, named, "Give it a password from Secrets Manager."
    unused = set(platform.some(USER)) - {
        user
        for group in platform.some("AWS::ElastiCache::UserGroup")
        for user in group.targets("UserIds")
    }
    for user in sorted(unused, key=str):
        yield user, False, "The user is in no group. Remove it."


def is_confined(user: Resource) -> bool:
    """Return true if a user's keys and channels have a prefix, and no rule after the removal of
    dangerous commands adds another than INFO.
    """
    said = rules(user)
    prefixes = [rule for rule in said if rule[0] in "~&%"]
    removed = [said.index(rule) for rule in ("-@admin", "-@dangerous") if rule in said]
    added = {rule for rule in said[min(removed, default=0) :] if rule[0] == "+"}
    confined = bool(prefixes) and all(len(rule) > 3 and rule.index(":") > 1 for rule in prefixes)
    return (
        confined
        and "resetchannels" in said
        and len(removed) == 2
        and added <= {"+info"}
        and "allkeys" not in said
    )


@promise
def test_p054_cache_has_snapshots_and_minor_upgrades(platform: Assembly) -> Verdicts:
    """Snapshots of the cache are retained for a week, in production for 15 days. Minor upgrades are
    automatic.

    Kept by: `data.cache.snapshot_retention_days`
    """
    least = 15 if platform.settings.production else 7
    for cache in platform.some(GROUP):
        days = cache["SnapshotRetentionLimit"] or 0
        yield (
            cache,
            days >= least,
            (
                f"It keeps {days} days of snapshots. Set data.cache.snapshot_retention_days to "
                f"{least}."
            ),
        )
        yield (
            cache,
            cache["AutoMinorVersionUpgrade"] is True,
            "Set auto_minor_version_upgrade=True.",
        )
        yield cache, cache.outlives_its_stack, "Set a final snapshot."


@promise
def test_p055_cache_engine_is_supported_with_eviction(platform: Assembly) -> Verdicts:
    """The engine is Redis 7.1 or Valkey 8, as the environment file sets. It evicts keys when memory
    is full and reserves memory for failover.

    Kept by: `Cache`
    """
    for cache in platform.some(GROUP):
        engine, version = cache["Engine"], str(cache["EngineVersion"])
        asked = engine == platform.settings.data.cache.engine and version in VERSIONS.get(
            engine, set()
        )
        yield (
            cache,
            asked,
            (
                f"{engine} {version} is not what the environment file asks for, or not supported. "
                "Use redis 7.1 or valkey 8."
            ),
        )
        group = cache.target("CacheParameterGroupName")
        family = f"{engine}{version.split('.', maxsplit=1)[0]}"
        yield (
            cache,
            group is not None and group["CacheParameterGroupFamily"] == family,
            f"Give it a parameter group of {family}.",
        )
        said = parameters(cache)
        evicts = said.get("maxmemory-policy", "noeviction") != "noeviction"
        yield cache, evicts, "Set maxmemory-policy: writes fail at full memory otherwise."
        reserved = int(said.get("reserved-memory-percent", "0"))
        yield (
            cache,
            10 <= reserved <= 50,
            "Set reserved-memory-percent to 25: copies and failover need memory too.",
        )

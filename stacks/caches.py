"""Caches of an environment: the shared cache, and caches of single clients."""

from collections.abc import Mapping
from functools import partial

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from spotmusic_cdk import versions
from spotmusic_cdk.settings import Settings
from spotmusic_constructs.arns import secret_arn
from spotmusic_constructs.data.cache import Cache
from spotmusic_constructs.secrets.data_keys import DataKeys
from stacks.environment_stack import EnvironmentStack
from stacks.network import NetworkStack

KONG_PREFIX = "ratelimit"
"""Prefix of the keys of Kong's rate limiting (kong/plugins/rate-limiting/policies, 3.9)."""
_SHARED = "tue:08:00-tue:09:00"
_OWN = ("thu:07:00-thu:08:00", "fri:07:00-fri:08:00", "sat:07:00-sat:08:00", "sun:07:00-sun:08:00")
"""Maintenance windows in UTC: at night in São Paulo, one cache a night. The databases have other
nights (stacks/databases.py)."""


def shared_cache(
    stack: EnvironmentStack, *, settings: Settings, network: NetworkStack, keys: DataKeys
) -> Cache:
    """Create the shared cache, with a user for every client.

    A service that moves to a separate cache keeps its user here, and the exports that its running
    tasks import (docs/adr/0001).
    """
    cache = _cache(
        stack,
        "Cache",
        prefixes(settings),
        _SHARED,
        stack=stack,
        settings=settings,
        network=network,
        keys=keys,
    )
    if moved := [
        secret_arn(cache.users[name]) for name in settings.data.cache.own if name != "kong"
    ]:
        for value in (*moved, cache.primary_endpoint, cache.reader_endpoint):
            stack.export_value(value)
    return cache


def own_caches(
    stack: EnvironmentStack, *, settings: Settings, network: NetworkStack, keys: DataKeys
) -> dict[str, Cache]:
    """Create the caches of single clients (docs/adr/0029)."""
    new = partial(
        _cache,
        Construct(stack, "OwnCaches"),
        stack=stack,
        settings=settings,
        network=network,
        keys=keys,
    )
    windows = zip(settings.data.cache.own, _OWN, strict=False)
    return {name: new(name, {name: prefixes(settings)[name]}, window) for name, window in windows}


def prefixes(settings: Settings) -> dict[str, str]:
    """Return the prefix of the keys of each client."""
    return {name: name for name in settings.services_talking_to("cache")} | {"kong": KONG_PREFIX}


def _cache(
    scope: Construct,
    name: str,
    clients: Mapping[str, str],
    window: str,
    *,
    stack: EnvironmentStack,
    settings: Settings,
    network: NetworkStack,
    keys: DataKeys,
) -> Cache:
    options, groups = settings.data.cache, network.security_groups
    cache = Cache(
        scope,
        name,
        engine=options.engine,
        engine_version=options.version or versions.DEFAULT_CACHE_VERSION[options.engine],
        node_type=options.node_type,
        replicas=options.replicas,
        prefixes=clients,
        vpc=network.vpc,
        subnet_ids=network.vpc.select_subnets(subnet_group_name="data").subnet_ids,
        security_group=groups.of("cache"),
        users_subnets=ec2.SubnetSelection(subnet_group_name="application"),
        users_security_group=groups.of("cache-users"),
        cache_key=keys.cache,
        secrets_key=keys.secrets,
        log_key=keys.logs,
        retention=stack.log_retention,
        maintenance_window=window,
        snapshot_retention_days=options.snapshot_retention_days,
        removal_policy=stack.snapshot_on_delete,
    )
    # Experiments select their targets by this tag (stacks/observability/experiments.py).
    cdk.Tags.of(cache.replication_group).add("Component", "cache")
    return cache

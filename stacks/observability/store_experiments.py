"""Experiments of AWS FIS on the primaries of databases and the nodes of the cache."""

from aws_cdk import aws_iam as iam

from spotmusic_constructs.resilience import fault_actions
from spotmusic_constructs.resilience.experiment import Action
from spotmusic_constructs.resilience.fault_injection import FaultInjection
from stacks.observability.components import Components


def failover(components: Components, name: str, zone: str | None = None) -> Action:
    """Return the failover of a database, in a zone only if its primary is there."""
    tags = {**components.settings.identifying_tags, "Component": name}
    identifier = components.databases[name].identifier
    return fault_actions.database_failed_over(identifier, tags=tags, zone=zone)


def cache_lost(components: Components, zone: str) -> Action:
    """Return the power interruption of the cache node in a zone."""
    tags = {**components.settings.identifying_tags, "Component": "cache"}
    return fault_actions.cache_without_power(zone, tags=tags)


def database_experiments(
    injection: FaultInjection, components: Components, role: iam.IRole
) -> None:
    """Create the experiment on the primary of each database."""
    for name in components.databases:
        injection.add(
            f"{name.capitalize()}Primary",
            description=f"Fail over the database {name} to its standby",
            actions={"database": failover(components, name)},
            role=role,
        )


def cache_experiments(injection: FaultInjection, components: Components, role: iam.IRole) -> None:
    """Create the experiment on the cache node of each zone."""
    for zone in components.settings.zones:
        injection.add(
            f"CacheNode{zone[-1].upper()}",
            description=(
                f"Interrupt the power of the cache node in {zone}; "
                "a replica takes over if it was the primary"
            ),
            actions={"cache": cache_lost(components, zone)},
            role=role,
        )

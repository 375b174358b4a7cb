"""Changes and commitments with a lower cost."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tools.cost.lines import Line
from tools.cost.resources import Environment, Found, cache_nodes, database, database_name
from tools.cost.use import HOURS, Level
from tools.model.templates import Properties, of_type

BUNDLE, COMPUTE_PLAN, RESERVED = 0.30, 0.20, 0.30
"""Discounts for one year without upfront payment.

They are the highest of the CloudFront Security Savings Bundle (AWS announcement of 2021-02),
Compute Savings Plans for Fargate, and reserved database and cache nodes. The last two differ by
class and region (assumptions).
"""
COMMITTED = 0.5
"""Committed share of CloudFront at mid use. Other commitments cover low use."""


@dataclass(frozen=True)
class Saving:
    """Change with a lower cost.

    Args:
        change: what to change.
        usd: saving per month at mid use.
        commitment: required commitment, empty for none.
    """

    change: str
    usd: float
    commitment: str = ""


def savings(of: Environment, lines: Sequence[Line], mid: Level) -> list[Saving]:
    """Return the savings of an environment at mid use, largest first.

    Args:
        of: the environment.
        lines: lines of the estimate.
        mid: level of mid use.
    """
    found = [*_commitments(lines), *_valkey(of), *_fewer_endpoints(of, mid), *_one_zone(of, mid)]
    return sorted((saving for saving in found if saving.usd >= 1), key=lambda saving: -saving.usd)


def _commitments(lines: Sequence[Line]) -> Iterable[Saving]:
    low, mid = 0, 1
    bundle = "Buy the CloudFront Security Savings Bundle for half of mid use"
    plan = "Buy a Compute Savings Plan for low use of tasks and nodes"
    databases = ("database catalogue", "database identity")
    for change, starts, level, share, discount in (
        (bundle, ("CloudFront, ",), mid, COMMITTED, BUNDLE),
        (plan, ("tasks ", "nodes, "), low, 1.0, COMPUTE_PLAN),
        ("Reserve the database instances", databases, low, 1.0, RESERVED),
        ("Reserve the cache nodes", ("cache, ",), low, 1.0, RESERVED),
    ):
        usd = share * sum(
            line.usd[level]
            for line in lines
            if line.label.startswith(starts) and "spot" not in line.label
        )
        yield Saving(change, usd * discount, f"{usd * (1 - discount):,.0f} USD a month for a year")


def _valkey(of: Environment) -> Iterable[Saving]:
    for _, _, group in of_type(of.templates, "AWS::ElastiCache::ReplicationGroup"):
        if group.get("Engine") == "redis":
            hours, type_ = HOURS * cache_nodes(group), group["CacheNodeType"]
            kinds = (f"NodeUsage:{type_}:{engine}" for engine in ("redis", "valkey"))
            redis, valkey = (
                of.prices.usd("AmazonElastiCache", kind, of.settings.region, hours)
                for kind in kinds
            )
            yield Saving("Use Valkey in place of Redis (data.cache.engine: valkey)", redis - valkey)


def _fewer_endpoints(of: Environment, mid: Level) -> Iterable[Saving]:
    """Yield savings by NAT gateways instead of interface endpoints, which production requires."""
    if of.settings.production or not of.interface_endpoints:
        return
    region = of.settings.region
    hours = HOURS * len(of.settings.zones) * of.interface_endpoints
    usd = of.prices.usd("AmazonVPC", "VpcEndpoint-Hours", region, hours)
    gb = sum(of.service_logs_gb(mid).values()) if of.logs_have_endpoint else 0
    nat, endpoints = (
        of.prices.usd(*price, region, gb)
        for price in (("AmazonEC2", "NatGateway-Bytes"), ("AmazonVPC", "VpcEndpoint-Bytes"))
    )
    yield Saving(
        "Use NAT gateways in place of interface endpoints (network.interface_endpoints: [])",
        usd + endpoints - nat,
    )


def _one_zone(of: Environment, mid: Level) -> Iterable[Saving]:
    """Yield savings by databases without a standby, which production requires."""
    twice = [
        found
        for found in of_type(of.templates, "AWS::RDS::DBInstance")
        if found[2].get("MultiAZ") is True
    ]
    if not twice or of.settings.production:
        return

    def usd(stack: str, id_: str, properties: Properties) -> float:
        uses = database(Found(stack, id_, properties, of.settings.region), mid, of)
        return sum(
            of.prices.usd(use.service, use.usage, of.settings.region, use.quantity) for use in uses
        )

    saved = sum(
        usd(stack, id_, known) - usd(stack, id_, {**known, "MultiAZ": False})
        for stack, id_, known in twice
    )
    keys = " and ".join(f"data.{database_name(id_)}" for _, id_, _ in twice)
    yield Saving(f"Run databases in one zone (multi_az: false of {keys})", saved)

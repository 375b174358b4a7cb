"""Checks of an environment file against its region: zones, partition, classes of instances, and secrets of elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from spotmusic_cdk.settings import instances
from spotmusic_cdk.settings.problem import Problem

if TYPE_CHECKING:
    from spotmusic_cdk.settings.environment import Settings


def problems(settings: Settings) -> Iterator[Problem]:
    """Finds what the region does not have."""
    yield from _zones(settings)
    if settings.region not in instances.REGIONS:
        wrong = (
            f"{settings.region} is no region of the partition aws that this project knows; the edge stack can stand in no other partition"
        )
        yield Problem("region", wrong, f"Use one of {', '.join(sorted(instances.REGIONS))}.")
        return
    if settings.resilience.fault_injection and settings.region in instances.WITHOUT_FAULT_INJECTION:
        wrong = f"CloudFormation in {settings.region} knows no experiment templates of AWS FIS"
        yield Problem("resilience.fault_injection", wrong, "Leave it out.")
    yield from _instances(settings)
    yield from _secrets(settings)


def _zones(settings: Settings) -> Iterator[Problem]:
    zones, region = settings.zones, settings.region
    if not 2 <= len(zones) <= 3 or len(set(zones)) != len(zones):
        shown = ", ".join(zones[:4]) + (" …" if zones[4:] else "") if zones else "none"
        yield Problem("zones", f"{shown} are not two or three different zones", "Name three where the region has them.")
    for zone in zones:
        if not (zone.startswith(region) and zone[len(region) :].isalpha()):
            yield Problem("zones", f"{zone} is not a zone of {region}", f"Use names such as {region}a, or change region.")
    gateways = settings.network.nat_gateways
    if gateways not in (1, len(zones)):
        wrong = f"{gateways} is neither 1 nor one for each of the {len(zones)} zones"
        yield Problem("network.nat_gateways", wrong, f"Use 1 or {len(zones)}.")


def _instances(settings: Settings) -> Iterator[Problem]:
    data, region = settings.data, settings.region
    for key, database in (("catalogue", data.catalogue), ("identity", data.identity)):
        yield from instances.problems(f"data.{key}.instance_class", database.instance_class, instances.DATABASES, region)
    yield from instances.problems("data.cache.node_type", data.cache.node_type.removeprefix("cache."), instances.CACHES, region)


def _secrets(settings: Settings) -> Iterator[Problem]:
    """ECR and External Secrets read secrets of their own region, and the endpoint of Secrets Manager lets none of other accounts in."""
    for key, arn in settings.named_secrets.items():
        _, _, _, region, account, *_ = arn.split(":")
        if region != settings.region:
            wrong = f"the secret is in {region}, and what reads it in {settings.region}"
            yield Problem(key, wrong, f"Make the secret in {settings.region} too, and name that.")
        if settings.account not in (None, account):
            wrong = f"the secret is of account {account}, and what reads it of {settings.account}"
            yield Problem(key, wrong, f"Make the secret in {settings.account}, and name that.")

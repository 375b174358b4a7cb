"""Checks of an environment file against its region: zones, partition, classes of instances, and secrets of elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from spotmusic_cdk.settings import instances
from spotmusic_cdk.settings.edge import price_classes_of
from spotmusic_cdk.settings.problem import Problem

if TYPE_CHECKING:
    from spotmusic_cdk.settings.environment import Settings


CLOSED_ZONES = {
    "ap-northeast-1b": "AWS does not offer this zone to new accounts",
    "ca-central-1c": "in most accounts this is the zone cac1-az3, where EKS creates no cluster",
    "us-east-1e": "in most accounts this is the zone use1-az3, where EKS creates no cluster",
}
"""Zones that most accounts cannot use. The letters of a zone may differ between accounts, its id does not, so that this is a warning only.
Sources: Amazon EKS user guide, subnet requirements; eksctl-io/eksctl pull request 7870; both read 2026-11."""
_LETTERS = {"ap-northeast-1": "acd", "ca-central-1": "abd", "us-west-1": "ac"}


def usual_zones(region: str) -> list[str]:
    """Return the zones that most accounts have in a region: a, b and c, except where AWS has closed one."""
    return [f"{region}{letter}" for letter in _LETTERS.get(region, "abc")]


def zone_warnings(settings: Settings) -> Iterator[Problem]:
    """Find zones that exist but that most accounts cannot use."""
    for zone in settings.zones:
        if zone in CLOSED_ZONES:
            advice = f"Compare the ids of `{_zones_command(settings.region)}`, or write zones: [{', '.join(usual_zones(settings.region))}]."
            yield Problem("zones", f"{zone}: {CLOSED_ZONES[zone]}", advice)


def _zones_command(region: str) -> str:
    return f"aws ec2 describe-availability-zones --region {region}"


def _listed(zones: Sequence[str]) -> str:
    return ", ".join(zones[:4]) + (" …" if zones[4:] else "") if zones else "none"


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
    if settings.edge.price_class not in (classes := price_classes_of(settings.region)):
        wrong = f"class {settings.edge.price_class} has no edges on the continent of {settings.region}"
        yield Problem("edge.price_class", wrong, f"Use {' or '.join(classes)}.")
    yield from _instances(settings)
    yield from _secrets(settings)


def _zones(settings: Settings) -> Iterator[Problem]:
    zones, region = settings.zones, settings.region
    if not 2 <= len(zones) <= 3 or len(set(zones)) != len(zones):
        yield Problem("zones", f"{_listed(zones)} are not two or three different zones", "Name three where the region has them.")
    foreign = [zone for zone in zones if not (zone.startswith(region) and zone[len(region) :].isalpha())]
    if foreign:
        several = "are not zones" if foreign[1:] else "is not a zone"
        advice = f"Write zones: [{', '.join(usual_zones(region))}], or change region; `{_zones_command(region)}` lists yours."
        yield Problem("zones", f"{_listed(foreign)} {several} of {region}", advice)
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

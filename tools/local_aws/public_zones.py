"""Public hosted zones that exist before the first deployment, created in the embedded AWS."""

from collections.abc import Iterable, Iterator
from typing import Any

from tools.local_aws import session
from tools.local_aws.assembly import SynthesizedStack

EXISTING = "existing:"
"""Prefix of the caller reference of a zone with a fixed id (`corrections.py`)."""


def public_zones(stacks: Iterable[SynthesizedStack]) -> dict[str, str]:
    """Return the domain by id of each hosted zone that templates reference by a literal id.

    Args:
        stacks: the stacks of an assembly.
    """
    named: dict[str, list[str]] = {}
    for stack in stacks:
        for zone, name in _named(stack.resources.values()):
            named.setdefault(zone, []).append(name.rstrip(".").removeprefix("*."))
    return {zone: min(names, key=len) for zone, names in named.items()}


def provide(stacks: Iterable[SynthesizedStack], *, endpoint: str) -> None:
    """Create missing zones.

    Args:
        stacks: the stacks of an assembly.
        endpoint: loopback URL of the emulator.
    """
    route53 = session.client("route53", endpoint, region="us-east-1")
    present = {zone["Id"].rpartition("/")[2] for zone in route53.list_hosted_zones()["HostedZones"]}
    for zone, name in public_zones(stacks).items():
        if zone not in present:
            route53.create_hosted_zone(Name=name, CallerReference=EXISTING + zone)


def _named(resources: Iterable[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    for resource in resources:
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Route53::RecordSet":
            pairs = [(properties.get("HostedZoneId"), properties["Name"])]
        elif resource["Type"] == "AWS::CertificateManager::Certificate":
            pairs = [
                (option.get("HostedZoneId"), option["DomainName"])
                for option in properties.get("DomainValidationOptions", [])
            ]
        else:
            continue
        yield from (
            (zone, name) for zone, name in pairs if isinstance(zone, str) and isinstance(name, str)
        )

"""Regions of AWS: zones, instance classes and prices, and checks of an environment against its
region."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from spotmusic_cdk import versions
from spotmusic_cdk.settings.environment import Settings
from spotmusic_cdk.settings.model import Problem, meant
from spotmusic_cdk.settings.network import PriceClass
from spotmusic_constructs.data.parameters import CACHE

_REGIONS = """
    af-south-1 ap-east-1 ap-east-2 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1
    ap-south-2 ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-6
    ca-central-1 ca-west-1 eu-central-1 eu-central-2 eu-north-1 eu-south-1 eu-south-2 eu-west-1
    eu-west-2 eu-west-3 il-central-1 me-central-1 me-south-1 mx-central-1 sa-east-1 us-east-1
    us-east-2 us-west-1 us-west-2
"""
REGIONS = frozenset(_REGIONS.split())
"""Regions of the partition `aws`, the partition of CloudFront: the edge stack is in us-east-1, and
stacks cannot cross partitions. Without ap-southeast-5 and ap-southeast-7, where CloudFormation has
no restore testing of AWS Backup (resource types of cfn-lint 1.58.0)."""
_WITHOUT_BUDGETS = """
    af-south-1 ap-east-1 ap-east-2 ap-northeast-3 ap-south-2 ap-southeast-3 ap-southeast-4
    ap-southeast-6 ca-west-1 eu-central-2 eu-north-1 eu-south-1 eu-south-2 il-central-1 me-central-1
    mx-central-1
"""
WITHOUT_BUDGETS = frozenset(_WITHOUT_BUDGETS.split())
"""Regions without AWS::Budgets::Budget in CloudFormation. The edge stack then has the budgets,
which count every region anyway."""
_WITHOUT_FAULT_INJECTION = """
    ap-east-2 ap-south-2 ap-southeast-3 ap-southeast-4 ap-southeast-6 ca-west-1 il-central-1
    mx-central-1
"""
WITHOUT_FAULT_INJECTION = frozenset(_WITHOUT_FAULT_INJECTION.split())
"""Regions without AWS::FIS::ExperimentTemplate in CloudFormation, from the same source."""
WITHOUT_INSPECTOR = frozenset({"ap-southeast-6"})
"""Regions without Amazon Inspector, which scans images of the registry (AWS General Reference,
Amazon Inspector endpoints; Amazon ECR user guide, enhanced scanning; read 2026-11)."""


@dataclass(frozen=True)
class Family:
    """Family of instance classes.

    Args:
        sizes: its sizes, smallest first.
        absent: regions without the family.
    """

    sizes: tuple[str, ...]
    absent: frozenset[str] = frozenset()


def _family(sizes: str, absent: str = "") -> Family:
    return Family(tuple(sizes.split()), frozenset(absent.split()))


_BURSTABLE = "medium large xlarge 2xlarge"
"""Sizes without micro and small, which do not support Performance Insights (Amazon RDS user guide,
engine and instance class support, 2026-11)."""
_SIXTEEN = "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge"
_FORTY_EIGHT = f"{_SIXTEEN} 24xlarge 48xlarge"

DATABASES: Mapping[str, Family] = {
    "t4g": _family(_BURSTABLE, "ca-west-1"),
    "t3": _family(_BURSTABLE),
    "m6g": _family(_SIXTEEN),
    "m7g": _family(_SIXTEEN, "af-south-1 ap-east-1 ca-west-1 eu-south-1"),
    "m8g": _family(
        _FORTY_EIGHT,
        "ap-east-2 ap-northeast-3 ap-southeast-3 ap-southeast-4 ap-southeast-6 ca-central-1 "
        "il-central-1 me-central-1 me-south-1 mx-central-1",
    ),
    "r6g": _family(_SIXTEEN),
    "r7g": _family(_SIXTEEN, "af-south-1 ap-southeast-4 eu-west-3 me-central-1"),
    "r8g": _family(
        _FORTY_EIGHT,
        (
            "af-south-1 ap-east-2 ap-southeast-6 ca-west-1 eu-south-1 il-central-1 me-central-1 "
            "me-south-1"
        ),
    ),
}
"""Families for RDS for MySQL 8.4. Source: the tables of cfn-lint 1.58.0, which are derived from the
pricing of Amazon RDS. A test compares them."""

CACHES: Mapping[str, Family] = {
    "t4g": _family("micro small medium", "me-central-1 me-south-1"),
    "t3": _family("micro small medium", "ap-southeast-6"),
    "m6g": _family(_SIXTEEN),
    "m7g": _family(_SIXTEEN, "ca-west-1 eu-south-1"),
    "m8g": _family(
        _SIXTEEN, "ap-east-2 ap-southeast-6 il-central-1 me-central-1 me-south-1 mx-central-1"
    ),
    "r6g": _family(_SIXTEEN),
    "r7g": _family(_SIXTEEN),
    "r8g": _family(_SIXTEEN, "ap-east-2 il-central-1 me-central-1 me-south-1"),
}
"""Families for ElastiCache, from the same source."""

_BURSTABLE_GIB = "0.5 1.4 3.1"
_GENERAL_GIB = "6.4 12.9 26.0 52.3 103.7 157.1 209.5"
_MEMORY_GIB = "13.1 26.3 52.8 105.8 209.5 317.8 419.1"
_CACHE_GIB = {
    **dict.fromkeys(("t3", "t4g"), _BURSTABLE_GIB),
    **dict.fromkeys(("m6g", "m7g"), _GENERAL_GIB),
    "m8g": "6.8 14.2 29.7 61.3 124.6 188.0 251.3",
    **dict.fromkeys(("r6g", "r7g"), _MEMORY_GIB),
    "r8g": "14.2 29.7 61.3 124.6 251.3 377.9 504.5",
}
"""`maxmemory` of each size in GiB, smallest first (Amazon ElastiCache user guide, node-type
specific parameters, 2026-11)."""
_USABLE = 1 - int(CACHE["reserved-memory-percent"]) / 100
"""Share of `maxmemory` for data (Amazon ElastiCache user guide, managing reserved memory)."""


def cache_memory_gib(node_type: str) -> float:
    """Return the memory for data of a node in GiB, 0 for an unknown type.

    Args:
        node_type: such as `cache.r7g.large`. The result excludes the memory that the parameter
            group reserves for failovers and snapshots.
    """
    family, _, size = node_type.removeprefix("cache.").partition(".")
    sizes = CACHES[family].sizes if family in CACHES else ()
    return _USABLE * float(_CACHE_GIB[family].split()[sizes.index(size)]) if size in sizes else 0.0


def _instance_problems(
    key: str, name: str, families: Mapping[str, Family], region: str
) -> Iterator[Problem]:
    """Find an instance class, such as `t4g.medium`, that a region does not offer."""
    family, _, size = name.partition(".")
    present = [known for known, about in families.items() if region not in about.absent]
    if family not in families:
        yield Problem(key, f"{family} is not a supported instance family", meant(family, present))
    elif size not in families[family].sizes:
        yield Problem(
            key, f"unsupported size {size} of {family}", meant(size, families[family].sizes)
        )
    elif region in families[family].absent:
        yield Problem(
            key, f"{family} is not available in {region}", f"Use one of {', '.join(present)}."
        )


_FIRST_CLASS: dict[str, PriceClass] = {
    **dict.fromkeys(("us", "ca", "mx", "eu", "il"), "100"),
    **dict.fromkeys(("af", "me", "ap"), "200"),
    **dict.fromkeys(("sa", "ap-southeast-2", "ap-southeast-4", "ap-southeast-6"), "all"),
}


def price_classes_of(region: str) -> tuple[PriceClass, ...]:
    """Return the price classes with edges on the continent of a region.

    Source: Amazon CloudFront developer guide, price classes, read 2026-11. Regions ap-southeast-2,
    -4 and -6 are in Australia and New Zealand. Other regions outside the table have only the class
    `all`.
    """
    first = _FIRST_CLASS.get(region) or _FIRST_CLASS.get(region.partition("-")[0], "all")
    classes = get_args(PriceClass)
    return classes[classes.index(first) :]


_ORIGIN_SHIELDS = """
    ap-northeast-1 ap-northeast-2 ap-south-1 ap-southeast-1 ap-southeast-2 eu-central-1 eu-west-1
    eu-west-2 me-central-1 sa-east-1 us-east-1 us-east-2 us-west-2
"""
ORIGIN_SHIELDS = tuple(_ORIGIN_SHIELDS.split())
"""Regions with CloudFront Origin Shield (Amazon CloudFront developer guide, choose the AWS Region
for Origin Shield, read 2026-11)."""

CLOSED_ZONES = {
    "ap-northeast-1b": "AWS does not offer this zone to new accounts",
    "ca-central-1c": "in most accounts this is the zone cac1-az3, where EKS creates no cluster",
    "us-east-1e": "in most accounts this is the zone use1-az3, where EKS creates no cluster",
}
"""Zones that most accounts cannot use. This is only a warning, because the letters of a zone may
differ between accounts. Its id does not. Sources: Amazon EKS user guide, subnet requirements;
eksctl-io/eksctl pull request 7870; both read 2026-11."""
_LETTERS = {"ap-northeast-1": "acd", "ca-central-1": "abd", "us-west-1": "ac"}


def usual_zones(region: str) -> list[str]:
    """Return the zones that most accounts have in a region: a, b and c, except zones that AWS has
    closed.
    """
    return [f"{region}{letter}" for letter in _LETTERS.get(region, "abc")]


def warnings(settings: Settings) -> Iterator[Problem]:
    """Find zones that most accounts cannot use."""
    for zone in settings.zones:
        if zone in CLOSED_ZONES:
            advice = (
                f"Compare the ids of `{_zones_command(settings.region)}`, or write zones: "
                f"[{', '.join(usual_zones(settings.region))}]."
            )
            yield Problem("zones", f"{zone}: {CLOSED_ZONES[zone]}", advice)


def _zones_command(region: str) -> str:
    return f"aws ec2 describe-availability-zones --region {region}"


def _listed(zones: Sequence[str]) -> str:
    return ", ".join(zones[:4]) + (" …" if zones[4:] else "") if zones else "none"


def problems(settings: Settings) -> Iterator[Problem]:
    """Find settings that the region does not support."""
    if settings.region not in REGIONS:
        wrong = f"unsupported region {settings.region}: CloudFront requires the partition aws"
        yield Problem("region", wrong, meant(settings.region, sorted(REGIONS)))
        return
    yield from _zones(settings)
    if settings.resilience.fault_injection and settings.region in WITHOUT_FAULT_INJECTION:
        wrong = (
            f"CloudFormation in {settings.region} does not support experiment templates of AWS FIS"
        )
        yield Problem("resilience.fault_injection", wrong, "Remove it.")
    if settings.registry.account_scanning and settings.region in WITHOUT_INSPECTOR:
        wrong = f"{settings.region} has no Amazon Inspector"
        yield Problem("registry.account_scanning", wrong, "Set it to false.")
    if settings.edge.price_class not in (classes := price_classes_of(settings.region)):
        wrong = (
            f"class {settings.edge.price_class} has no edges on the continent of {settings.region}"
        )
        yield Problem("edge.price_class", wrong, f"Use {' or '.join(classes)}.")
    shield = settings.edge.origin_shield
    if shield and shield not in ORIGIN_SHIELDS:
        yield Problem(
            "edge.origin_shield",
            f"CloudFront has no Origin Shield in {shield}",
            meant(shield, ORIGIN_SHIELDS),
        )
    yield from _instances(settings)
    yield from _secrets(settings)
    yield from _prefix_list(settings)


def _zones(settings: Settings) -> Iterator[Problem]:
    zones, region = settings.zones, settings.region
    if not 2 <= len(zones) <= 3 or len(set(zones)) != len(zones):
        yield Problem(
            "zones",
            f"{_listed(zones)} are not two or three different zones",
            "Use three where the region has them.",
        )
    foreign = [
        zone for zone in zones if not (zone.startswith(region) and zone[len(region) :].isalpha())
    ]
    if foreign:
        several = "are not zones" if foreign[1:] else "is not a zone"
        advice = (
            f"Write zones: [{', '.join(usual_zones(region))}], or change region; "
            f"`{_zones_command(region)}` lists yours."
        )
        yield Problem("zones", f"{_listed(foreign)} {several} of {region}", advice)
    gateways = settings.network.nat_gateways
    if gateways not in (1, len(zones)):
        wrong = f"{gateways} is neither 1 nor one for each of the {len(zones)} zones"
        yield Problem("network.nat_gateways", wrong, f"Use 1 or {len(zones)}.")


def _instances(settings: Settings) -> Iterator[Problem]:
    data, region = settings.data, settings.region
    for key, database in data.databases.items():
        yield from _instance_problems(
            f"data.{key}.instance_class", database.instance_class, DATABASES, region
        )
    yield from _instance_problems(
        "data.cache.node_type", data.cache.node_type.removeprefix("cache."), CACHES, region
    )


def _prefix_list(settings: Settings) -> Iterator[Problem]:
    if (
        settings.edge.origin_prefix_list is None
        and settings.region not in versions.CLOUDFRONT_ORIGIN_PREFIX_LISTS
    ):
        wrong = f"the id of CloudFront's origin-facing prefix list in {settings.region} is unknown"
        name = "com.amazonaws.global.cloudfront.origin-facing"
        command = (
            f"aws ec2 describe-managed-prefix-lists --region {settings.region} --filters "
            f"Name=prefix-list-name,Values={name}"
        )
        yield Problem(
            "edge.origin_prefix_list", wrong, f"Set it to the id that `{command}` returns."
        )


def _secrets(settings: Settings) -> Iterator[Problem]:
    """Find secrets outside the home region, which ECR and External Secrets cannot read, or outside
    the account, which the endpoint of Secrets Manager denies.
    """
    for key, arn in settings.named_secrets.items():
        _, _, _, region, account, *_ = arn.split(":")
        if region != settings.region:
            wrong = f"the secret is in {region}, not in {settings.region}"
            yield Problem(key, wrong, f"Create the secret in {settings.region}, and use its ARN.")
        if settings.account not in (None, account):
            wrong = f"the secret belongs to account {account}, not to {settings.account}"
            yield Problem(key, wrong, f"Create the secret in {settings.account}, and use its ARN.")

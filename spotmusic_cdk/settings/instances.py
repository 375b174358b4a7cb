"""Which instance classes of databases and node types of caches an environment may name, and the regions that lack them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from spotmusic_cdk.settings.problem import Problem

_REGIONS = """
    af-south-1 ap-east-1 ap-east-2 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-south-2 ap-southeast-1 ap-southeast-2
    ap-southeast-3 ap-southeast-4 ap-southeast-6 ca-central-1 ca-west-1 eu-central-1 eu-central-2
    eu-north-1 eu-south-1 eu-south-2 eu-west-1 eu-west-2 eu-west-3 il-central-1 me-central-1 me-south-1 mx-central-1 sa-east-1
    us-east-1 us-east-2 us-west-1 us-west-2
"""
REGIONS = frozenset(_REGIONS.split())
"""Regions of the partition `aws`, that of CloudFront: the edge stack stands in us-east-1, and no stack reaches another partition. Not
ap-southeast-5 and ap-southeast-7, whose CloudFormation knows no restore testing of AWS Backup (resource types of cfn-lint 1.58.0)."""
_WITHOUT_BUDGETS = """
    af-south-1 ap-east-1 ap-east-2 ap-northeast-3 ap-south-2 ap-southeast-3 ap-southeast-4 ap-southeast-6 ca-west-1 eu-central-2 eu-north-1
    eu-south-1 eu-south-2 il-central-1 me-central-1 mx-central-1
"""
WITHOUT_BUDGETS = frozenset(_WITHOUT_BUDGETS.split())
"""Regions whose CloudFormation knows no AWS::Budgets::Budget: there the edge stack has it, and a budget counts every region anyway."""
WITHOUT_FAULT_INJECTION = frozenset(
    ["ap-east-2", "ap-south-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-6", "ca-west-1", "il-central-1", "mx-central-1"]
)
"""Regions whose CloudFormation knows no AWS::FIS::ExperimentTemplate, from the same source."""


@dataclass(frozen=True)
class Family:
    """A family of instance classes.

    Args:
        sizes: its sizes, smallest first.
        absent: regions that do not have it.
    """

    sizes: tuple[str, ...]
    absent: frozenset[str] = frozenset()


def _family(sizes: str, absent: str = "") -> Family:
    return Family(tuple(sizes.split()), frozenset(absent.split()))


_BURSTABLE = "medium large xlarge 2xlarge"
"""Not micro and small: Performance Insights does not run on them (Amazon RDS user guide, engine and instance class support, 2026-11)."""
_SIXTEEN = "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge"
_FORTY_EIGHT = f"{_SIXTEEN} 24xlarge 48xlarge"

DATABASES: Mapping[str, Family] = {
    "t4g": _family(_BURSTABLE, "ca-west-1"),
    "t3": _family(_BURSTABLE),
    "m6g": _family(_SIXTEEN),
    "m7g": _family(_SIXTEEN, "af-south-1 ap-east-1 ca-west-1 eu-south-1"),
    "m8g": _family(
        _FORTY_EIGHT,
        "ap-east-2 ap-northeast-3 ap-southeast-3 ap-southeast-4 ap-southeast-6 ca-central-1 il-central-1 me-central-1 "
        "me-south-1 mx-central-1",
    ),
    "r6g": _family(_SIXTEEN),
    "r7g": _family(_SIXTEEN, "af-south-1 ap-southeast-4 eu-west-3 me-central-1"),
    "r8g": _family(
        _FORTY_EIGHT,
        "af-south-1 ap-east-2 ap-southeast-6 ca-west-1 eu-south-1 il-central-1 me-central-1 me-south-1",
    ),
}
"""Families for RDS for MySQL 8.4. Source: the tables of cfn-lint 1.58.0, which come from the pricing of Amazon RDS; a test compares."""

CACHES: Mapping[str, Family] = {
    "t4g": _family("micro small medium", "me-central-1 me-south-1"),
    "t3": _family("micro small medium", "ap-southeast-6"),
    "m6g": _family(_SIXTEEN),
    "m7g": _family(_SIXTEEN, "ca-west-1 eu-south-1"),
    "m8g": _family(_SIXTEEN, "ap-east-2 ap-southeast-6 il-central-1 me-central-1 me-south-1 mx-central-1"),
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
"""`maxmemory` of each size, smallest first (Amazon ElastiCache user guide, node-type specific parameters, 2026-11)."""


def cache_memory_gib(node_type: str) -> float:
    """Returns the memory for data of a node in GiB, 0 for a type that is not in the table.

    Args:
        node_type: such as `cache.r7g.large`; a quarter of the memory is reserved for failovers and snapshots.
    """
    family, _, size = node_type.removeprefix("cache.").partition(".")
    sizes = CACHES[family].sizes if family in CACHES else ()
    return float(_CACHE_GIB[family].split()[sizes.index(size)]) if size in sizes else 0.0


def problems(key: str, name: str, families: Mapping[str, Family], region: str) -> Iterator[Problem]:
    """Judges a class such as `t4g.medium` in a region."""
    family, _, size = name.partition(".")
    present = [known for known, about in families.items() if region not in about.absent]
    if family not in families:
        yield Problem(key, f"{family} is no family that this project knows", f"Use one of {', '.join(present)}.")
    elif size not in families[family].sizes:
        yield Problem(key, f"{family} has no size {size} here", f"Use one of {', '.join(families[family].sizes)}.")
    elif region in families[family].absent:
        yield Problem(key, f"{region} does not have {family}", f"Use one of {', '.join(present)}.")

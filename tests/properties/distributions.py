"""Behaviors of CloudFront distributions: path patterns, origins and policies."""

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from tools.model.assembly import Assembly, Resource
from tools.model.values import Json

DISTRIBUTION = "AWS::CloudFront::Distribution"


@dataclass(frozen=True, kw_only=True, eq=False)
class Behavior:
    """Behavior of a distribution. `behavior["Path.To.It"]` is None for a property that the template
    omits.

    Args:
        distribution: distribution of the behavior.
        place: property with the behavior.
        pattern: paths of the behavior.
    """

    distribution: Resource
    place: str
    pattern: str

    def __str__(self) -> str:
        return f"{self.distribution.name} {self.pattern}"

    def __getitem__(self, path: str) -> Any:
        return self.distribution[f"{self.place}.{path}"]

    def target(self, path: str) -> Resource | None:
        return self.distribution.target(f"{self.place}.{path}")

    def policy(self, kind: str) -> Json:
        """Return the configuration of its `Cache`, `OriginRequest` or `ResponseHeaders` policy;
        empty for AWS managed policies.
        """
        target = self.target(f"{kind}PolicyId")
        found: Json = (target and target[f"{kind}PolicyConfig"]) or {}
        return found

    @property
    def origin(self) -> "Origin":
        (found,) = (
            origin for origin in origins(self.distribution) if origin.id == self["TargetOriginId"]
        )
        return found


@dataclass(frozen=True, kw_only=True, eq=False)
class Origin:
    """Origin of a distribution."""

    distribution: Resource
    place: str

    def __str__(self) -> str:
        return f"{self.distribution.name} {self.domain_name}"

    @property
    def id(self) -> str:
        return str(self.distribution[f"{self.place}.Id"])

    @property
    def domain_name(self) -> str:
        return self.distribution.text(f"{self.place}.DomainName")

    @property
    def bucket(self) -> str:
        """Name of the bucket that it reads, or the empty text."""
        target = self.distribution.target(f"{self.place}.DomainName")
        return target.name if target and target.type == "AWS::S3::Bucket" else ""

    @property
    def vpc_origin(self) -> Resource | None:
        return self.distribution.target(f"{self.place}.VpcOriginConfig.VpcOriginId")

    @property
    def is_custom(self) -> bool:
        """Return true if the origin is reached over the Internet by a domain name."""
        return self.distribution[f"{self.place}.CustomOriginConfig"] is not None


def origins(distribution: Resource) -> list[Origin]:
    count = len(distribution["DistributionConfig.Origins"] or [])
    return [
        Origin(distribution=distribution, place=f"DistributionConfig.Origins.{index}")
        for index in range(count)
    ]


def behaviors(distribution: Resource) -> Iterator[Behavior]:
    """All behaviors, in CloudFront's order of evaluation."""
    for index, behavior in enumerate(distribution["DistributionConfig.CacheBehaviors"] or []):
        place = f"DistributionConfig.CacheBehaviors.{index}"
        yield Behavior(distribution=distribution, place=place, pattern=behavior["PathPattern"])
    yield Behavior(
        distribution=distribution, place="DistributionConfig.DefaultCacheBehavior", pattern="*"
    )


def serving(distribution: Resource, path: str) -> Behavior:
    """Behavior that serves a path."""
    return next(
        behavior
        for behavior in behaviors(distribution)
        if fnmatchcase(path.lstrip("/"), behavior.pattern.lstrip("/"))
    )


def every_behavior(platform: Assembly) -> list[Behavior]:
    return [
        behavior
        for distribution in platform.some(DISTRIBUTION)
        for behavior in behaviors(distribution)
    ]

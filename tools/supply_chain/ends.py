"""Ends of support of components in use."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from spotmusic_cdk import versions
from spotmusic_cdk.settings import Settings
from tools.supply_chain.deployed import engines
from tools.supply_chain.lifecycle import support_of

NOTICE_DAYS = 120
"""Days of notice before an end of support: a quarter to plan and test an upgrade of a cluster or a
database, plus a month.
"""


@dataclass(frozen=True, kw_only=True)
class Line:
    """Release line in use.

    Args:
        name: component with its version.
        support: period of support.
        used_by: environments that use it, or `all`.
    """

    name: str
    support: versions.Support
    used_by: tuple[str, ...] = ()

    def days_left(self, today: date) -> int | None:
        """Days from today to the last day of support; negative after it, None without an announced
        end.
        """
        return None if self.support.standard_until is None else (self.support.standard_until - today).days


def lines(environments: Sequence[Settings]) -> Iterator[Line]:
    """Yields all components in use with known support, announced or not."""
    for settings in environments:
        version = settings.kubernetes.version
        yield Line(name=f"Kubernetes {version} on Amazon EKS", support=versions.KUBERNETES[version], used_by=(settings.name,))
    for engine, version, used_by in engines(environments):
        release = ".".join(version.split(".")[:2])
        support = versions.MYSQL[release] if engine == "mysql" else versions.CACHE[engine][release]
        yield Line(name=f"{engine} {version}", support=support, used_by=used_by)
    for known in (versions.LAMBDA_RUNTIMES, versions.TOOLCHAIN):
        yield from (Line(name=name, support=support) for name, support in known.items())
    yield from (Line(name=image, support=support_of(image)) for image in versions.images())


def merged(found: Iterator[Line]) -> list[Line]:
    """Merges equal lines with all their users; earliest end first."""
    by_name: dict[str, Line] = {}
    for line in found:
        known = by_name.get(line.name)
        by_name[line.name] = Line(name=line.name, support=line.support, used_by=(*(known.used_by if known else ()), *line.used_by))
    return sorted(by_name.values(), key=lambda line: (line.support.standard_until or date.max, line.name))

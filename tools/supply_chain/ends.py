"""Ends of support of components in use."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from spotmusic_cdk import versions
from spotmusic_cdk.settings import Settings
from tools.supply_chain.deployed import by_version, engines
from tools.supply_chain.lifecycle import support_of

NOTICE_DAYS = 120
"""Days of notice before an end of support.

They are a quarter to plan and test an upgrade of a cluster or a database, plus a month.
"""


@dataclass(frozen=True)
class Line:
    """Release line in use.

    Args:
        name: component with its version.
        support: period of support.
        used_by: environments that use it; empty if all do.
    """

    name: str
    support: versions.Support
    used_by: tuple[str, ...] = ()

    def days_left(self, today: date) -> int | None:
        """Days from today to the last day of support.

        Negative after that day, None without an announced end.
        """
        until = self.support.standard_until
        return (until - today).days if until else None


def lines(environments: Sequence[Settings]) -> list[Line]:
    """Return the components in use with known support, earliest end first."""
    found = [
        Line(f"Kubernetes {version} on Amazon EKS", versions.KUBERNETES[version], used_by)
        for version, used_by in by_version(
            (settings.kubernetes.version, settings.name) for settings in environments
        )
    ]
    for engine, version, used_by in engines(environments):
        release = ".".join(version.split(".")[:2])
        support = versions.MYSQL[release] if engine == "mysql" else versions.CACHE[engine][release]
        found.append(Line(f"{engine} {version}", support, used_by))
    for known in (versions.LAMBDA_RUNTIMES, versions.TOOLCHAIN):
        found += [Line(name, support) for name, support in known.items()]
    found += [Line(image, support_of(image)) for image in versions.images()]
    return sorted(found, key=lambda line: (line.support.standard_until or date.max, line.name))

"""Checks of the versions of engines and of Kubernetes on a day."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from spotmusic_cdk import versions
from spotmusic_cdk.settings.environment import Settings
from spotmusic_cdk.settings.model import Problem

UPGRADE_DAYS = 90
"""Days before the end of standard support at which an upgrade of Kubernetes must be planned."""


def problems(settings: Settings, today: date) -> Iterator[Problem]:
    """Find unknown versions, and versions past their standard support on a day."""
    if settings.kubernetes.version not in versions.KUBERNETES:
        wrong = f"{settings.kubernetes.version} has no pinned kubectl layer"
        yield Problem("kubernetes.version", wrong, f"Use one of {', '.join(versions.KUBERNETES)}.")
    data = settings.data
    for key, database in data.databases.items():
        yield from _unsupported(
            f"data.{key}.version", f"MySQL {database.version}", versions.MYSQL, today
        )
        yield from _unreleased(f"data.{key}.version", database.version)
    cache = data.cache
    version = cache.version or versions.DEFAULT_CACHE_VERSION[cache.engine]
    yield from _unsupported(
        "data.cache.version", f"{cache.engine} {version}", versions.CACHE[cache.engine], today
    )


def _unsupported(
    key: str, engine: str, known: Mapping[str, versions.Support], today: date
) -> Iterator[Problem]:
    """Find an engine, such as `MySQL 8.4.10`, with an unsupported release series."""
    release = ".".join(engine.rsplit(maxsplit=1)[-1].split(".")[:2])
    choices = ", ".join(name for name, support in known.items() if not support.has_ended(today))
    advice = (
        f"Use {choices}."
        if choices
        else "Update the project, or add a newer version to spotmusic_cdk/versions.py."
    )
    if release not in known:
        yield Problem(key, f"{engine} is not a version that this project supports", advice)
    elif known[release].has_ended(today):
        yield Problem(
            key, f"standard support of {engine} ended on {known[release].standard_until}", advice
        )


def _unreleased(key: str, version: str) -> Iterator[Problem]:
    release, _, number = version.rpartition(".")
    if release in versions.MYSQL and number not in (
        known := versions.MYSQL_RELEASES[release].split()
    ):
        wrong = f"MySQL {version} is not a known release of RDS"
        yield Problem(
            key,
            wrong,
            f"Use {release}.{known[-1]}, or add it to MYSQL_RELEASES in spotmusic_cdk/versions.py.",
        )


def warnings(settings: Settings, today: date) -> Iterator[Problem]:
    """Find a version of Kubernetes near the end of its support, or past it."""
    version = settings.kubernetes.version
    support = versions.KUBERNETES[version]
    if support.created_until and support.created_until < today:
        wrong = f"EKS stopped creating {version} clusters on {support.created_until}"
        advice = (
            f"Use {max(versions.KUBERNETES)} unless your partition or emulator still supports it."
        )
        yield Problem("kubernetes.version", wrong, advice)
    elif support.standard_until and support.standard_until - today < timedelta(days=UPGRADE_DAYS):
        verb = "ended" if support.has_ended(today) else "ends"
        wrong = (
            f"standard support of {version} {verb} on {support.standard_until}, after which EKS "
            "upgrades the cluster automatically"
        )
        yield Problem(
            "kubernetes.version", wrong, "Upgrade to the next version before (docs/upgrades.md)."
        )

"""docs/secrets.md as data: every secret with its readers, and the way of a new value to each
reader.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from tools.checkout import ROOT

DOCUMENT = ROOT / "docs" / "secrets.md"
SERVICE = "{service}"
PROVIDER = "{provider}"

NAME = "{name}"
_ALIASES = (
    (re.compile(r"^(identity\.providers)\.[^.]+\."), rf"\1.{PROVIDER}."),
    (re.compile(r"^(services)\.[^.]+\.(secrets)\.[^.]+$"), rf"\1.{SERVICE}.\2.{NAME}"),
)


@dataclass(frozen=True, kw_only=True)
class Row:
    """Line of the first table.

    Args:
        secret: stack and logical id; `{service}` is any service.
        key: class of data of its KMS key.
        replaced: owner of the rotation, and its interval.
        readers: principals that may read it in AWS.
        releases: Helm releases with pods that read it.
    """

    secret: str
    key: str
    replaced: str
    readers: frozenset[str]
    releases: frozenset[str]

    def of(self, secret: str, services: frozenset[str]) -> "Row | None":
        """Return this line for one secret, or None if it describes others."""
        before, placeholder, after = self.secret.partition(SERVICE)
        if not placeholder:
            return self if self.secret == secret else None
        again = re.escape(after).replace(re.escape(SERVICE), r"\1")
        found = re.fullmatch(re.escape(before) + r"(\w+)" + again, secret)
        if not found or found[1] not in services:
            return None
        readers = frozenset(reader.replace(SERVICE, found[1]) for reader in self.readers)
        return Row(
            secret=secret,
            key=self.key,
            replaced=self.replaced,
            readers=readers,
            releases=self.releases,
        )


@dataclass(frozen=True, kw_only=True)
class Line:
    """Line of the second table: a secret that an operator creates and an environment file contains.

    Args:
        setting: key of the environment file; `{provider}` is any alias.
        fields: fields of its JSON.
        readers: principals that may read it in AWS.
        releases: Helm releases with pods that read it.
        why: reason for the manual rotation, with a link to its runbook.
    """

    setting: str
    fields: frozenset[str]
    readers: frozenset[str]
    releases: frozenset[str]
    why: str


@dataclass(frozen=True, kw_only=True)
class Way:
    """Line of the third table.

    Args:
        way: name of the way.
        within: maximum duration.
    """

    way: str
    within: str


def _tables() -> Iterator[list[list[str]]]:
    for part in DOCUMENT.read_text().split("\n## ")[1:]:
        rows = [
            [cell.strip() for cell in line.split("|")[1:-1]]
            for line in part.splitlines()
            if line.startswith("| ")
        ]
        yield rows[1:]


def _names(cell: str) -> frozenset[str]:
    return frozenset(name.strip().strip("`") for name in cell.split(",") if name.strip())


@cache
def rows() -> tuple[Row, ...]:
    secrets, _, _ = _tables()
    return tuple(
        Row(
            secret=secret.strip("`"),
            key=key,
            replaced=replaced,
            readers=_names(readers),
            releases=_names(releases),
        )
        for secret, key, replaced, readers, releases in secrets
    )


@cache
def lines() -> dict[str, Line]:
    """Lines of secrets that operators create, by setting."""
    _, named, _ = _tables()
    return {
        setting.strip("`"): Line(
            setting=setting.strip("`"),
            fields=_names(fields),
            readers=_names(readers),
            releases=_names(releases),
            why=why,
        )
        for setting, fields, readers, releases, why in named
    }


def way_to(release: str, line: Line) -> str:
    """Name of the way in which a release receives a new value. An entry for this secret takes
    precedence.
    """
    alone = f"{release}: {line.setting}"
    return alone if alone in ways() else release


def line_of(key: str) -> Line:
    """Line of a key of an environment file."""
    return lines()[setting_of(key)]


def setting_of(key: str) -> str:
    """Key of an environment file, with placeholders for user-defined names."""
    for pattern, general in _ALIASES:
        key = pattern.sub(general, key)
    return key


@cache
def ways() -> dict[str, Way]:
    """Way of each reader: a principal in AWS, or a release, optionally for one secret only."""
    _, _, lines = _tables()
    return {reader.strip("`"): Way(way=way, within=within) for reader, way, within, _ in lines}

"""Python and npm packages of the lock files."""

import base64
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path

from packageurl import PackageURL
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.supply_chain.part import Kind, Part

LOCKS = {
    "requirements.lock": ("requirements.txt", "requirements-dev.txt"),
    "requirements-checkov.lock": ("requirements-checkov.txt",),
    "requirements-site.lock": ("requirements-site.txt",),
    "requirements-workflows.lock": ("requirements-workflows.txt",),
    "requirements-console.lock": ("requirements-console.txt",),
    "requirements-copier.lock": ("requirements-copier.txt",),
    "requirements-browser.lock": ("requirements-browser.txt",),
}
"""Lock files with the hashes of accepted archives, and the locked requirements files."""
DEPLOYED = "requirements.txt"
"""File of the packages that affect deployed resources."""

_LOCKED = re.compile(
    r"^([A-Za-z0-9._-]+)==(\S+)(?: ; (.+?))? \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)",
    re.MULTILINE,
)
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)", re.MULTILINE)


def pins(text: str) -> dict[str, str]:
    """Return the version of each package in a requirements file."""
    return dict(_PIN.findall(text))


@dataclass(frozen=True, kw_only=True)
class Locked:
    """Python package of a lock file.

    Args:
        version: version of the package.
        archives: SHA-256 of each archive that setup accepts: source, and wheels of all systems.
        marker: systems that require the package; empty for all.
    """

    version: str
    archives: tuple[str, ...]
    marker: str = ""


def locks(text: str) -> dict[str, Locked]:
    """Return the packages of a lock file by normalized name."""
    return {
        canonicalize_name(name): Locked(
            version=version,
            marker=marker or "",
            archives=tuple(re.findall(r"sha256:(\w+)", hashes)),
        )
        for name, version, marker, hashes in _LOCKED.findall(text)
    }


def chosen(root: Path) -> dict[str, str]:
    """Return directly required Python packages, without their dependencies."""
    files = ((root / file).read_text() for file in LOCKS["requirements.lock"])
    return {name: version for text in files for name, version in pins(text).items()}


def with_dependencies(names: Iterable[str]) -> dict[str, list[Requirement]]:
    """Return installed packages and all their dependencies, with the requirements on each."""
    waiting = [(canonicalize_name(name), frozenset[str]()) for name in names]
    seen = set(waiting)
    found: dict[str, list[Requirement]] = {name: [] for name, _ in waiting}
    while waiting:
        name, extras = waiting.pop()
        for requirement in _requirements_of(name, extras):
            needed = canonicalize_name(requirement.name), frozenset(requirement.extras)
            found.setdefault(needed[0], []).append(requirement)
            if needed not in seen:
                seen.add(needed)
                waiting.append(needed)
    return found


def _requirements_of(name: str, extras: frozenset[str]) -> Iterator[Requirement]:
    """Yield the dependencies of an installed package on this system."""
    for line in distribution(name).requires or []:
        marker = (requirement := Requirement(line)).marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            yield requirement


def python_packages(root: Path) -> Iterator[Part]:
    """Yield every Python package of the lock files."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    archives: dict[tuple[str, str], tuple[str, ...]] = {}
    for file in LOCKS:
        for name, locked in locks((root / file).read_text()).items():
            found[name, locked.version].append(file)
            archives[name, locked.version] = locked.archives
    deployed = with_dependencies(pins((root / DEPLOYED).read_text()))
    for (name, version), files in sorted(found.items()):
        yield Part(
            Kind.PYTHON,
            name,
            version,
            PackageURL("pypi", name=name, version=version),
            archives=archives[name, version],
            used_by=tuple(files),
            deployed="requirements.lock" in files and name in deployed,
        )


def npm_packages(root: Path) -> Iterator[Part]:
    """Yield all npm packages of package-lock.json with the hash of the archive."""
    found = {}
    for place, entry in json.loads((root / "package-lock.json").read_text())["packages"].items():
        if not place:
            continue
        scope, _, name = place.rpartition("node_modules/")[2].rpartition("/")
        purl = PackageURL("npm", namespace=scope or None, name=name, version=entry["version"])
        algorithm, _, digest = entry["integrity"].partition("-")
        found[purl.to_string()] = Part(
            Kind.NPM,
            f"{scope}/{name}" if scope else name,
            entry["version"],
            purl,
            hashes=((algorithm, base64.b64decode(digest).hex()),),
            used_by=("package-lock.json",),
            deployed=False,
        )
    yield from (found[key] for key in sorted(found))


def chosen_npm(root: Path) -> dict[str, str]:
    """Return directly required npm packages, without their dependencies."""
    said: dict[str, str] = json.loads((root / "package.json").read_text())["devDependencies"]
    return said

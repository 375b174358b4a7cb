"""What a second opinion says: its findings, those that were reviewed and stay, and the note that it leaves for the table."""

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SYNTHESIZED = ROOT / "cdk.out"
"""Where `make synth` leaves every environment."""
ENVIRONMENTS = ("dev", "staging", "prod")
SHORTEST_REASON = 20


@dataclass(frozen=True, order=True)
class Finding:
    """One thing that a tool finds wrong.

    Args:
        environment: where.
        rule: the tool's own id of what is not kept, such as `CT.RDS.PR.1` or `CKV_K8S_22`.
        place: what does not keep it, such as `data/CatalogueInstance` or `Deployment kong/kong`.
        fix: what the tool says to do.
    """

    environment: str
    rule: str
    place: str
    fix: str = ""

    def __str__(self) -> str:
        return f"{self.environment}: {self.rule} at {self.place}. {self.fix}".rstrip()


@dataclass(frozen=True, kw_only=True)
class Reviewed:
    """Findings of one rule that were looked at and stay.

    Args:
        places: where, as findings name them; `*` stands for anything.
        reason: why, so that an auditor accepts it.
        environments: environments that have them. Each of them has to have every one, so that nothing is excused beforehand.
    """

    places: tuple[str, ...]
    reason: str
    environments: tuple[str, ...] = ENVIRONMENTS


Exceptions = Mapping[str, tuple[Reviewed, ...]]
"""What was reviewed, by the id of the rule."""


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What one tool says of one environment, in numbers.

    Args:
        judged: how many things it was shown.
        findings: how many of its findings nobody reviewed.
        reviewed: how many were reviewed and stay.
        unused: how many exceptions excuse nothing any more.
    """

    judged: int
    findings: int
    reviewed: int
    unused: int = 0


def assembly_of(environment: str, folder: Path) -> Path:
    """Returns the cloud assembly of an environment.

    Raises:
        SystemExit: it was not synthesized.
    """
    assembly = folder / environment / f"assembly-{environment}"
    if not assembly.is_dir():
        raise SystemExit(f"{environment} is not in {folder}: `make synth` synthesizes every environment.")
    return assembly


def judge(environment: str, judged: int, found: Iterable[Finding], exceptions: Exceptions) -> tuple[Judgement, list[str]]:
    """Returns what a tool says of an environment, and in words what has to be mended.

    Args:
        environment: environment that was judged.
        judged: how many things were.
        found: what the tool finds.
        exceptions: what was reviewed.
    """
    idle = set(_places(exceptions, environment))
    findings, unreviewed = sorted(set(found)), []
    for finding in findings:
        known = (place for place in _places(exceptions, environment) if place[0] == finding.rule)
        excuses = {(rule, place) for rule, place in known if fnmatchcase(finding.place, place)}
        idle -= excuses
        if not excuses:
            unreviewed.append(str(finding))
    unused = [f"{environment}: {rule} at {place} excuses nothing any more. Take it out of the exceptions." for rule, place in sorted(idle)]
    said = Judgement(judged=judged, findings=len(unreviewed), reviewed=len(findings) - len(unreviewed), unused=len(unused))
    return said, unreviewed + unused


def _places(exceptions: Exceptions, environment: str) -> Iterator[tuple[str, str]]:
    """Every exception of an environment: rule and place."""
    for rule, reviews in exceptions.items():
        for review in reviews:
            if environment in review.environments:
                yield from ((rule, place) for place in review.places)


def leave(tool: str, version: str, environment: str, judgement: Judgement) -> None:
    """Leaves what a tool says for the table, where somebody asked for one: SPOTMUSIC_OPINIONS names the folder."""
    _leave(tool, version, lambda note: note["environments"].update({environment: asdict(judgement)}))


def leave_canary(tool: str, version: str, *, caught: bool) -> None:
    """Leaves whether a tool found what is wrong with something known to be bad."""
    _leave(tool, version, lambda note: note.update(canary=caught))


def _leave(tool: str, version: str, change: Callable[[dict[str, Any]], None]) -> None:
    folder = os.environ.get("SPOTMUSIC_OPINIONS")
    if not folder:
        return
    file = Path(folder) / f"{tool}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    note = json.loads(file.read_text()) if file.is_file() else {"environments": {}, "canary": None}
    change(note)
    file.write_text(json.dumps({**note, "version": version}, indent=2) + "\n")

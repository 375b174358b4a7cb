"""Verdict of a tool: findings, reviewed findings, and its row for the table."""

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SYNTHESIZED = ROOT / "cdk.out"
"""Output folder of `make synth` with every environment."""
ENVIRONMENTS = ("dev", "staging", "prod")
SHORTEST_REASON = 20


@dataclass(frozen=True, order=True)
class Finding:
    """Finding of a tool.

    Args:
        environment: environment.
        rule: the tool's rule id, such as `CT.RDS.PR.1` or `CKV_K8S_22`.
        place: violating resource, such as `data/CatalogueInstance` or `Deployment kong/kong`.
        fix: the tool's remedy.
    """

    environment: str
    rule: str
    place: str
    fix: str = ""

    def __str__(self) -> str:
        return f"{self.environment}: {self.rule} at {self.place}. {self.fix}".rstrip()


@dataclass(frozen=True, kw_only=True)
class Reviewed:
    """Reviewed findings of one rule.

    Args:
        places: places as in findings; `*` matches anything.
        reason: justification for an auditor.
        environments: environments with these findings. Each must have all of them, so that no
            future finding is accepted.
    """

    places: tuple[str, ...]
    reason: str
    environments: tuple[str, ...] = ENVIRONMENTS


Exceptions = Mapping[str, tuple[Reviewed, ...]]
"""Exceptions by rule id."""


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """Numbers of a tool for one environment.

    Args:
        judged: number of checked templates or manifests.
        findings: number of unreviewed findings.
        reviewed: number of reviewed findings.
        unused: number of unused exceptions.
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
        raise SystemExit(f"{environment} is not in {folder}. Run `make synth`, which synthesizes every environment.")
    return assembly


def judge(environment: str, judged: int, found: Iterable[Finding], exceptions: Exceptions) -> tuple[Judgement, list[str]]:
    """Returns the verdict on an environment, and its problems as text.

    Args:
        environment: checked environment.
        judged: number of checked templates or manifests.
        found: findings of the tool.
        exceptions: reviewed findings.
    """
    idle = set(_places(exceptions, environment))
    findings, unreviewed = sorted(set(found)), []
    for finding in findings:
        known = (place for place in _places(exceptions, environment) if place[0] == finding.rule)
        excuses = {(rule, place) for rule, place in known if fnmatchcase(finding.place, place)}
        idle -= excuses
        if not excuses:
            unreviewed.append(str(finding))
    unused = [f"{environment}: the exception {rule} at {place} is unused. Remove it." for rule, place in sorted(idle)]
    said = Judgement(judged=judged, findings=len(unreviewed), reviewed=len(findings) - len(unreviewed), unused=len(unused))
    return said, unreviewed + unused


def _places(exceptions: Exceptions, environment: str) -> Iterator[tuple[str, str]]:
    """Yields every exception of an environment: rule and place."""
    for rule, reviews in exceptions.items():
        for review in reviews:
            if environment in review.environments:
                yield from ((rule, place) for place in review.places)


def leave(tool: str, version: str, environment: str, judgement: Judgement) -> None:
    """Writes a verdict for the table into the folder SPOTMUSIC_OPINIONS, if it is set."""
    _leave(tool, version, lambda note: note["environments"].update({environment: asdict(judgement)}))


def leave_canary(tool: str, version: str, *, caught: bool) -> None:
    """Writes the result of a tool's canary."""
    _leave(tool, version, lambda note: note.update(canary=caught))


def conclude(tool: str, version: str, problems: list[str], *, caught: bool, canary: str) -> int:
    """Writes the result of the canary, prints the verdict, and returns the exit status.

    Args:
        tool: name of the tool.
        version: its version.
        problems: unreviewed findings and unused exceptions.
        caught: whether the tool reported the known defects of the canary.
        canary: description of the canary, such as `template with a known defect`.
    """
    leave_canary(tool, version, caught=caught)
    wrong = problems if caught else [*problems, f"{tool} reports nothing for the canary {canary}"]
    print("\n".join(wrong) or f"{tool}: no unreviewed finding in {', '.join(ENVIRONMENTS)}")
    return 1 if wrong else 0


def _leave(tool: str, version: str, change: Callable[[dict[str, Any]], None]) -> None:
    folder = os.environ.get("SPOTMUSIC_OPINIONS")
    if not folder:
        return
    file = Path(folder) / f"{tool}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    note = json.loads(file.read_text()) if file.is_file() else {"environments": {}, "canary": None}
    change(note)
    file.write_text(json.dumps({**note, "version": version}, indent=2) + "\n")

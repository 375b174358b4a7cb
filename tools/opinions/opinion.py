"""Findings of a tool, and reviewed exceptions."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

ROOT = Path(__file__).parents[2]
SYNTHESIZED = ROOT / "cdk.out"
"""Output folder of `make synth` with every environment."""
ENVIRONMENTS = ("dev", "staging", "prod")


@dataclass(frozen=True, order=True)
class Finding:
    """Finding of a tool.

    Args:
        environment: environment of the finding.
        rule: rule id of the tool, such as `CT.RDS.PR.1` or `CKV_K8S_22`.
        place: violating resource, such as `data/CatalogueInstance` or `Deployment kong/kong`.
        fix: remedy of the tool.
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
        places: places of findings; `*` matches anything.
        reason: justification for an auditor.
        environments: environments with these findings. Each must have all of them, so that future
            findings are not accepted.
    """

    places: tuple[str, ...]
    reason: str
    environments: tuple[str, ...] = ENVIRONMENTS


Exceptions = Mapping[str, tuple[Reviewed, ...]]
"""Exceptions by rule id."""


def assembly_of(environment: str, folder: Path) -> Path:
    """Return the cloud assembly of an environment.

    Raises:
        SystemExit: if it was not synthesized.
    """
    assembly = folder / environment / f"assembly-{environment}"
    if not assembly.is_dir():
        raise SystemExit(
            f"{environment} is not in {folder}. "
            "Run `make synth`, which synthesizes every environment."
        )
    return assembly


def problems(environment: str, found: Iterable[Finding], exceptions: Exceptions) -> list[str]:
    """Return unreviewed findings in an environment and unused exceptions, as text.

    Args:
        environment: checked environment.
        found: findings of the tool.
        exceptions: reviewed findings.
    """
    idle = set(_places(exceptions, environment))
    unreviewed = []
    for finding in sorted(set(found)):
        known = (place for place in _places(exceptions, environment) if place[0] == finding.rule)
        excuses = {(rule, place) for rule, place in known if fnmatchcase(finding.place, place)}
        idle -= excuses
        if not excuses:
            unreviewed.append(str(finding))
    return unreviewed + [
        f"{environment}: the exception {rule} at {place} is unused. Remove it."
        for rule, place in sorted(idle)
    ]


def _places(exceptions: Exceptions, environment: str) -> Iterator[tuple[str, str]]:
    """Yield rule and place of the exceptions of an environment."""
    for rule, reviews in exceptions.items():
        for review in reviews:
            if environment in review.environments:
                yield from ((rule, place) for place in review.places)


def conclude(tool: str, found: list[str], *, caught: bool) -> int:
    """Print the result and return the exit status.

    Args:
        tool: name and version of the tool.
        found: unreviewed findings and unused exceptions.
        caught: whether the tool reported the known defects of its canary.
    """
    wrong = found if caught else [*found, f"{tool} does not report the known defects of its canary"]
    print("\n".join(wrong) or f"{tool}: no unreviewed finding in {', '.join(ENVIRONMENTS)}")
    return 1 if wrong else 0

"""Decorators of property tests: a test yields verdicts, and the decorator turns them into one
result.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from functools import wraps
from typing import Any

import pytest

from tests.properties.deviations import DEVIATIONS, Deviation
from tools.model.assembly import Assembly, Resource

Verdicts = Iterator[tuple[Resource | str, bool, str]]
"""Subject, whether it keeps the promise, and the remedy."""


def promise(test: Callable[..., Verdicts]) -> Callable[..., None]:
    """Make the test `test_p<number>_<behaviour>` from a generator of verdicts.

    A failure lists every resource that breaks the promise, with the remedy. Deviations of the
    environment (`deviations.py`) are excused; an unused deviation fails.
    """
    number = int(test.__name__.split("_")[1][1:])
    return _judged(test, f"P-{number:03d}", DEVIATIONS.get(number, {}))


def rule(test: Callable[..., Verdicts]) -> Callable[..., None]:
    """Make a test of a rule without a number, which every environment keeps without deviations."""
    return _judged(test, test.__name__, {})


def _judged(
    test: Callable[..., Verdicts], name: str, deviations: Mapping[str, Deviation]
) -> Callable[..., None]:
    @wraps(test)
    def judge(platform: Assembly, **fixtures: Any) -> None:
        problems = problems_of(
            platform.name, test(platform, **fixtures), deviations.get(platform.name)
        )
        if problems:
            listed = "\n".join(f"  {problem}" for problem in problems)
            pytest.fail(f"{name} does not hold in {platform.name}:\n{listed}", pytrace=False)

    return judge


def problems_of(
    environment: str,
    verdicts: Iterable[tuple[Resource | str, bool, str]],
    deviation: Deviation | None,
) -> list[str]:
    """Return undeclared failures of the promise, and deviations that no failure uses."""
    leaves = set(deviation.resources) if deviation else set()
    problems, unused, looked_at = [], leaves if deviation and deviation.needed else set(), 0
    for subject, holds, fix in verdicts:
        looked_at += 1
        name = subject.name if isinstance(subject, Resource) else subject
        if holds:
            continue
        leave = {pattern for pattern in leaves if fnmatchcase(name, pattern)}
        unused = unused - leave
        if not leave:
            problems.append(f"{environment}/{subject}: {fix}")
    if not looked_at:
        problems.append(f"{environment}: nothing was looked at, so that nothing keeps the promise")
    return problems + [
        f"{pattern} keeps the promise now. Take it out of tests/properties/deviations.py."
        for pattern in sorted(unused)
    ]


def judged(
    subjects: Iterable[str],
    findings: Iterable[str],
    fix: str,
    *,
    excused: Mapping[str, str] | None = None,
) -> Verdicts:
    """Yield a verdict on each subject from its findings.

    Args:
        subjects: names of all checked subjects.
        findings: findings, each prefixed with its subject; any other finding is its own subject.
        fix: remedy.
        excused: reason by prefix of an accepted finding. An unused excuse fails.
    """
    found, excused = list(findings), excused or {}
    left = [finding for finding in found if not finding.startswith(tuple(excused))]
    for subject in dict.fromkeys(subjects):
        mine = [
            finding
            for finding in left
            if finding == subject or finding.startswith((f"{subject}:", f"{subject} "))
        ]
        left = [finding for finding in left if finding not in mine]
        yield subject, not mine, f"{fix} Found: {'; '.join(mine)}."
    yield from ((finding, False, fix) for finding in left)
    for excuse, reason in excused.items():
        needed = any(finding.startswith(excuse) for finding in found)
        yield (
            f"excuse of {excuse}",
            needed and len(reason) >= 20,
            "The excuse is unused or its reason is too short. Remove it or complete the reason.",
        )

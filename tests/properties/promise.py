"""Decorators of property tests: a test yields verdicts, and the decorator turns them into one
result.
"""

from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatchcase
from functools import wraps
from typing import Any

import pytest

from tests.model.assembly import Assembly, Resource
from tests.properties.deviations import DEVIATIONS, Deviation

Verdicts = Iterator[tuple[Resource | str, bool, str]]
"""Subject, whether it keeps the promise, and the remedy."""


def promise(test: Callable[..., Verdicts]) -> Callable[..., None]:
    """Makes the test `test_p<number>_<behaviour>` from a generator of verdicts.

    A failure lists every resource that breaks the promise, with the remedy. Deviations of the
    environment (`deviations.py`) are excused; an unused deviation fails.
    """
    number = int(test.__name__.split("_")[1][1:])

    @wraps(test)
    def judged(platform: Assembly, **fixtures: Any) -> None:
        problems = problems_of(platform.name, test(platform, **fixtures), DEVIATIONS.get(number, {}).get(platform.name))
        if problems:
            listed = "\n".join(f"  {problem}" for problem in problems)
            pytest.fail(f"P-{number:03d} does not hold in {platform.name}:\n{listed}", pytrace=False)

    return judged


def rule(test: Callable[..., Verdicts]) -> Callable[..., None]:
    """Makes a test of a rule without a number, which holds in every environment without
    deviations.
    """

    @wraps(test)
    def judged(platform: Assembly, **fixtures: Any) -> None:
        problems = problems_of(platform.name, test(platform, **fixtures), None)
        if problems:
            listed = "\n".join(f"  {problem}" for problem in problems)
            pytest.fail(f"{test.__name__} does not hold in {platform.name}:\n{listed}", pytrace=False)

    return judged


def problems_of(environment: str, verdicts: Iterable[tuple[Resource | str, bool, str]], deviation: Deviation | None) -> list[str]:
    """Returns undeclared failures of the promise, and deviations that no failure uses."""
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
    return problems + [f"{pattern} keeps the promise now. Take it out of tests/properties/deviations.py." for pattern in sorted(unused)]

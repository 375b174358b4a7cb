"""Table of hand-written faults: seeds, and names of existing tests."""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tools.checkout import ROOT, settings_of
from tools.mutants.assembly import Assembly, changed_settings
from tools.mutants.generated import changes_of, excuses, kinds, reviewed
from tools.mutants.table import rows


@pytest.fixture(scope="session")
def assembly(synthesized: Callable[[str], Path]) -> Callable[[str], Assembly]:
    """Assembly of a shipped environment."""
    return cache(lambda name: Assembly(settings_of(name), synthesized(name).parent))


def test_rows_can_be_seeded(assembly: Callable[[str], Assembly]) -> None:
    """A renamed resource or a moved property makes a row useless."""
    for row in rows():
        if row.settings:
            assert changed_settings(row.environment, row.settings) != settings_of(row.environment)
        else:
            mutant = next(row.mutants(assembly(row.environment)), None)
            assert mutant, f"{row.name}: nothing in {row.environment} fits"
            assert mutant.files()


def test_rows_name_tests_that_exist() -> None:
    folders = ("charts", "contracts", "gameday", "guards", "policies", "properties", "stacks")
    texts = [
        path.read_text() for of in folders for path in (ROOT / "tests" / of).rglob("test_*.py")
    ]
    tests = [
        name for text in texts for name in re.findall(r"^def (test_\w+)\(", text, re.MULTILINE)
    ]
    unknown = [row.by for row in rows() if not any(test.startswith(row.by) for test in tests)]
    assert unknown == []


def test_kinds_and_reviewed_changes_exist(assembly: Callable[[str], Assembly]) -> None:
    changes = [*changes_of(assembly("dev")), *changes_of(assembly("prod"))]
    assert [*kinds(change for change in changes if change.place.assembly is assembly("prod"))]
    unused = [
        entry for entry in reviewed() if not any(excuses(entry, change) for change in changes)
    ]
    assert unused == []
    assert [entry for entry in reviewed() if len(entry["reason"]) < 20] == []

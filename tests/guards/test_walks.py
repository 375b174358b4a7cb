"""User paths: steps with a test, which `make walk` finds."""

import re

import pytest

from tools.checkout import ROOT

FOLDERS = ("engines", "contracts", "unit/data")
PEOPLE = ("listener", "artist", "backend developer", "administrator")


@pytest.mark.parametrize("person", PEOPLE)
def test_user_paths_have_walks(person: str) -> None:
    files = [path for folder in FOLDERS for path in (ROOT / "tests" / folder).glob("test_*.py")]
    assert any(f'mark.walk("{person}")' in path.read_text() for path in files)


def test_walks_are_where_make_looks() -> None:
    recipe = re.search(r"pytest -m walk (.+)", (ROOT / "Makefile").read_text())
    assert recipe
    assert recipe[1].split() == [f"tests/{folder}" for folder in FOLDERS]
    marked = [
        path
        for path in (ROOT / "tests").rglob("test_*.py")
        if "mark.walk(" in path.read_text() and path.name != "test_walks.py"
    ]
    assert [
        path for path in marked if str(path.parent.relative_to(ROOT / "tests")) not in FOLDERS
    ] == []

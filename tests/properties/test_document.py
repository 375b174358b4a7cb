"""The document on properties names each promise once, with the test that decides it, and every deviation."""

import re

from tests.conftest import ROOT
from tests.properties.deviations import DEVIATIONS

DOCUMENT = (ROOT / "docs" / "properties.md").read_text()
UNDECIDED = "*not decided offline*"
PROMISED = 135
LEAST_DECIDED = 125


def numbered_rows(text: str) -> list[list[str]]:
    """Cells of the rows that begin with a number."""
    rows = ([cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines())
    return [cells for cells in rows if cells and cells[0].isdigit()]


PROMISES, DEVIATING = (numbered_rows(text) for text in DOCUMENT.split("## What environments do without"))


def named_tests() -> dict[int, list[str]]:
    """Names of the tests of each number."""
    found: dict[int, list[str]] = {}
    for file in sorted((ROOT / "tests" / "properties").glob("test_*.py")):
        for name, number in re.findall(r"^def (test_p(\d{3})_\w+)", file.read_text(), flags=re.MULTILINE):
            found.setdefault(int(number), []).append(name)
    return found


def test_numbers_leave_no_gap() -> None:
    assert [int(cells[0]) for cells in PROMISES] == list(range(1, PROMISED + 1))


def test_each_promise_has_one_test() -> None:
    decided = {int(cells[0]): [cells[2].strip("`")] for cells in PROMISES if UNDECIDED not in cells[2]}
    assert decided == named_tests()
    assert len(decided) >= LEAST_DECIDED


def test_what_cannot_be_decided_offline_says_how_it_is_decided() -> None:
    assert [cells[0] for cells in PROMISES if UNDECIDED in cells[2] and len(cells[3]) < 20] == []


def test_every_deviation_is_told() -> None:
    assert {int(cells[0]): set(cells[1].split(", ")) for cells in DEVIATING} == {number: set(of) for number, of in DEVIATIONS.items()}


def test_links_lead_somewhere() -> None:
    targets = set(re.findall(r"\]\(([^)#]+)\)", DOCUMENT))
    assert sorted(target for target in targets if not (ROOT / "docs" / target).exists()) == []

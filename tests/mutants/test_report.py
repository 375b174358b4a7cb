"""Report of the verdicts on mutants."""

from pathlib import Path

import pytest

from tests.conftest import sample_of
from tools.mutants.assembly import Assembly, Mutant, Verdict
from tools.mutants.report import Report

SURVIVES = "0 of 1 mutants are caught, fewer than 95 %. Assert what catches the others."


def mutant(fault: str, by: str = "") -> Mutant:
    """A mutant of a development environment."""
    assembly = Assembly(sample_of("dev"), Path())
    return Mutant(fault=fault, of="", name=f"{fault} in dev", assembly=assembly, files=dict, by=by)


@pytest.mark.parametrize(
    ("by", "caught_by", "problem"),
    [
        ("", ["test_any"], ""),
        ("", [], SURVIVES),
        ("test_p056", ["test_p056_buckets"], ""),
        ("test_p056", [], SURVIVES),
        ("test_p056", ["test_any"], "fault: is caught by test_any, not by test_p056. Correct `by`."),
    ],
)
def test_report_fails_runs(by: str, caught_by: list[str], problem: str) -> None:
    judged = mutant("fault", by)
    report = Report([judged], least=95)
    report.take(Verdict(mutant=judged, caught_by=caught_by))
    assert [*report.problems()] == ([problem] if problem else [])

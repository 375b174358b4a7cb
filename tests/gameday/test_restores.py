"""Durations of restores: every step of the runbook, and sums equal to the documented times."""

import re
from itertools import takewhile

from tools.checkout import ROOT
from tools.gameday.restores import RESTORES

RUNBOOK = (ROOT / "docs" / "runbooks" / "restore.md").read_text()


def test_database_restore_steps_have_times() -> None:
    section = RUNBOOK.partition("## A database\n")[2].partition("\n## ")[0]
    numbered = re.findall(r"^(\d+)\. (.+)$", section, re.MULTILINE)
    # Service is restored when backups of the copy begin.
    before = takewhile(lambda step: not step[1].startswith("RDS backs up the copy"), numbered)
    steps = RESTORES["a database: dropped table, bad migration"].steps
    assert [int(number) for number, _ in before] == list(range(1, len(steps) + 1))


def test_restored_rows_of_recovery_are_sums() -> None:
    rows = re.findall(
        r"^\| ([^|]+) \|[^|]*\| ([^|]+) \|",
        (ROOT / "docs" / "recovery.md").read_text(),
        re.MULTILINE,
    )
    objectives = {row: back for row, back in rows if row in RESTORES}
    assert objectives == {row: restore.objective for row, restore in RESTORES.items()}


def test_objective_is_in_whole_hours() -> None:
    for restore in RESTORES.values():
        hours = int(restore.objective.split()[0])
        assert (hours - 1) * 60 < restore.minutes <= hours * 60

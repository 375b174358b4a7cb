"""Table, selection and skipped tests of the benchmark."""

import pytest

from tools.bench.__main__ import chosen, measure, table
from tools.bench.process import NotMeasuredError
from tools.bench.rows import Row, skipped_tests


def absent(runs: int) -> list[float]:
    raise NotMeasuredError(f"no engine for {runs} runs")


ROWS = (
    Row("synth.plain", "dev / empty", lambda runs: [6.0] * runs, "≤ 5"),
    Row("synth.tuned", "dev / tuned", lambda runs: [7.0] * runs),
    Row("local", "resources per second", lambda runs: [9.0] * runs, "≥ 8", long=True),
    Row("engine", "engine", absent),
)


def test_bench_compares_with_bounds_and_last() -> None:
    last = {"synth.plain": [4.0, 5.0, 90.0], "local": [0.0]}
    assert table(ROWS, {"synth.plain": [5.5, 6.0, 6.1], "local": [8.0]}, last).splitlines() == [
        "row          figure                bound   min  median   max  runs  ÷ last",
        "synth.plain  dev / empty             ≤ 5  5.50    6.00  6.10     3    1.20  out of bounds",
        "local        resources per second    ≥ 8  8.00    8.00  8.00     1       –",
    ]


def test_bench_measures_other_rows_after_failure() -> None:
    found, missing = measure([ROWS[3], ROWS[2], ROWS[1]], 6)
    assert found == {"local": [9.0] * 2, "synth.tuned": [7.0] * 6}
    assert missing == ["engine: no engine for 6 runs"]


def test_bench_selects_rows_and_groups() -> None:
    assert [row.name for row in chosen(ROWS, ["synth", "local"])] == [
        "synth.plain",
        "synth.tuned",
        "local",
    ]
    assert [row.name for row in chosen(ROWS, ["synth.tuned"])] == ["synth.tuned"]
    assert len(chosen(ROWS, [])) == 4
    with pytest.raises(SystemExit, match=r"unknown rows sinth\. Use one of engine, local, synth"):
        chosen(ROWS, ["sinth"])


def test_bench_counts_skipped_tests_by_reason() -> None:
    output = (
        "SKIPPED [2] tests/charts/upstream.py:24: no charts\n"
        "SKIPPED [30] tests/a.py:7: no luajit: make tools\n"
        "SKIPPED [3] tests/b.py: no charts\n33 passed"
    )
    assert skipped_tests(output) == [
        "35 tests skipped",
        "30 × no luajit: make tools",
        "5 × no charts",
    ]

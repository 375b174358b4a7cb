"""Benchmark of synthesis, tests and deployments: `make bench` prints figures with their bounds.

CPU is user and system time of all processes. The last values of each row are stored in .bench.
"""

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from statistics import median

from spotmusic_cdk.command_line import positive, run_command
from tools.bench.process import ROOT, NotMeasuredError
from tools.bench.rows import NOTES, ROWS, Row
from tools.table import aligned

REPORT = ROOT / ".bench" / "bench.json"
HEAD = ("row", "figure", "bound", "min", "median", "max", "runs", "÷ last", "")


def chosen(rows: Sequence[Row], only: Sequence[str]) -> list[Row]:
    """Return the rows with these names or groups; all rows if there are no names."""
    groups = {row: {row.name, row.name.partition(".")[0]} for row in rows}
    known = set().union(*groups.values())
    if unknown := set(only) - known:
        raise SystemExit(
            f"unknown rows {', '.join(sorted(unknown))}. Use one of {', '.join(sorted(known))}."
        )
    return [row for row, names in groups.items() if not only or names & set(only)]


def measure(rows: Sequence[Row], runs: int) -> tuple[dict[str, list[float]], list[str]]:
    """Return the values by row, and rows that could not be measured with the reason."""
    found: dict[str, list[float]] = {}
    missing: list[str] = []
    for row in rows:
        print(f"{row.name} …", file=sys.stderr, flush=True)
        try:
            found[row.name] = [
                round(value, 3) for value in row.measured(max(1, runs // 3) if row.long else runs)
            ]
        except Exception as error:  # measure the other rows
            missing.append(
                f"{row.name}: {error if isinstance(error, NotMeasuredError) else repr(error)}"
            )
    return found, missing


def table(
    rows: Sequence[Row], found: Mapping[str, Sequence[float]], last: Mapping[str, Sequence[float]]
) -> str:
    """Format the measured rows, compared with the last values."""
    cells = [
        _cells(row, found[row.name], last.get(row.name, ())) for row in rows if row.name in found
    ]
    return "\n".join(aligned([HEAD, *cells], left=2))


def _cells(row: Row, values: Sequence[float], last: Sequence[float]) -> tuple[str, ...]:
    middle = median(values)
    numbers = (f"{value:.2f}" for value in (min(values), middle, max(values)))
    compared = f"{middle / median(last):.2f}" if last and median(last) else "–"
    sign, _, limit = row.bound.partition(" ")
    within = not limit or (middle <= float(limit) if sign == "≤" else middle >= float(limit))
    verdict = "" if within else "out of bounds"
    return row.name, row.title, row.bound or "–", *numbers, str(len(values)), compared, verdict


def main() -> int:
    """Print the table and store its values. Return 1 if a row could not be measured.

    Figures out of bounds do not change the exit status.
    """
    parser = argparse.ArgumentParser(prog="python -m tools.bench", description=__doc__)
    parser.add_argument(
        "--runs",
        type=positive,
        default=5,
        help="counted runs; long commands have a third (default: 5)",
    )
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="ROW",
        help="a row or group such as synth; repeatable",
    )
    options = parser.parse_args()
    rows = chosen(ROWS, options.only)
    load = (
        f"load {os.getloadavg()[0]:.1f} at the start, {os.cpu_count()} cores: "
        "compare seconds of idle machines only"
    )
    found, missing = measure(rows, options.runs)
    last = json.loads(REPORT.read_text()) if REPORT.exists() else {}
    print(
        "\n".join(
            [
                table(rows, found, last),
                "",
                load,
                *NOTES,
                *(f"not measured: {line}" for line in missing),
            ]
        )
    )
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps({**last, **found}, indent=2) + "\n")
    return int(bool(missing))


if __name__ == "__main__":
    run_command(main)

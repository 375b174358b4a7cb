"""Table of a deployment, and its steps."""

import io
import json
import time
from pathlib import Path

from tools.local_aws.progress import Steps
from tools.local_aws.report import StackRow, recorded_types, table, write


def test_table_counts_recorded_resources() -> None:
    rows = [
        StackRow(stack="dev/network", resources=64, recorded=1, seconds=0.72),
        StackRow(stack="dev/observability", resources=27, recorded=9, seconds=0.5),
    ]
    assert table(rows).splitlines() == [
        "stack              resources  by service code  recorded only  seconds",
        "-----------------  ---------  ---------------  -------------  -------",
        "dev/network               64               63              1      0.7",
        "dev/observability         27               18              9      0.5",
        "-----------------  ---------  ---------------  -------------  -------",
        "all                       91               81             10      1.2",
    ]


def test_report_has_benchmark_figures(tmp_path: Path) -> None:
    write(
        [StackRow(stack="dev/data", resources=96, recorded=9, seconds=0.9)],
        tmp_path / "report.json",
        deploy_seconds=16.0,
    )
    kept = json.loads((tmp_path / "report.json").read_text())
    assert (kept["resources"], kept["recorded"], kept["deploy_seconds"]) == (96, 9, 16.0)


def test_recorded_types_are_named_with_their_numbers() -> None:
    assert recorded_types(["B", "A", "B"]) == "  A (1)\n  B (2)"
    assert recorded_types([]) == "  none"


def test_steps_show_elapsed_seconds() -> None:
    output, clock = io.StringIO(), iter([10.0, 12.5])
    Steps(output=output, clock=lambda: next(clock)).say("started")
    assert output.getvalue() == "   2.5 s  started\n"


def test_silent_step_has_a_heartbeat() -> None:
    output = io.StringIO()
    steps = Steps(output=output)
    patience = time.monotonic() + 30
    with steps.heartbeat(silence=0.01):
        while "…" not in output.getvalue() and time.monotonic() < patience:
            time.sleep(0.01)
    assert "…" in output.getvalue()

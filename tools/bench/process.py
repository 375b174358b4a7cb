"""Measurement of commands with all processes that they start."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


class NotMeasuredError(Exception):
    """Failed command, or one that cannot run on this machine. The message has the reason."""


@dataclass(frozen=True)
class Run:
    """Result of a command: CPU, peak memory (largest process, all processes) and output."""

    cpu_seconds: float
    largest_mib: float
    tree_mib: float
    output: str


def run(*command: str, variables: dict[str, str] | None = None, sampled: bool = False) -> Run:
    """Run a command in the checkout.

    Args:
        command: command and its arguments.
        variables: environment variables to add.
        sampled: samples the memory of all processes 50 times per second.
    """
    # Python writes bytecode in the first run, which is not counted. An inherited variable must not
    # disable that.
    inherited = {
        name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"
    }
    with tempfile.TemporaryFile("w+") as output:
        settings = {**inherited, **(variables or {})}
        group = 0 if sampled else None
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=settings,
            stdout=output,
            stderr=subprocess.STDOUT,
            process_group=group,
        )
        tree_mib = 0.0
        while (ended := os.wait4(process.pid, os.WNOHANG if sampled else 0))[0] == 0:
            tree_mib = max(tree_mib, _mib_of_group(process.pid))
            time.sleep(0.02)
        process.returncode = os.waitstatus_to_exitcode(ended[1])
        output.seek(0)
        printed = output.read()
    if process.returncode != 0:
        raise NotMeasuredError(
            f"{' '.join(command)} ended with {process.returncode}:\n{printed[-1500:]}"
        )
    # Linux reports KiB.
    return Run(ended[2].ru_utime + ended[2].ru_stime, ended[2].ru_maxrss / 1024, tree_mib, printed)


def in_turn(runs: int, **commands: Callable[[], Run]) -> list[dict[str, Run]]:
    """Run commands in turn, A B C A B C …, after an uncounted run of each.

    Ratios stay stable while the speed of the machine drifts.
    """
    for command in commands.values():
        command()
    return [{name: command() for name, command in commands.items()} for _ in range(runs)]


def cpu_of_group(group: int) -> float:
    """CPU seconds of all processes in a group and of their ended children."""
    return sum(cpu_seconds for cpu_seconds, _ in _group(group))


def _mib_of_group(group: int) -> float:
    """Proportional set size in MiB: a page shared by three processes counts a third for each."""
    mib = 0.0
    for _, folder in _group(group):
        with suppress(OSError, IndexError):  # process ended
            mib += (
                int((folder / "smaps_rollup").read_text().partition("\nPss:")[2].split()[0]) / 1024
            )
    return mib


def _group(group: int) -> Iterator[tuple[float, Path]]:
    if sys.platform != "linux":
        raise NotMeasuredError("/proc does not exist. Run the benchmark on Linux.")
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[2]) == group:
                yield sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK"), stat.parent

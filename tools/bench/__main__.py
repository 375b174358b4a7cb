"""Benchmark of synthesis, tests and local deployment: `make bench` prints a table and writes
.bench/bench.json.

Ratios of CPU time (user and system, whole process tree) are measured in pairs, A B A B …, so that
they are stable while the machine's speed drifts; quote the median. Exit code and output of every
run are verified.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[2]
REPORT = ROOT / ".bench" / "bench.json"
FLAGS = json.loads((ROOT / "cdk.json").read_text())["context"]


@dataclass(frozen=True)
class Run:
    """Finished command."""

    cpu_seconds: float
    peak_mib: float


@dataclass(frozen=True)
class Figure:
    """Measured figure with the project's bound."""

    name: str
    bound: str
    minimum: float
    median: float
    maximum: float
    runs: int


def run(command: Sequence[str], *, environment: dict[str, str] | None = None) -> Run:
    """Runs a command until it ends.

    Raises:
        SystemExit: the command failed, so its figure is invalid.
    """
    # Python writes bytecode in the first run, which is not counted; an inherited setting must not
    # disable that.
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    process = subprocess.Popen(command, cwd=ROOT, env={**inherited, **(environment or {})}, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}. Correct it, then measure again")
    # Linux reports KiB of the largest process of the tree.
    return Run(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def figure(name: str, bound: str, values: Sequence[float]) -> Figure:
    return Figure(name, bound, round(min(values), 2), round(median(values), 2), round(max(values), 2), len(values))


def synthesis(environment: str) -> Run:
    """Synthesizes an environment without the template validator and verifies that it has resources."""
    with tempfile.TemporaryDirectory() as outdir:
        context = json.dumps({**FLAGS, "env": environment, "validation": False})
        settings = {"CDK_OUTDIR": outdir, "CDK_CONTEXT_JSON": context, "CDK_VALIDATION": "false"}
        measured = run([sys.executable, "app.py"], environment=settings)
        expect(resources(Path(outdir)) > 300, f"{environment} has only {resources(Path(outdir))} resources")
        return measured


def floor() -> Run:
    """Synthesizes eight empty stacks, the lower bound of any application."""
    with tempfile.TemporaryDirectory() as outdir:
        settings = {"CDK_OUTDIR": outdir, "CDK_CONTEXT_JSON": json.dumps(FLAGS), "CDK_VALIDATION": "false"}
        measured = run([sys.executable, str(Path(__file__).parent / "eight_empty_stacks.py")], environment=settings)
        expect(len(list(Path(outdir).glob("*.template.json"))) == 8, "the lower bound does not have eight stacks")
        return measured


def cold_synthesis() -> Run:
    """Synthesizes prod like a user: with the CLI and the template validator, into an empty folder."""
    with tempfile.TemporaryDirectory() as outdir:
        return run(["cdk", "--no-notices", "synth", "--quiet", "-c", "env=prod", "--output", outdir])


def suite() -> Run:
    """Runs the test suite without the local deployment."""
    return run([sys.executable, "-m", "pytest", "-q", "-m", "not local"])


def resources(outdir: Path) -> int:
    return sum(len(json.loads(path.read_text())["Resources"]) for path in outdir.rglob("*.template.json"))


def expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise SystemExit(f"{otherwise}: nothing is measured")


def pairs(one: Callable[[], Run], other: Callable[[], Run], *, runs: int) -> list[tuple[Run, Run]]:
    """Runs two commands alternately, after an uncounted run of each."""
    one(), other()
    return [(one(), other()) for _ in range(runs)]


def ratios(measured: Sequence[tuple[Run, Run]]) -> list[float]:
    return [one.cpu_seconds / other.cpu_seconds for one, other in measured]


def deployment() -> float:
    """Deploys dev to the embedded AWS and destroys it again.

    Returns:
        resources per second from the deployment's report.
    """
    report = ROOT / ".local" / "report.json"
    run([sys.executable, "-m", "tools.local_aws", "up"])
    measured = json.loads(report.read_text())
    run([sys.executable, "-m", "tools.local_aws", "down"])
    return float(measured["resources"] / measured["deploy_seconds"])


def measure(runs: int) -> list[Figure]:
    """Runs all measurements one after the other on an idle machine."""
    synthesized = pairs(lambda: synthesis("dev"), floor, runs=runs)
    tested = pairs(suite, cold_synthesis, runs=runs)
    deployed = [deployment() for _ in range(max(1, runs // 2))]
    return [
        figure("synthesis of dev / eight empty stacks, CPU", "≤ 4.5", ratios(synthesized)),
        figure("test suite without local deployment / cold synthesis of prod, CPU", "≤ 8", ratios(tested)),
        figure("peak memory of a synthesis, MiB", "≤ 250", [one.peak_mib for one, _ in synthesized]),
        figure("local deployment, resources per second", "≥ 6", deployed),
    ]


def table(figures: Sequence[Figure]) -> str:
    width = max(len(figure.name) for figure in figures)
    lines = [f"{'figure':<{width}}  {'bound':>7}  {'min':>8}  {'median':>8}  {'max':>8}  runs"]
    lines += [f"{f.name:<{width}}  {f.bound:>7}  {f.minimum:>8.2f}  {f.median:>8.2f}  {f.maximum:>8.2f}  {f.runs:>4}" for f in figures]
    return "\n".join(lines)


def main() -> None:
    """Prints the table and writes the JSON, without a verdict."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench", description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="counted runs of each command (default: 5)")
    figures = measure(parser.parse_args().runs)
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps([asdict(figure) for figure in figures], indent=2) + "\n")
    print(table(figures))


if __name__ == "__main__":
    if shutil.which("cdk") is None:
        raise SystemExit("the CDK CLI is not in PATH. Run `make bench`")
    main()

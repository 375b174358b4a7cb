"""Rows of the benchmark: a figure, its bound and the function that measures it."""

import json
import os
import re
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import yaml

from tools.bench.process import ROOT, NotMeasuredError, Run, cpu_of_group, in_turn, run
from tools.changes.source import synthesized
from tools.lint_verdicts import STORE, verdicts
from tools.opinions.cfn_lint import by_region

FLAGS = json.loads((ROOT / "cdk.json").read_text())["context"]
APP, EMPTY = ("-OO", "app.py"), (str(Path(__file__).parent / "eight_empty_stacks.py"),)
COUNTED = ("-OO", "-m", "tools.bench.application")
STACKS = 8
NOTES: list[str] = []
"""Notes below the table."""


@dataclass(frozen=True)
class Row:
    """Figure with the bound of its median, such as `≤ 5`. Long rows have a third of the runs."""

    name: str
    title: str
    measured: Callable[[int], list[float]]
    bound: str = ""
    long: bool = False


def synthesis(*arguments: str, sampled: bool = False) -> Run:
    """Synthesize into an empty folder, without validation, with one set of feature flags.

    The argument `tuned` adds the settings of app.py.
    """
    tuned = "tuned" in arguments
    context = {
        **FLAGS,
        "env": "dev",
        "validation": False,
        **({"aws:cdk:disable-creation-stack-traces": True} if tuned else {}),
    }
    variables = {"CDK_CONTEXT_JSON": json.dumps(context), "CDK_VALIDATION": "false"}
    variables |= {"NODE_OPTIONS": "--max-semi-space-size=4"} if tuned else {}
    with tempfile.TemporaryDirectory() as outdir:
        measured = run(
            sys.executable,
            *arguments,
            variables={**variables, "CDK_OUTDIR": outdir},
            sampled=sampled,
        )
        if (stacks := len(list(Path(outdir).rglob("*.template.json")))) != STACKS:
            raise NotMeasuredError(
                f"{' '.join(arguments)} made {stacks} stacks instead of {STACKS}"
            )
    return measured


@cache
def floors(runs: int) -> list[dict[str, Run]]:
    return in_turn(
        runs,
        dev=lambda: synthesis(*APP),
        floor=lambda: synthesis(*EMPTY),
        tuned=lambda: synthesis("-OO", *EMPTY, "tuned"),
    )


@cache
def scaled(runs: int) -> list[dict[str, Run]]:
    """Synthesis of dev with 5, 20 and 40 services.

    Two of three added services use the cache; the settings allow no more connections for forty.
    """
    environment = yaml.safe_load((ROOT / "environments" / "dev.yaml").read_text())
    services = environment["services"]
    with tempfile.TemporaryDirectory() as folder:
        for total in (5, 20, 40):
            for number in range(len(services), total):
                services[f"service-{number}"] = {
                    "route": f"/v1/{number}",
                    "talks_to": ["cache"] if number % 3 else [],
                }
            Path(folder, str(total)).mkdir()
            Path(folder, str(total), "dev.yaml").write_text(yaml.safe_dump(environment))
        return in_turn(
            runs,
            **{
                total: partial(synthesis, *COUNTED, f"{folder}/{total}")
                for total in ("5", "20", "40")
            },
        )


def listing() -> Run:
    with tempfile.TemporaryDirectory() as outdir:
        listed = run("cdk", "--no-notices", "ls", "-c", "env=dev", "--output", outdir)
    if (stacks := listed.output.count("\ndev/") + listed.output.startswith("dev/")) != STACKS:
        raise NotMeasuredError(f"`cdk ls` lists {stacks} stacks instead of {STACKS}")
    return listed


def judged() -> Run:
    return run(sys.executable, "-m", "tools.synth", "dev", "staging", "prod")


def suite(runs: int) -> list[float]:
    turns = in_turn(
        runs,
        suite=lambda: run(
            sys.executable, "-m", "pytest", "-q", "-m", "not local", "--ignore=tests/engines", "-rs"
        ),
    )
    NOTES.extend(f"suite: {line}" for line in skipped_tests(turns[-1]["suite"].output))
    return cpu(turns, "suite")


def skipped_tests(output: str) -> list[str]:
    """Return the number of skipped tests, then a line per reason, most frequent first."""
    numbers = Counter[str]()
    for number, reason in re.findall(r"^SKIPPED \[(\d+)\] \S+: (.*)$", output, flags=re.MULTILINE):
        numbers[reason] += int(number)
    return [
        f"{numbers.total()} tests skipped",
        *(f"{number} × {reason}" for reason, number in numbers.most_common()),
    ]


@cache
def lint(runs: int) -> list[tuple[float, float]]:
    """CPU seconds of cfn-lint for dev: without earlier verdicts, and with them."""

    def judged(store: str) -> float:
        began = sum(os.times()[:4])
        for region, templates in by_region([assembly]).items():
            verdicts(templates, region=region, store=Path(store))
        return sum(os.times()[:4]) - began

    with synthesized(ROOT, "dev") as assembly:
        return [
            (judged(store.name), judged(store.name))
            for store in (tempfile.TemporaryDirectory() for _ in range(runs))
        ]


@cache
def local(runs: int) -> list[tuple[float, float, float]]:
    """CPU seconds without cfn-lint verdicts; CPU seconds and resources per second with them."""
    return [(deployment(fresh=True)[0], *deployment()) for _ in range(runs)]


def deployment(*, fresh: bool = False) -> tuple[float, float]:
    """Deploy dev to the embedded AWS and destroy it.

    The emulator outlives the command, so its CPU is read from its processes.
    """
    emulator, report = ROOT / ".local" / "emulator.json", ROOT / ".local" / "report.json"
    if emulator.exists():
        raise NotMeasuredError(
            "the embedded AWS of this checkout is in use. Run `make local-down`."
        )
    shutil.rmtree(STORE, ignore_errors=True) if fresh else None
    try:
        measured = run(sys.executable, "-m", "tools.local_aws", "up")
        cpu_seconds = measured.cpu_seconds + cpu_of_group(json.loads(emulator.read_text())["pid"])
        counted = json.loads(report.read_text())
    finally:
        run(sys.executable, "-m", "tools.local_aws", "down")
    return cpu_seconds, counted["resources"] / counted["deploy_seconds"]


@cache
def plan() -> Run:
    return run(sys.executable, "-m", "tools.deploy_plan", "--env", "prod")


def number(line: str, measured: Run) -> list[float]:
    if len(found := re.findall(rf"([\d.]+) {line}", measured.output)) != 1:
        raise NotMeasuredError(f"no {line!r} in {measured.output!r}")
    return [float(found[0])]


def cpu(turns: list[dict[str, Run]], name: str, *, over: str = "") -> list[float]:
    """CPU seconds of a command, or their ratio to another command of the same turn."""
    return [turn[name].cpu_seconds / (turn[over].cpu_seconds if over else 1) for turn in turns]


ROWS = (
    Row("floor.plain", "eight empty stacks, CPU s", lambda n: cpu(floors(n), "floor")),
    Row(
        "floor.tuned",
        "eight empty stacks with the settings of app.py, CPU s",
        lambda n: cpu(floors(n), "tuned"),
    ),
    Row("synth.seconds", "dev, CPU s", lambda n: cpu(floors(n), "dev")),
    Row(
        "synth.plain",
        "dev / eight empty stacks",
        lambda n: cpu(floors(n), "dev", over="floor"),
        "≤ 5",
    ),
    Row(
        "synth.tuned",
        "dev / eight empty stacks, same settings",
        lambda n: cpu(floors(n), "dev", over="tuned"),
    ),
    Row(
        "messages",
        "dev, jsii messages",
        lambda n: number("messages", synthesis(*COUNTED)),
        "≤ 2300",
    ),
    Row(
        "peak.kernel",
        "dev, largest process, MiB",
        lambda n: [turn["dev"].largest_mib for turn in floors(n)],
        "≤ 220",
    ),
    Row(
        "peak.tree",
        "dev, all processes, MiB",
        lambda n: [synthesis(*APP, sampled=True).tree_mib for _ in range(n)],
    ),
    Row("scale.20", "20 services / 5", lambda n: cpu(scaled(n), "20", over="5"), long=True),
    Row(
        "scale.40", "40 services / 5", lambda n: cpu(scaled(n), "40", over="5"), "≤ 2.2", long=True
    ),
    Row("ls", "cdk ls of dev, CPU s", lambda n: cpu(in_turn(n, ls=listing), "ls"), "≤ 6"),
    Row(
        "judged",
        "make synth of three environments, CPU s",
        lambda n: cpu(in_turn(n, synth=judged), "synth"),
        long=True,
    ),
    Row(
        "lint.first", "cfn-lint of dev, CPU s", lambda n: [first for first, _ in lint(n)], long=True
    ),
    Row(
        "lint.again",
        "cfn-lint of dev, verdicts kept, CPU s",
        lambda n: [again for _, again in lint(n)],
        long=True,
    ),
    Row("suite", "suite without local deployment and engines, CPU s", suite, "≤ 60", long=True),
    Row(
        "local.first",
        "make local, no verdicts kept, CPU s",
        lambda n: [first for first, *_ in local(n)],
        long=True,
    ),
    Row(
        "local.again",
        "make local again, CPU s",
        lambda n: [again for _, again, _ in local(n)],
        "≤ 35",
        long=True,
    ),
    Row(
        "local.rate",
        "make local again, resources per second",
        lambda n: [rate for *_, rate in local(n)],
        "≥ 8",
        long=True,
    ),
    Row(
        "plan.parallel",
        "prod in parallel, modelled minutes",
        lambda n: number("minutes, stacks in parallel", plan()),
        "≤ 26",
    ),
    Row(
        "plan.serial",
        "prod, one stack after the other, modelled minutes",
        lambda n: number("minutes, one stack after the other", plan()),
    ),
    Row(
        "plan.helm",
        "prod, Helm releases in a row",
        lambda n: number("Helm releases in a row", plan()),
        "≤ 5",
    ),
)

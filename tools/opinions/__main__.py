"""Table of the verdicts of all tools, from the results of each step: `make opinions`."""

import json
import os
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tools.opinions.opinion import ENVIRONMENTS, ROOT, SYNTHESIZED

PACKS = {"cdk-nag AwsSolutions": "AwsSolutions", "cdk-nag NIST 800-53 R5": "NIST.800.53.R5"}
"""Packs by their names in the table. `make synth` writes their report, and the test suite the
result of their canaries.
"""
TOOLS = {
    "cdk-nag AwsSolutions": "resources",
    "cdk-nag NIST 800-53 R5": "resources",
    "cfn-guard": "templates",
    "cfn-lint": "templates",
    "checkov": "manifests",
}
"""Input of each tool."""
HEADER = ("tool", "version", "judged", "findings", "reviewed exceptions", "unused exceptions", "canary")

Note = dict[str, Any]


def notes(left: Path, synthesized: Path) -> dict[str, Note]:
    """Returns the verdicts by tool; without tools that did not run."""
    found = {tool: json.loads(file.read_text()) for tool in TOOLS if (file := left / f"{tool}.json").is_file()}
    for tool, pack in PACKS.items():
        judged = dict(_said_by(pack, synthesized))
        if judged:
            found[tool] = {"canary": None, "version": version("cdk-nag"), **found.get(tool, {}), "environments": judged}
    return found


def _said_by(pack: str, synthesized: Path) -> Iterator[tuple[str, dict[str, int]]]:
    """Returns a pack's verdict on each environment as numbers."""
    for environment in ENVIRONMENTS:
        file = synthesized / environment / "validation-report.json"
        if not file.is_file():
            continue
        reports = {report["pluginName"]: report for report in json.loads(file.read_text())["pluginReports"]}
        if pack in reports:
            report = reports[pack]
            findings, reviewed = (
                sum(len(violation["violatingConstructs"]) for violation in report.get(kind, []))
                for kind in ("violations", "suppressedViolations")
            )
            yield environment, {"judged": _resources(file.parent), "findings": findings, "reviewed": reviewed, "unused": 0}


def _resources(assembly: Path) -> int:
    return sum(len(json.loads(file.read_text()).get("Resources", {})) for file in assembly.rglob("assembly-*/*.template.json"))


def row(tool: str, note: Note | None) -> tuple[str, ...]:
    """Returns the row of a tool."""
    if note is None or not note["environments"]:
        return (tool, *["not asked"] * (len(HEADER) - 1))
    said = note["environments"]
    total = {key: sum(judgement[key] for judgement in said.values()) for key in ("judged", "findings", "reviewed", "unused")}
    canary = {True: "caught", False: "MISSED", None: "not asked"}[note["canary"]]
    judged = f"{total['judged']} {TOOLS[tool]} of {', '.join(said)}"
    return tool, note["version"], judged, str(total["findings"]), str(total["reviewed"]), str(total["unused"]), canary


def passes(note: Note | None) -> bool:
    """Returns True if a tool ran, had no unreviewed finding and found its canary."""
    if note is None or not note["environments"]:
        return False
    return note["canary"] is True and not any(said["findings"] or said["unused"] for said in note["environments"].values())


def table(rows: list[tuple[str, ...]]) -> str:
    """Formats rows as an aligned Markdown table."""
    lines = [HEADER, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    shown = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines]
    return "\n".join([shown[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *shown[1:]])


def main(folder: Path = SYNTHESIZED) -> int:
    """Prints the table of verdicts on the environments in the folder.

    Returns:
        0, or 1 if a tool did not run, had an unreviewed finding, or missed its canary.
    """
    said = notes(Path(os.environ.get("SPOTMUSIC_OPINIONS", ROOT / ".opinions")), folder)
    print(table([row(tool, said.get(tool)) for tool in TOOLS]))
    return 0 if all(passes(said.get(tool)) for tool in TOOLS) else 1


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))

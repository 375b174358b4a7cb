"""Table of a deployment: resources, records and duration per stack."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tools.table import aligned


@dataclass(frozen=True, kw_only=True)
class StackRow:
    """Row of the table.

    Args:
        stack: name of the stack in the CDK CLI.
        resources: number of resources.
        recorded: number of recorded resources.
        seconds: duration of CloudFormation's operation.
    """

    stack: str
    resources: int
    recorded: int
    seconds: float


_HEAD = ("stack", "resources", "by service code", "recorded only", "seconds")


def table(rows: list[StackRow]) -> str:
    """Format the rows and their sum.

    Args:
        rows: one row per stack.
    """
    total = StackRow(
        stack="all",
        resources=sum(row.resources for row in rows),
        recorded=sum(row.recorded for row in rows),
        seconds=sum(row.seconds for row in rows),
    )
    head, *cells, last = lines = [_HEAD, *map(_cells, rows), _cells(total)]
    rule = ["-" * max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(aligned([head, rule, *cells, rule, last]))


def write(rows: list[StackRow], file: Path, *, deploy_seconds: float) -> None:
    """Write the figures of a benchmark.

    Args:
        rows: one row per stack.
        file: output file.
        deploy_seconds: duration of `cdk deploy`.
    """
    figures = {
        "resources": sum(row.resources for row in rows),
        "recorded": sum(row.recorded for row in rows),
        "deploy_seconds": deploy_seconds,
    }
    file.write_text(json.dumps(figures, indent=2))


def recorded_types(types: Iterable[str]) -> str:
    """Format recorded types with their numbers, wrapped to readable lines."""
    return (
        "\n".join(f"  {name} ({number})" for name, number in sorted(Counter(types).items()))
        or "  none"
    )


def _cells(row: StackRow) -> tuple[str, ...]:
    return (
        row.stack,
        str(row.resources),
        str(row.resources - row.recorded),
        str(row.recorded),
        f"{row.seconds:.1f}",
    )

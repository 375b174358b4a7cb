"""Table of a deployment: resources, records and duration per stack."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path


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
    lines = [_HEAD, *map(_cells, rows), _cells(total)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    head, *cells, last = (_aligned(line, widths) for line in lines)
    rule = "  ".join("-" * width for width in widths)
    return "\n".join([head, rule, *cells, rule, last])


def write(rows: list[StackRow], file: Path, *, deploy_seconds: float) -> None:
    """Write the rows and the rate for a benchmark.

    Args:
        rows: one row per stack.
        file: output file.
        deploy_seconds: duration of `cdk deploy`.
    """
    totals = {
        "resources": sum(row.resources for row in rows),
        "recorded": sum(row.recorded for row in rows),
    }
    file.write_text(
        json.dumps(
            {**totals, "deploy_seconds": deploy_seconds, "stacks": [asdict(row) for row in rows]},
            indent=2,
        )
    )


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


def _aligned(cells: tuple[str, ...], widths: list[int]) -> str:
    return "  ".join([cells[0].ljust(widths[0]), *map(str.rjust, cells[1:], widths[1:])])

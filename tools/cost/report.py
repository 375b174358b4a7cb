"""Reports of an estimate: text, Markdown for a pull request, and JSON."""

import json
import textwrap
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TypeVar

from tools.cost.estimate import Estimate
from tools.cost.lines import Amounts
from tools.cost.use import LEVELS

Key = TypeVar("Key")
_WIDTH = 100
_LARGEST = 3
"""Listed items of a stack, and listed savings."""
_NOTE = "List prices without taxes and free tiers; assumptions and sources are in docs/cost.md."


def text(
    found: Estimate, base: Estimate | None, against: str, today: date, *, everything: bool = False
) -> str:
    """Return the report for a terminal.

    Args:
        found: the estimate.
        base: estimate of the templates to compare with; None without comparison.
        against: name of the base.
        today: day from which the age of prices is counted.
        everything: lists every item of a stack.
    """
    lines = [
        _row(f"{found.environment}: USD a month, {found.region}", LEVELS),
        _row("monthly listeners", _shown(found.listeners)),
        "",
    ]
    for stack, usd in found.stacks.items():
        lines.append(_row(stack, _shown(usd)))
        items = [line for line in found.lines if line.stack == stack and line.usd[2] >= 0.5]
        lines += [
            _row(f"  {line.label}", _shown(line.usd))
            for line in (items if everything else items[:_LARGEST])
        ]
    lines += [
        "",
        _row("all", _shown(found.total)),
        _row("  of it at prices without a public source", [f"{p}%" for p in found.unsure_percent]),
    ]
    if base:
        lines += ["", _row(f"difference to {against}", LEVELS)]
        lines += [
            _row(f"  {stack}", _signed(usd)) for stack, usd in differences(found, base).items()
        ]
        lines.append(_row("  all", _signed(_minus(found.total, base.total))))
    lines += ["", "Largest savings, USD a month at mid use:"]
    for saving in found.savings[:_LARGEST]:
        lines.append(f"{saving.usd:8,.0f}  {saving.change}")
        if saving.commitment:
            lines.append(f"          commitment: {saving.commitment}")
    lines.append("")
    for warning in found.warnings(today):
        lines += textwrap.wrap(
            f"Warning: {warning}", _WIDTH, subsequent_indent="  ", break_on_hyphens=False
        )
    lines.append(_NOTE)
    return "\n".join(lines)


def markdown(found: Estimate, base: Estimate | None, against: str, today: date) -> str:
    """Return the report as a comment on a pull request, with the arguments of `text`."""
    head = "| stack | " + " | ".join(LEVELS) + " |"
    change = (
        f" ({' / '.join(_signed(_minus(found.total, base.total)))} against `{against}`)"
        if base
        else ""
    )
    low, mid, high = _shown(found.total)
    lines = [
        f"**Cost of {found.environment}**: {low} / {mid} / {high} USD a month "
        f"at low, mid and high use{change}",
        "",
    ]
    differs = differences(found, base) if base else {}
    lines += [
        head + (" difference at mid |" if base else ""),
        "|---|---:|---:|---:|" + ("---:|" if base else ""),
    ]
    for stack, usd in {
        **found.stacks,
        **dict.fromkeys(differs.keys() - found.stacks.keys(), (0.0, 0.0, 0.0)),
    }.items():
        cells = [
            stack,
            *_shown(usd),
            *([_signed(differs[stack])[1] if stack in differs else "0"] if base else []),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    if base and (changed := _changed_items(found, base)):
        lines += ["", "| changed item | difference at mid |", "|---|---:|"]
        lines += [
            f"| {stack}: {label} | {_signed(usd)[1]} |" for (stack, label), usd in changed.items()
        ]
    lines += [
        "",
        "Largest savings at mid use: "
        + "; ".join(f"{s.change} ({s.usd:,.0f} USD)" for s in found.savings[:_LARGEST])
        + ".",
    ]
    lines += ["", *(f"> {warning}\n" for warning in found.warnings(today))]
    lines.append(
        f"{found.unsure_percent[1]}% of the mid estimate is at prices without a public source. "
        f"{_NOTE}"
    )
    return "\n".join(lines)


def as_json(found: Estimate, base: Estimate | None, against: str, today: date) -> str:
    """Return the report as JSON, with amounts in USD per month and the arguments of `text`."""
    document = {
        "environment": found.environment,
        "region": found.region,
        "levels": LEVELS,
        "listeners": found.listeners,
        "budget": found.budget,
        "total": _rounded(found.total),
        "unsure_percent": found.unsure_percent,
        "stacks": {stack: _rounded(usd) for stack, usd in found.stacks.items()},
        "lines": [
            {
                "stack": line.stack,
                "label": line.label,
                "usd": _rounded(line.usd),
                "unsure": _rounded(line.unsure),
            }
            for line in found.lines
        ],
        "savings": [
            {"change": s.change, "usd": round(s.usd, 2), "commitment": s.commitment}
            for s in found.savings
        ],
        "warnings": found.warnings(today),
    }
    if base:
        document["base"] = {
            "ref": against,
            "total": _rounded(base.total),
            "difference": _rounded(_minus(found.total, base.total)),
            "stacks": {stack: _rounded(usd) for stack, usd in differences(found, base).items()},
        }
    return json.dumps(document, indent=2)


def differences(found: Estimate, base: Estimate) -> dict[str, Amounts]:
    """Return the changed cost of stacks with a difference of a cent or more."""
    return _changed(found.stacks, base.stacks)


def _changed_items(found: Estimate, base: Estimate) -> dict[tuple[str, str], Amounts]:
    now, before = (
        {(line.stack, line.label): line.usd for line in some.lines} for some in (found, base)
    )
    return _changed(now, before)


def _changed(now: Mapping[Key, Amounts], before: Mapping[Key, Amounts]) -> dict[Key, Amounts]:
    none = (0.0, 0.0, 0.0)
    every = {
        item: _minus(now.get(item, none), before.get(item, none)) for item in {**now, **before}
    }
    return {item: usd for item, usd in every.items() if any(abs(amount) >= 0.01 for amount in usd)}


def _minus(now: Amounts, before: Amounts) -> Amounts:
    low, mid, high = (a - b for a, b in zip(now, before, strict=True))
    return low, mid, high


def _rounded(usd: Amounts) -> list[float]:
    return [round(amount, 2) for amount in usd]


def _shown(amounts: Sequence[float]) -> list[str]:
    return [f"{amount:,.0f}" for amount in amounts]


def _signed(amounts: Sequence[float]) -> list[str]:
    return [f"{amount:+,.2f}" if abs(amount) < 10 else f"{amount:+,.0f}" for amount in amounts]


def _row(label: str, cells: Sequence[str]) -> str:
    return f"{label:46}" + "".join(f"{cell:>11}" for cell in cells)

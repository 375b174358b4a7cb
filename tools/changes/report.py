"""Report of a comparison: worst first, each with its safe procedure."""

import textwrap
from collections.abc import Sequence
from itertools import groupby

from tools.changes.change import Change, Effect

_WIDTH = 100
_MOST = 20
"""Number of listed changes without interruption; the rest is counted."""


def report(changes: Sequence[Change], *, everything: bool = False) -> str:
    """Returns the changes by effect, and a summary line.

    Args:
        changes: changes, worst first.
        everything: True to list every change without interruption.
    """
    if not changes:
        return "No differences."
    lines: list[str] = []
    for effect, group in groupby(changes, key=lambda change: change.effect):
        some = list(group)
        shown = some if everything or effect != Effect.NONE else some[:_MOST]
        lines += [f"{effect}:", *(line for change in shown for line in _lines(change))]
        if hidden := len(some) - len(shown):
            lines.append(f"  and {hidden} more (ALL=1 lists them)")
        lines.append("")
    counts = (f"{sum(change.effect == effect for change in changes)} {effect}" for effect in Effect)
    return "\n".join([*lines, ", ".join(counts)])


def _lines(change: Change) -> list[str]:
    detail = f"{change.stack}/{change.subject}: {change.detail}"
    lines = textwrap.wrap(detail, _WIDTH, initial_indent="  ", subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)
    if change.advice:
        lines += textwrap.wrap(change.advice, _WIDTH, initial_indent="    → ", subsequent_indent="      ", break_on_hyphens=False)
    return lines

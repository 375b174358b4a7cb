"""Report of a comparison: summary, dangerous changes with their safe procedure, other changes."""

import difflib
import json
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import attrgetter

from tools.changes.change import Change, Effect
from tools.model.templates import Template, Templates

_WIDTH = 100
_MOST = 20
"""Number of listed changes without interruption; the rest are counted."""
_MOST_LINES = 3
"""Lines of one entry. ALL=1 shows the rest."""
_MOST_MARKDOWN = 100
"""Lines of dangerous changes in Markdown; GitHub refuses comments above 65,536 characters."""


def report(
    changes: Sequence[Change], *, environment: str, everything: bool = False, markdown: bool = False
) -> str:
    """Return a summary, then the changes by effect. Added resources share one line per stack.

    Args:
        changes: changes, worst first.
        environment: name of the environment.
        everything: lists every change without interruption, uncut.
        markdown: formats a comment on a pull request.
    """
    if not changes:
        return f"{environment}: no differences."
    sections = groupby(
        (change for change in changes if change.effect != Effect.NONE), lambda change: change.effect
    )
    dangerous = [
        line
        for effect, group in sections
        for line in _section(effect, group, everything=everything)
    ]
    harmless = list(
        _harmless(
            [change for change in changes if change.effect == Effect.NONE], everything=everything
        )
    )
    summary = f"{environment}: {_counts(changes)}"
    head = textwrap.wrap(summary, _WIDTH, subsequent_indent="  ", break_on_hyphens=False)
    if not markdown:
        return "\n\n".join("\n".join(part) for part in (head, dangerous, harmless) if part)
    if len(dangerous) > _MOST_MARKDOWN:
        dangerous[_MOST_MARKDOWN:] = [f"and {len(dangerous) - _MOST_MARKDOWN} more lines"]
    parts = [f"**{summary}**", *([_fenced(dangerous)] if dangerous else [])]
    if harmless:
        parts.append(
            f"<details><summary>{Effect.NONE}</summary>\n\n{_fenced(harmless)}\n\n</details>"
        )
    return "\n\n".join(parts)


def full_text(before: Templates, now: Templates) -> str:
    """Return the changed lines of each resource and output.

    Args:
        before: deployed templates.
        now: templates of the coming deployment.
    """
    return "\n".join(
        line
        for stack in dict.fromkeys([*before, *now])
        for section in ("Resources", "Outputs")
        for line in _lines(
            stack, before.get(stack, {}).get(section, {}), now.get(stack, {}).get(section, {})
        )
    )


def _counts(changes: Sequence[Change]) -> str:
    effects = Counter(change.effect for change in changes)
    signs = Counter(change.sign for change in changes if change.effect == Effect.NONE)
    harmless = ", ".join(
        f"{signs[sign]} {name}"
        for sign, name in (("+", "added"), ("~", "changed"), ("-", "deleted"))
        if signs[sign]
    )
    counts = ", ".join(f"{effects[effect]} {effect}" for effect in Effect if effects[effect])
    return f"{counts} ({harmless})" if harmless else counts


def _section(effect: Effect, changes: Iterable[Change], *, everything: bool) -> Iterator[str]:
    """Yield dangerous changes; advice that several share is printed once."""
    yield f"{effect}:"
    for advice, group in groupby(changes, lambda change: change.advice):
        for change in group:
            yield from _wrapped(_text(change), "  ", None if everything else _MOST_LINES)
        if advice:
            yield from _wrapped(advice, "    → ", None)


def _wrapped(text: str, indent: str, most: int | None) -> list[str]:
    below = " " * max(4, len(indent))
    # A word longer than a line is broken, so that all lines fit.
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=below,
        break_on_hyphens=False,
        max_lines=most,
        placeholder=" …",
    )


def _harmless(changes: Sequence[Change], *, everything: bool) -> Iterator[str]:
    if not changes:
        return
    yield f"{Effect.NONE}:"
    added = [] if everything else [change for change in changes if change.sign == "+"]
    listed = [f"  {_text(change)}" for change in changes if change not in added]
    yield from listed if everything else map(_cut, listed[:_MOST])
    if not everything and len(listed) > _MOST:
        yield f"  and {len(listed) - _MOST} more (ALL=1 lists them)"
    for stack, group in groupby(sorted(added, key=attrgetter("stack")), attrgetter("stack")):
        types = Counter(
            change.detail.removesuffix(" is added").partition("::")[2] for change in group
        )
        names = ", ".join(
            f"{name} ×{count}" if count > 1 else name for name, count in types.items()
        )
        yield from _wrapped(f"+ {stack}: {types.total()} added: {names}", "  ", _MOST_LINES)


def _text(change: Change) -> str:
    return f"{change.sign} {change.stack}/{change.subject}: {change.detail}"


def _cut(line: str) -> str:
    return line if len(line) <= _WIDTH else line[: _WIDTH - 1] + "…"


def _fenced(lines: Sequence[str]) -> str:
    return "\n".join(["```", *lines, "```"])


def _lines(stack: str, old: Template, new: Template) -> Iterator[str]:
    for id_ in dict.fromkeys([*old, *new]):
        if old.get(id_) != new.get(id_):
            one, other = (
                json.dumps(side[id_], indent=1).splitlines() if id_ in side else []
                for side in (old, new)
            )
            yield from difflib.unified_diff(
                one, other, fromfile=f"{stack}/{id_}", tofile=f"{stack}/{id_}", lineterm=""
            )

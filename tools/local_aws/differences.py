"""Summary of `cdk diff`: a table, then one line for each changed resource."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_STACK = re.compile(r"^Stack (\S+)")
_CHANGE = re.compile(r"^\[([+~-])\] (\S+) (\S+) ?(.*)$")
_IMPACTS = ("may be replaced", "replace", "destroy", "orphan")
_COLUMNS = 100
_NO_DIFFERENCE = "Number of stacks with differences: 0"


@dataclass(frozen=True)
class Change:
    """Changed element of a template.

    Args:
        stack: id of its stack, such as `dev/network`.
        sign: `+` is added, `~` is changed, `-` is removed.
        type: resource type, or `Output` and the like.
        path: construct path.
        impact: `replace`, `may be replaced`, `destroy` or `orphan`; empty for none.
    """

    stack: str
    sign: str
    type: str
    path: str
    impact: str

    @property
    def is_resource(self) -> bool:
        """True for a resource; False for an output, a parameter and other elements."""
        return "::" in self.type

    @property
    def ends(self) -> bool:
        """True if CloudFormation may delete the existing resource."""
        return self.is_resource and (self.sign == "-" or "replace" in self.impact or self.impact == "destroy")


def changes(text: str) -> list[Change]:
    """Parses the changed elements that `cdk diff` lists.

    Args:
        text: output of `cdk diff`.
    """
    return list(_changes(text))


def differs(text: str) -> bool:
    """Returns True if `cdk diff` found a difference in any stack."""
    return _NO_DIFFERENCE not in text


def summary(text: str, *, file: str) -> str:
    """Formats a table of stacks, possible deletions and replacements, and all other changed
    resources.

    Args:
        text: output of `cdk diff`.
        file: file with the complete text.
    """
    stacks = re.findall(_STACK.pattern, text, flags=re.MULTILINE)
    if not differs(text):
        return f"No differences: {len(stacks)} stacks compared."
    found = changes(text)
    width = max(len(name) for name in [*stacks, "stack"])
    head = f"{'stack':<{width}}{'+':>6}{'~':>6}{'-':>6}{'replaced':>10}{'outputs':>9}"
    lines = [head, "-" * len(head)]
    lines += [_row(stack, width, [change for change in found if change.stack == stack]) for stack in stacks]
    lines += ["-" * len(head), _row("all", width, found)]
    if ends := [change for change in found if change.ends]:
        lines += ["", "deleted or replaced:", *map(_line, ends)]
    if others := [change for change in found if change.is_resource and not change.ends]:
        lines += ["", "added or changed:", *map(_line, others)]
    return "\n".join([*lines, "", f"All changed properties: {file}"])


def _changes(text: str) -> Iterator[Change]:
    stack = ""
    for line in text.splitlines():
        if begun := _STACK.match(line):
            stack = begun.group(1)
        elif change := _CHANGE.match(line):
            sign, type_, path, rest = change.groups()
            impact = next((word for word in _IMPACTS if "::" in type_ and rest.endswith(word)), "")
            yield Change(stack, sign, type_, path, impact)


def _row(name: str, width: int, found: list[Change]) -> str:
    resources = [change for change in found if change.is_resource]
    signs = [sum(change.sign == sign for change in resources) for sign in "+~-"]
    replaced = sum("replace" in change.impact for change in resources)
    return f"{name:<{width}}{signs[0]:>6}{signs[1]:>6}{signs[2]:>6}{replaced:>10}{len(found) - len(resources):>9}"


def _line(change: Change) -> str:
    impact = f" ({change.impact})" if change.impact else ""
    # The construct path begins with the stack's name.
    line = f"  {change.sign} {change.type} {change.stack.partition('/')[0]}/{change.path}"
    room = _COLUMNS - len(impact)
    return (line if len(line) <= room else line[: room - 1] + "…") + impact

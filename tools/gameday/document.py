"""Table of docs/game-day.md: remaining capacity of production after each fault, worst by kind."""

from collections.abc import Iterable
from itertools import groupby

from tools.checkout import ROOT
from tools.gameday import restores
from tools.gameday.faults import Fault, faults_of
from tools.gameday.scenario import RemainingCapacity, Scenario

PATH = ROOT / "docs" / "game-day.md"
BEGIN, END = "<!-- computed: make game-day -->\n", "<!-- end of what is computed -->\n"

Numbers = tuple[str, float, float]
"""Unit, remaining and required number."""


def computed(scenario: Scenario) -> str:
    """Returns the content between the markers of the document."""
    faults = list(faults_of(scenario.settings).values())
    names = list(dict.fromkeys(fault.name for fault in faults))
    sections = [
        _section(scenario, name, [fault for fault in faults if fault.name == name])
        for name in names
    ]
    return "\n".join([*sections, "### Restores", "", *restores.table(), ""])


def written(text: str, scenario: Scenario) -> str:
    """Returns the document with the computed content of an environment."""
    head, rest = text.split(BEGIN)
    return f"{head}{BEGIN}\n{computed(scenario)}\n{END}{rest.split(END)[1]}"


def _section(scenario: Scenario, name: str, faults: list[Fault]) -> str:
    experiments = ", ".join(
        f"`{name}`" for name in dict.fromkeys(name for fault in faults for name in fault.experiment)
    )
    (runbook,) = {fault.runbook for fault in faults}
    found = worst(left for fault in faults for left in fault.effects(scenario))
    rows = [
        f"| {', '.join(components)} | {left:g} | {needed:g} | {what} |"
        for (what, left, needed), components in _grouped(found)
    ]
    title = name[0].upper() + name[1:]
    practised = f"Practised by {experiments}; runbook [{runbook}](runbooks/{runbook}.md)."
    head = f"### {title}\n\n{practised}\n"
    return "\n".join([head, "| component | left | needed | unit |", "|---|---|---|---|", *rows, ""])


def worst(found: Iterable[RemainingCapacity]) -> list[RemainingCapacity]:
    """Returns the lowest figure of each kind and component."""
    tightest: dict[tuple[str, str], RemainingCapacity] = {}
    for left in found:
        before = tightest.setdefault((left.component, left.what), left)
        if left.left - left.needed < before.left - before.needed:
            tightest[left.component, left.what] = left
    return list(tightest.values())


def _grouped(found: list[RemainingCapacity]) -> list[tuple[Numbers, list[str]]]:
    """Groups components with equal numbers, in the order of the first of each group."""
    order = {
        (left.what, left.left, left.needed): place
        for place, left in reversed(list(enumerate(found)))
    }
    key = [(order[left.what, left.left, left.needed], left) for left in found]
    groups = groupby(
        sorted(key, key=lambda pair: pair[0]),
        key=lambda pair: (pair[1].what, pair[1].left, pair[1].needed),
    )
    return [(numbers, [left.component for _, left in members]) for numbers, members in groups]

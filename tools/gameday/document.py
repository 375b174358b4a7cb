"""Table of docs/game-day.md: remaining capacity of production after each fault, worst by kind."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from tools.checkout import ROOT
from tools.gameday import restores
from tools.gameday.faults import Fault, faults_of
from tools.gameday.scenario import RemainingCapacity, Scenario
from tools.sections import replaced

PATH = ROOT / "docs" / "game-day.md"


@dataclass(frozen=True, kw_only=True)
class Summary:
    """Faults with one name.

    Args:
        name: name of the faults.
        experiments: experiments with the faults.
        runbook: runbook of the faults.
        effects: lowest figure of each kind and component.
    """

    name: str
    experiments: list[str]
    runbook: str
    effects: list[RemainingCapacity]


def computed(scenario: Scenario) -> str:
    """Return the content between the markers of the document."""
    sections = map(_section, summaries(scenario))
    return "\n".join([*sections, "### Restores", "", *restores.table(), ""])


def written(text: str, scenario: Scenario) -> str:
    """Return the document with the computed content of an environment."""
    return replaced(text, "computed", computed(scenario).splitlines(), target="game-day")


def summaries(scenario: Scenario) -> Iterator[Summary]:
    """Yield the faults of an environment by name, each with its lowest figures."""
    by_name: dict[str, list[Fault]] = {}
    for fault in faults_of(scenario.settings).values():
        by_name.setdefault(fault.name, []).append(fault)
    for name, faults in by_name.items():
        (runbook,) = {fault.runbook for fault in faults}
        yield Summary(
            name=name,
            experiments=list(dict.fromkeys(chain(*(fault.experiment for fault in faults)))),
            runbook=runbook,
            effects=_worst(left for fault in faults for left in fault.effects(scenario)),
        )


def _worst(found: Iterable[RemainingCapacity]) -> list[RemainingCapacity]:
    """Lowest figure of each kind and component."""
    tightest: dict[tuple[str, str], RemainingCapacity] = {}
    for left in found:
        before = tightest.setdefault((left.component, left.what), left)
        if left.left - left.needed < before.left - before.needed:
            tightest[left.component, left.what] = left
    return list(tightest.values())


def _section(summary: Summary) -> str:
    components: dict[str, list[str]] = {}
    for found in summary.effects:
        numbers = f"{found.left:g} | {found.needed:g} | {found.what}"
        components.setdefault(numbers, []).append(found.component)
    experiments = ", ".join(f"`{name}`" for name in summary.experiments)
    runbook = f"[{summary.runbook}](runbooks/{summary.runbook}.md)"
    return "\n".join(
        [
            f"### {summary.name[0].upper()}{summary.name[1:]}",
            "",
            f"Practised by {experiments}; runbook {runbook}.",
            "",
            "| component | left | needed | unit |",
            "|---|---|---|---|",
            *(f"| {', '.join(names)} | {numbers} |" for numbers, names in components.items()),
            "",
        ]
    )

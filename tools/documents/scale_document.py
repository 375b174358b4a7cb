"""Generator of the tables in docs/scale.md: `python -m tools.documents.scale_document`."""

from collections.abc import Iterator, Mapping, Sequence

from spotmusic_cdk import output
from spotmusic_cdk.command_line import run_command
from spotmusic_cdk.settings import Settings
from spotmusic_cdk.settings.capacity import Assumption, CapacitySettings
from tools.capacity.__main__ import estimate_of_plan
from tools.capacity.changes import Changes, KeyPath, get, rewritten
from tools.capacity.limits import LIMITS, is_quota
from tools.capacity.plan import MOST_LISTENERS, Plan, carried, plan_for
from tools.capacity.report import load_rows, number
from tools.checkout import ROOT, settings_of
from tools.cost.estimate import Estimate
from tools.load import load_of
from tools.sections import replaced
from tools.simulation.agreement import agreements
from tools.simulation.report import AGREEMENT, HEADS, agreement_rows, outcome_rows
from tools.simulation.scenarios import Outcome, simulate_all

DOCUMENT = ROOT / "docs" / "scale.md"
ENVIRONMENT = "prod"
SIZES = {
    "0.1 million": 100_000,
    "1 million": 1_000_000,
    "10 million": 10_000_000,
    "100 million": 100_000_000,
}

Costs = Mapping[str, Sequence[str]]
"""Cost of each size by stack, as text: columns of the table without heads."""


def written(text: str, settings: Settings, costs: Costs) -> str:
    """Return the document with current tables.

    Args:
        text: the document before.
        settings: production.
        costs: columns of the table of costs.
    """
    plans = {size: plan_for(settings, listeners) for size, listeners in SIZES.items()}
    largest = plans["10 million"]
    outcomes = simulate_all(largest.settings, largest.listeners_of_cell)
    tables = {
        "load": _loads(settings),
        "plan": _plans(settings, plans),
        "constraints": _constraints(largest),
        "scenarios": _scenarios(largest, outcomes),
        "agreement": _agreement(largest, outcomes),
        "quotas": _quotas(plans),
        "cost": _costs(costs),
        "assumptions": _assumptions(),
        "limits": _limits(),
    }
    for name, lines in tables.items():
        text = replaced(text, name, lines, target="scale")
    return text


def columns(text: str) -> dict[str, list[str]]:
    """Return the columns of the table of costs by size, without their heads."""
    rows = (
        text.split("<!-- cost: make scale -->\n")[1]
        .split("<!-- end of cost -->\n", maxsplit=1)[0]
        .strip()
        .splitlines()
    )
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    return {cells[0][place]: [row[place] for row in cells[2:]] for place in range(len(cells[0]))}


def column(estimate: Estimate, plan: Plan) -> list[str]:
    """Return the costs of a plan: each stack at all listeners, times the cells, and the sum."""
    amounts = [*(usd[2] for usd in estimate.stacks.values()), estimate.total[2]]
    return [f"{amount * plan.cells:,.0f}" for amount in amounts]


def _table(heads: Sequence[str], rows: Iterator[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|---|{'---:|' * (len(heads) - 1)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _loads(settings: Settings) -> Iterator[str]:
    loads = [dict(load_rows(load_of(settings, listeners))) for listeners in SIZES.values()]
    yield from _table(
        ["in the busiest minute", *SIZES],
        ((name, *(number(load[name]) for load in loads)) for name in loads[0]),
    )


def _plans(settings: Settings, plans: Mapping[str, Plan]) -> Iterator[str]:
    def rows() -> Iterator[Sequence[str]]:
        yield "cells", *(str(plan.cells) for plan in plans.values())
        for path in sorted(set().union(*(plan.changes for plan in plans.values()))):
            yield (
                f"`{'.'.join(path)}`",
                *(_value(settings, path, plan.changes) for plan in plans.values()),
            )

    yield from _table(["setting of a cell", *plans], rows())


def _value(settings: Settings, path: KeyPath, changes: Changes) -> str:
    """Planned value, or the value of the file in parentheses."""
    if path in changes:
        return _text(changes[path])
    if path[:3] == ("kubernetes", "redpanda", "topics"):
        return f"({settings.topics[path[3]].partitions})"
    return f"({_text(get(settings.model_dump(mode='json'), path))})"


def _text(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(value) or "none"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _constraints(plan: Plan) -> Iterator[str]:
    def rows() -> Iterator[Sequence[str]]:
        for found in carried(plan.settings):
            if found.listeners < MOST_LISTENERS:
                yield (
                    f"{found.component}: {found.what}{' (quota)' if is_quota(found.limit) else ''}",
                    f"{found.listeners:,}",
                )

    yield from _table([f"constraint of a cell of {plan.listeners_of_cell:,}", "ends at"], rows())


def _scenarios(plan: Plan, outcomes: Sequence[Outcome]) -> Iterator[str]:
    yield from _table([f"cell of {plan.listeners_of_cell:,}", *HEADS[1:]], outcome_rows(outcomes))


def _agreement(plan: Plan, outcomes: Sequence[Outcome]) -> Iterator[str]:
    found = agreements(plan.settings, plan.listeners_of_cell, outcomes)
    yield from _table(AGREEMENT, agreement_rows(found))


def _quotas(plans: Mapping[str, Plan]) -> Iterator[str]:
    needed = [
        {found.what: number(round(found.needed)) for found in plan.quotas}
        for plan in plans.values()
    ]
    names = dict.fromkeys(name for column in needed for name in column)
    yield from _table(
        ["quota of a cell", *plans],
        ((name, *(column.get(name, "default") for column in needed)) for name in names),
    )


def _costs(costs: Costs) -> Iterator[str]:
    yield from _table(list(costs), zip(*costs.values(), strict=True))


def _assumptions() -> Iterator[str]:
    yield "| key below `capacity` | default | unit | source, read |"
    yield "|---|---:|---|---|"
    for section, field in CapacitySettings.model_fields.items():
        own = [said for said in field.metadata if isinstance(said, Assumption)]
        found = [(section, field.default, said) for said in own]
        for key, inner in getattr(field.annotation, "model_fields", {}).items():
            found += [
                (f"{section}.{key}", inner.get_default(call_default_factory=True), s)
                for s in inner.metadata
                if isinstance(s, Assumption)
            ]
        for key, default, said in found:
            shown = (
                ", ".join(f"{name} {value:g}" for name, value in default.items())
                if isinstance(default, dict)
                else f"{default:,g}"
            )
            yield f"| `{key}` | {shown} | {said.unit} | {said.source}, {said.read} |"


def _limits() -> Iterator[str]:
    yield "| limit | value | unit | raised on request | source, read |"
    yield "|---|---:|---|---|---|"
    for limit in LIMITS:
        raised = "yes" if limit.raised else "no"
        cells = limit.what, f"{limit.value:,g}", limit.unit, raised, f"{limit.source}, {limit.read}"
        yield f"| {' | '.join(cells)} |"


def main() -> None:
    """Plan and synthesize each size, and write the tables."""
    settings = settings_of(ENVIRONMENT)
    file = ROOT / "environments" / f"{ENVIRONMENT}.yaml"
    estimates: dict[str, Estimate] = {}
    costs: dict[str, Sequence[str]] = {}
    for size, listeners in SIZES.items():
        plan = plan_for(settings, listeners)
        planned = rewritten(file.read_text(encoding="utf-8"), plan.changes)
        if planned not in estimates:
            estimates[planned] = estimate_of_plan(plan, file)
        costs = costs or {"USD a month": [*estimates[planned].stacks, "all"]}
        costs[size] = column(estimates[planned], plan)
    output.report(DOCUMENT, written(DOCUMENT.read_text(encoding="utf-8"), settings, costs))


if __name__ == "__main__":
    run_command(main)

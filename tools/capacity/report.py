"""Plan as text for a terminal."""

import difflib
from collections.abc import Iterable, Iterator
from pathlib import Path

from tools.capacity.changes import Changes, rewritten
from tools.capacity.limits import is_quota
from tools.capacity.plan import MOST_LISTENERS, Carried, Plan
from tools.cost.estimate import Estimate
from tools.cost.lines import Amounts
from tools.load import Load

_STEPS = {
    "redpanda.storage_gib": "grow volumes of running brokers first (docs/runbooks/volume.md)",
    "instance_class": "fails over for a minute or two",
    "node_type": "fails over for a minute or two",
    "brokers": "cannot be lowered again",
    "partitions": "cannot be lowered again",
}
"""Settings, by their last keys, that require more than a deployment (docs/changes.md)."""


def text(plan: Plan, allowed: Iterable[Carried], file: Path, cost: Estimate | None) -> str:
    """Return a plan as text.

    Args:
        plan: the plan.
        allowed: listeners that each constraint allows with the planned settings.
        file: environment file.
        cost: estimate of one cell; None without an estimate.
    """
    cells = f"{plan.cells} cells of {plan.listeners_of_cell:,}" if plan.cells > 1 else "one cell"
    growth = plan.settings.capacity.growth_percent
    lines = [
        f"{plan.settings.name}: {plan.listeners:,} monthly listeners in {cells}, "
        f"with a margin of {growth:g}%",
        "",
    ]
    if plan.cells > 1:
        lines += [
            f"One cell less is not sufficient: {plan.reason}.",
            "docs/scale.md has the assignment of listeners to cells.",
            "",
        ]
    lines += [
        "Load of a cell in the busiest minute:",
        *(_row(name, value) for name, value in load_rows(plan.load)),
        "",
    ]
    lines += _patch(plan, file)
    lines += [
        "",
        "First limit of each component with these settings:",
        *_allowed(allowed),
        "",
        "Quotas to request, and figures to test before:",
    ]
    for found in plan.quotas:
        default = f" (default {found.now:,.0f})" if found.now else ""
        lines.append(
            f"  {found.what}: {found.needed:,.0f}{found.unit and f' {found.unit}'}{default}"
        )
    if cost:
        lines += ["", *_cost(cost, plan)]
    return "\n".join(lines)


def inverse(environment: str, declared: int | None, allowed: list[Carried]) -> str:
    """Return the listeners that an environment file carries, as text.

    Args:
        environment: name of the environment.
        declared: value of `capacity.listeners`.
        allowed: listeners that each constraint allows, fewest first.
    """
    weakest = next(found for found in allowed if not is_quota(found.limit))
    before = [
        found for found in allowed if is_quota(found.limit) and found.listeners < weakest.listeners
    ]
    said = f", and declares {declared:,}" if declared else ""
    lines = [
        f"{environment} carries {weakest.listeners:,} monthly listeners{said}.",
        f"The weakest setting is that of {weakest.component}: {weakest.what}.",
        *(
            f"Beyond {found.listeners:,}, first raise or test: {found.limit.what}."
            for found in before
            if found.limit
        ),
        "",
        *_allowed(allowed, every=True),
    ]
    if declared and declared > weakest.listeners:
        lines += [
            "",
            f"`make plan ENV={environment} LISTENERS={declared}` prints the settings "
            "for the declared listeners.",
        ]
    return "\n".join(lines)


def load_rows(load: Load) -> Iterator[tuple[str, float]]:
    """Yield the most important figures of a load with their names."""
    yield "listeners at a time", load.audience.concurrent
    yield "plays/s", load.audience.plays_per_second
    yield "CDN, Gbit/s", load.edge.gbit_per_second
    yield "CDN, TB a month", load.edge.month_tb
    yield "CDN, requests/s", load.edge.requests_per_second
    yield "gateway, requests/s", load.gateway.requests_per_second
    yield "logins/s", load.identity.logins_per_second
    yield "renewed tokens/s", load.identity.tokens_per_second
    yield "events/s", load.events.events_per_second
    yield "events, MiB/s on disk", load.events.disk_mib_per_second
    yield "events, GiB stored", load.events.stored_gib
    yield "database, queries/s", load.database.queries_per_second
    yield "database, connections", load.database.connections
    yield "cache, operations/s", load.cache.operations_per_second
    yield "cache, GiB", load.cache.memory_gib
    yield "queues, messages/s", sum(load.queues.messages_per_second.values())
    yield "tasks on Fargate", sum(service.tasks for service in load.services.values())
    yield "metrics, series", load.metrics.series
    yield "logs, GB a month", load.volumes.logs_gb
    yield "between zones, GB a month", load.volumes.zones_gb
    yield "NAT gateways, GB a month", load.volumes.nat_gb


def number(value: float) -> str:
    """Format a number with at least three digits."""
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:,.3g}"


def _row(name: str, value: float) -> str:
    return f"  {name:28}{number(value):>16}"


def _patch(plan: Plan, file: Path) -> list[str]:
    if not plan.changes:
        return ["The file carries them without changes."]
    before = file.read_text(encoding="utf-8")
    after = rewritten(before, plan.changes)
    name = f"environments/{file.name}"
    changed = difflib.unified_diff(
        before.splitlines(), after.splitlines(), f"a/{name}", f"b/{name}", n=0, lineterm=""
    )
    return [
        "Settings that carry it, as a patch (WRITE=1 applies it):",
        *changed,
        *_notes(plan.changes),
    ]


def _notes(changes: Changes) -> Iterator[str]:
    for key in map(".".join, changes):
        yield from (
            f"  {key}: {note}" for ending, note in _STEPS.items() if key.endswith(f".{ending}")
        )


def _allowed(allowed: Iterable[Carried], *, every: bool = False) -> Iterator[str]:
    seen: set[str] = set()
    for found in allowed:
        if every or found.component not in seen:
            seen.add(found.component)
            at = f"{found.listeners:,}" if found.listeners < MOST_LISTENERS else "-"
            note = " (a quota, or to be tested)" if is_quota(found.limit) else ""
            yield f"  {found.component:32}{at:>14}  {found.what}{note}"


def _cost(cost: Estimate, plan: Plan) -> Iterator[str]:
    budget = plan.settings.observability.monthly_budget_usd
    yield (
        "Cost of a cell, USD a month at list prices, with 10%, 50% and all of the listeners "
        f"({cost.region}):"
    )
    yield from (_amounts(stack, usd) for stack, usd in cost.stacks.items())
    yield _amounts("all", cost.total)
    if plan.cells > 1:
        yield f"  {f'{plan.cells} cells':28}{plan.cells * cost.total[2]:>38,.0f}"
    if budget > 2 * cost.total[2]:
        yield f"observability.monthly_budget_usd is {budget:,.0f}: lower it to a useful threshold."


def _amounts(name: str, usd: Amounts) -> str:
    return f"  {name:28}" + "".join(f"{amount:>14,.0f}" for amount in usd)

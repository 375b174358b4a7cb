"""Settings that carry a number of listeners, and listeners that settings carry."""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from math import exp, floor, log

from pydantic import ValidationError

from spotmusic_cdk.settings import Settings
from tools.capacity.changes import Changes, changed, differing
from tools.capacity.constraints import Constraint, constraints_of
from tools.capacity.limits import Limit, is_quota
from tools.load import Load, load_of
from tools.preflight.quotas import needs

MOST_LISTENERS = 1_000_000_000
"""Listeners of the largest plan; the largest services have some 700 million (Spotify, 2026)."""
_ROUNDS = 100
"""Rounds of changes; each one raises a setting, of which the longest ladder has nine steps."""


class PlanError(Exception):
    """Plan that is impossible. The message has the reason and the remedy."""


@dataclass(frozen=True, kw_only=True)
class Quota:
    """Quota to request.

    Args:
        what: its name.
        needed: value that the plan needs.
        now: default of AWS; none where accounts differ.
        unit: unit of both.
    """

    what: str
    needed: float
    now: float | None
    unit: str


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Settings of one cell.

    Args:
        listeners: monthly listeners of all cells.
        cells: number of cells, each with these settings.
        settings: settings of a cell.
        changes: changes of the file to them.
        load: load of a cell.
        constraints: load against room, fullest first.
        unmet: constraints that no setting meets with one cell less.
    """

    listeners: int
    cells: int
    settings: Settings
    changes: Changes
    load: Load
    constraints: list[Constraint]
    unmet: list[Constraint]

    @property
    def listeners_of_cell(self) -> int:
        """Monthly listeners of one cell."""
        return -(-self.listeners // self.cells)

    @property
    def reason(self) -> str:
        """Constraints that no setting meets, in words."""
        return "; ".join(
            f"{c.component} needs {c.needed:,.4g} {c.what} and has {c.room:,.4g}"
            for c in self.unmet
        )

    @property
    def quotas(self) -> list[Quota]:
        """Quotas to request for a cell."""
        found = [
            Quota(
                what=f"{c.component}: {c.limit.what}",
                needed=c.needed,
                now=c.limit.value,
                unit=c.limit.unit,
            )
            for c in self.constraints
            if c.limit and c.limit.raised and not c.fits
        ]
        for need in needs(self.settings):
            found.append(
                Quota(
                    what=f"{need.check} ({need.service} {need.code})",
                    needed=need.wanted,
                    now=None,
                    unit="",
                )
            )
        return found


@dataclass(frozen=True, kw_only=True)
class Carried:
    """Listeners that a constraint allows.

    Args:
        component: its component.
        what: its unit.
        listeners: monthly listeners; `MOST_LISTENERS` where none bite.
        limit: limit behind it, if it is one of AWS or of the platform.
    """

    component: str
    what: str
    listeners: int
    limit: Limit | None


def plan_for(settings: Settings, listeners: int) -> Plan:
    """Returns the settings that carry listeners with the margin of growth, in as few cells as possible.

    Args:
        settings: the environment as it is. Its settings are raised, and never lowered.
        listeners: monthly listeners.

    Raises:
        PlanError: no service has `load`, or no cell is small enough.
    """
    require_load(settings)
    plan_in = cache(partial(_cell, settings, listeners))
    whole = plan_in(1)
    if not whole.unmet:
        return whole
    cells = _fewest(lambda number: not plan_in(number).unmet)
    if cells is None:
        raise PlanError(
            f"{settings.name}: {whole.reason}, in a cell of any size. Raise its settings by hand, or lower its load."
        )
    return replace(plan_in(cells), unmet=plan_in(cells - 1).unmet)


def require_load(settings: Settings) -> None:
    """Refuses settings of which no service has `load`.

    Raises:
        PlanError: none has.
    """
    if not any(service.load for service in settings.services.values()):
        raise PlanError(
            f"{settings.name}: no service has load. Set services.<name>.load: {{per_listener_hour, per_task}}."
        )


def _fewest(suffice: Callable[[int], bool]) -> int | None:
    """Smallest number of cells, two or more, that suffices, as all larger ones then do; None if none does."""
    least = most = 2
    while not suffice(most):
        if most >= MOST_LISTENERS:
            return None
        least, most = most + 1, min(MOST_LISTENERS, most * 2)
    return least + bisect_left(range(least, most), True, key=suffice)


def _cell(settings: Settings, listeners: int, cells: int) -> Plan:
    """Plan with a number of cells, which has unmet constraints if these are too few."""
    part = -(-listeners // cells)
    changes: Changes = differing(
        settings.model_dump(mode="json"), {("capacity", "listeners"): part}
    )
    planned = changed(settings, changes)
    refused: list[Changes] = []
    for _ in range(_ROUNDS):
        short = [
            constraint
            for constraint in _checked(planned, part)
            if not constraint.fits and not is_quota(constraint.limit)
        ]
        raised = _raises(planned, short, refused) or _raises(planned, short, [])
        if not raised:
            break
        changes |= raised
        planned = changed(planned, raised)
    load = load_of(planned, part)
    full = sorted(constraints_of(planned, load), key=lambda constraint: -constraint.percent)
    unmet = list({constraint.name: constraint for constraint in short}.values())
    return Plan(
        listeners=listeners,
        cells=cells,
        settings=planned,
        changes=changes,
        load=load,
        constraints=full,
        unmet=unmet,
    )


def _checked(settings: Settings, listeners: int) -> Iterator[Constraint]:
    """Constraints in the busiest minute as a game day counts it, and with the margin of growth."""
    grown = listeners * (1 + settings.capacity.growth_percent / 100)
    yield from constraints_of(settings, load_of(settings, listeners))
    yield from constraints_of(settings, load_of(settings, grown), rounded=False)


def _raises(settings: Settings, short: list[Constraint], refused: list[Changes]) -> Changes:
    """Changes that are valid settings, the largest where several constraints want the same one.

    Args:
        settings: settings before.
        short: constraints that do not fit.
        refused: changes that are not tried again. What is refused here is added.
    """
    found: Changes = {}
    now = settings.model_dump(mode="json")
    for constraint in short:
        wanted = differing(
            now,
            {
                path: value
                for path, value in constraint.carry().items()
                if not _below(value, found.get(path))
            },
        )
        if wanted in refused or wanted.items() <= found.items():
            continue
        if _valid(settings, wanted):
            found |= wanted
        else:
            refused.append(wanted)
    return found


def _below(value: object, other: object) -> bool:
    return isinstance(value, int) and isinstance(other, int) and value < other


def _valid(settings: Settings, changes: Changes) -> bool:
    try:
        changed(settings, changes)
    except ValidationError:
        return False
    return True


def carried(settings: Settings) -> list[Carried]:
    """Returns the listeners that each constraint of an environment allows, fewest first."""

    @cache
    def at(listeners: int) -> dict[tuple[str, str], Constraint]:
        return {
            constraint.name: constraint
            for constraint in constraints_of(settings, load_of(settings, listeners), rounded=False)
        }

    found = []
    for name, constraint in at(1).items():
        most = _most(partial(_holds, at, name))
        if most == 0 and is_quota(constraint.limit):
            continue  # a quota on what settings allow, at any number of listeners
        found.append(
            Carried(component=name[0], what=name[1], listeners=most, limit=constraint.limit)
        )
    return sorted(found, key=lambda item: item.listeners)


def _holds(
    at: Callable[[int], Mapping[tuple[str, str], Constraint]], name: tuple[str, str], listeners: int
) -> bool:
    return at(listeners)[name].fits


def _most(holds: Callable[[int], bool]) -> int:
    """Largest number of listeners for which something holds, to a thousandth; 0 if it never does."""
    if not holds(1):
        return 0
    if holds(MOST_LISTENERS):
        return MOST_LISTENERS
    low, high = 0.0, log(MOST_LISTENERS)
    while high - low > 0.0005:
        middle = (low + high) / 2
        low, high = (middle, high) if holds(floor(exp(middle))) else (low, middle)
    return floor(exp(low))

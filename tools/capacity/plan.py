"""Settings for a number of listeners, and listeners that settings carry."""

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache, partial
from math import exp, floor, log

from pydantic import ValidationError

from spotmusic_cdk.command_line import CommandError
from spotmusic_cdk.settings import Settings
from tools.capacity.changes import Changes, changed, differing
from tools.capacity.constraints import Constraint, constraints_of
from tools.capacity.limits import Limit, is_quota
from tools.load import Load, load_of
from tools.preflight.quotas import needs

MOST_LISTENERS = 1_000_000_000
"""Listeners of the largest plan; the largest services have some 700 million (Spotify, 2026)."""
_ROUNDS = 100
"""Rounds of changes; each round raises a setting, and the longest ladder has nine steps."""


class PlanError(CommandError):
    """Impossible plan. The message has the reason and the remedy."""


@dataclass(frozen=True)
class Quota:
    """Quota to request.

    Args:
        what: name of the quota.
        needed: value that the plan requires.
        now: default of AWS; None if accounts differ.
        unit: unit of both values.
    """

    what: str
    needed: float
    now: float | None = None
    unit: str = ""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Settings of one cell.

    Args:
        listeners: monthly listeners of all cells.
        cells: number of cells, each with these settings.
        settings: settings of a cell.
        changes: changes of the file that result in the settings.
        load: load of a cell.
        constraints: load compared with room, highest percentage first.
        unmet: constraints that fail with one cell less and any settings.
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
        """Unmet constraints as text."""
        return "; ".join(
            f"{c.component} needs {c.needed:,.4g} {c.what} and has {c.room:,.4g}"
            for c in self.unmet
        )

    @property
    def quotas(self) -> list[Quota]:
        """Quotas to request for a cell."""
        found = [
            Quota(f"{c.component}: {c.limit.what}", c.needed, now=c.limit.value, unit=c.limit.unit)
            for c in self.constraints
            if c.limit and c.limit.raised and not c.fits
        ]
        return found + [
            Quota(f"{need.check} ({need.service} {need.code})", need.wanted)
            for need in needs(self.settings)
        ]


@dataclass(frozen=True)
class Carried:
    """Listeners that a constraint allows.

    Args:
        component: component of the constraint.
        what: unit of the constraint.
        listeners: monthly listeners; `MOST_LISTENERS` if the constraint never fails.
        limit: limit of AWS or of the platform that determines the constraint.
    """

    component: str
    what: str
    listeners: int
    limit: Limit | None


def plan_for(settings: Settings, listeners: int) -> Plan:
    """Return the smallest number of cells and the settings for listeners with growth margin.

    Args:
        settings: the environment. Its settings are raised, never lowered.
        listeners: monthly listeners.

    Raises:
        PlanError: if no service has `load`, or no number of cells is sufficient.
    """
    require_load(settings)
    plan_in = cache(partial(_cell, settings, listeners))
    whole = plan_in(1)
    if not whole.unmet:
        return whole
    cells = _fewest(lambda number: not plan_in(number).unmet)
    if cells is None:
        raise PlanError(
            f"{settings.name}: {whole.reason}, in a cell of any size. "
            "Raise its settings by hand, or lower its load."
        )
    return replace(plan_in(cells), unmet=plan_in(cells - 1).unmet)


def require_load(settings: Settings) -> None:
    """Require `load` of at least one service.

    Raises:
        PlanError: if no service has `load`.
    """
    if not any(service.load for service in settings.services.values()):
        raise PlanError(
            f"{settings.name}: no service has load. "
            "Set services.<name>.load: {per_listener_hour, per_task}."
        )


def _fewest(suffice: Callable[[int], bool]) -> int | None:
    """Smallest sufficient number of cells, two or more; None if no number is sufficient.

    All numbers above a sufficient number are sufficient as well.
    """
    least = most = 2
    while not suffice(most):
        if most >= MOST_LISTENERS:
            return None
        least, most = most + 1, min(MOST_LISTENERS, most * 2)
    return least + bisect_left(range(least, most), True, key=suffice)


def _cell(settings: Settings, listeners: int, cells: int) -> Plan:
    """Plan with a number of cells; it has unmet constraints if there are too few cells."""
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
    """Constraints in the busiest minute, as on a game day, and with the growth margin."""
    grown = listeners * (1 + settings.capacity.growth_percent / 100)
    yield from constraints_of(settings, load_of(settings, listeners))
    yield from constraints_of(settings, load_of(settings, grown), rounded=False)


def _raises(settings: Settings, short: list[Constraint], refused: list[Changes]) -> Changes:
    """Return valid changes; the largest value if several constraints change the same setting.

    Changes are validated together, because that takes most of the time, and in halves if they are
    invalid.

    Args:
        settings: settings before.
        short: constraints that do not fit.
        refused: changes that are not tried again; invalid changes are added.
    """
    now = settings.model_dump(mode="json")
    found: Changes = {}
    for constraint in short:
        wanted = differing(now, _larger(constraint.carry(), found))
        if wanted not in refused:
            found |= wanted
    if not found or _valid(settings, found):
        return found
    if len(short) == 1:
        refused.append(found)
        return {}
    half = len(short) // 2
    found = _raises(settings, short[:half], refused)
    return found | _larger(_raises(settings, short[half:], refused), found)


def _larger(changes: Changes, others: Changes) -> Changes:
    """Return the changes without numbers below those of others for the same setting."""

    def below(value: object, other: object) -> bool:
        return isinstance(value, int) and isinstance(other, int) and value < other

    return {path: value for path, value in changes.items() if not below(value, others.get(path))}


def _valid(settings: Settings, changes: Changes) -> bool:
    try:
        changed(settings, changes)
    except ValidationError:
        return False
    return True


def carried(settings: Settings) -> list[Carried]:
    """Return the listeners that each constraint of an environment allows, fewest first."""

    @cache
    def at(listeners: int) -> dict[tuple[str, str], Constraint]:
        return {
            constraint.name: constraint
            for constraint in constraints_of(settings, load_of(settings, listeners), rounded=False)
        }

    def most(name: tuple[str, str]) -> int:
        return _most(lambda listeners: at(listeners)[name].fits)

    found = [Carried(*name, most(name), constraint.limit) for name, constraint in at(1).items()]
    # A quota compared with settings is independent of listeners.
    kept = [each for each in found if each.listeners or not is_quota(each.limit)]
    return sorted(kept, key=lambda each: each.listeners)


def _most(holds: Callable[[int], bool]) -> int:
    """Largest number of listeners that satisfies a predicate, to a thousandth; 0 if none does."""
    if not holds(1):
        return 0
    if holds(MOST_LISTENERS):
        return MOST_LISTENERS
    low, high = 0.0, log(MOST_LISTENERS)
    while high - low > 0.0005:
        middle = (low + high) / 2
        low, high = (middle, high) if holds(floor(exp(middle))) else (low, middle)
    return floor(exp(low))

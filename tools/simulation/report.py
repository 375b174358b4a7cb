"""Simulation as tables of text."""

from collections.abc import Iterable, Iterator, Sequence

from tools.simulation.agreement import TOLERANCE, Agreement
from tools.simulation.scenarios import Outcome
from tools.table import aligned

HEADS = (
    *("scenario", "unavailable", "slow", "playback", "lagging", "logins"),
    *("p99 ms", "lag s", "back after", "held"),
)
"""Columns of scenarios: bad minutes per objective, then the worst step."""
AGREEMENT = ("", "formula", "simulation", "difference")
"""Columns of numbers that both methods give."""


def outcome_rows(outcomes: Iterable[Outcome]) -> Iterator[tuple[str, ...]]:
    """Yield a row of texts per scenario, in the order of `HEADS`."""
    for outcome in outcomes:
        minutes = outcome.recovered_minutes
        back = "-" if minutes is None else f"{max(0.0, minutes):.1f}"
        yield (
            outcome.scenario.name,
            *(f"{bad:.1f}" for bad in outcome.bad_minutes.values()),
            f"{outcome.p99_seconds * 1000:,.0f}",
            f"{outcome.lag_seconds:,.0f}",
            back,
            "no: " + ", ".join(outcome.broken) if outcome.broken else "yes",
        )


def agreement_rows(agreements: Iterable[Agreement]) -> Iterator[tuple[str, ...]]:
    """Yield name, formula, simulation and difference of each number."""
    for found in agreements:
        yield (
            found.what,
            f"{found.formula:,.1f}",
            f"{found.simulated:,.1f}",
            f"{round(found.difference, 2) + 0:+.0%}",
        )


def text(
    environment: str, listeners: int, outcomes: Sequence[Outcome], agreements: Sequence[Agreement]
) -> str:
    """Return scenarios and agreement as text.

    Args:
        environment: name of the environment.
        listeners: monthly listeners of the cell.
        outcomes: results of scenarios.
        agreements: results of both methods.
    """
    broken = [outcome.scenario.name for outcome in outcomes if outcome.broken]
    apart = [found.what for found in agreements if abs(found.difference) > TOLERANCE]
    return "\n".join(
        [
            f"{environment}: a cell of {listeners:,} monthly listeners. "
            "Bad minutes by objective (docs/slo.md), and the worst step:",
            "",
            *(f"  {line}" for line in aligned([HEADS, *outcome_rows(outcomes)])),
            "",
            *(f"  {line}" for line in aligned([AGREEMENT, *agreement_rows(agreements)])),
            "",
            f"Missed: {', '.join(broken)}." if broken else "No scenario misses an objective.",
            f"More than {TOLERANCE:.0%} apart: {', '.join(apart)}."
            if apart
            else f"Formulas and simulation agree within {TOLERANCE:.0%}.",
        ]
    )

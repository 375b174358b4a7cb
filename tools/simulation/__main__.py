"""Simulation of a planned cell: `python -m tools.simulation --env prod --listeners 2000000`.

It covers a day, a release and faults.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from spotmusic_cdk.command_line import run_command
from spotmusic_cdk.settings import Settings
from tools.capacity.__main__ import CHECKOUT, listeners_of
from tools.capacity.plan import PlanError, plan_for, require_load
from tools.quiet_settings import settings_of
from tools.simulation import report
from tools.simulation.agreement import TOLERANCE, agreements
from tools.simulation.scenarios import simulate_all


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the results of a cell with planned settings.

    Args:
        arguments: command line without the program's name; None takes the process's.

    Returns:
        0; 1 if a scenario misses an objective or the methods disagree.

    Raises:
        CommandError: if no plan is possible.
    """
    options = _parser().parse_args(arguments)
    settings, listeners = _cell(settings_of(options.env, options.environments), options.listeners)
    outcomes = simulate_all(settings, listeners, seed=options.seed)
    found = list(agreements(settings, listeners, outcomes, seed=options.seed))
    print(report.text(settings.name, listeners, outcomes, found))
    return int(
        any(outcome.broken for outcome in outcomes)
        or any(abs(row.difference) > TOLERANCE for row in found)
    )


def _cell(settings: Settings, text: str) -> tuple[Settings, int]:
    """Return a cell's settings and listeners: the planned ones, or the file's without a number."""
    if text:
        plan = plan_for(settings, listeners_of(text))
        return plan.settings, plan.listeners_of_cell
    require_load(settings)
    if not settings.capacity.listeners:
        raise PlanError(
            f"{settings.name}: no listeners are declared. "
            "Set capacity.listeners, or pass LISTENERS."
        )
    return settings, settings.capacity.listeners


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.simulation", description=__doc__)
    parser.add_argument("--env", required=True, help="environment, the name of its file")
    parser.add_argument(
        "--listeners",
        default="",
        help="monthly listeners to plan for; default: settings and listeners of the file",
    )
    parser.add_argument("--seed", type=int, default=1, help="seed of arrivals")
    parser.add_argument(
        "--environments", type=Path, default=CHECKOUT / "environments", help=argparse.SUPPRESS
    )
    return parser


if __name__ == "__main__":
    run_command(main)

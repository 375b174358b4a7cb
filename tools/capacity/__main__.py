"""Plan of an environment: `python -m tools.capacity --env prod --listeners 2000000`.

Without a number, it prints the listeners that the file carries.
"""

import argparse
import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory

from spotmusic_cdk import output
from spotmusic_cdk.command_line import run_command
from spotmusic_cdk.settings import parse
from tools.capacity import report
from tools.capacity.changes import Changes, changed, rewritten
from tools.capacity.plan import MOST_LISTENERS, Plan, PlanError, carried, plan_for, require_load
from tools.cost import prices
from tools.cost.__main__ import estimate_of
from tools.cost.estimate import Estimate
from tools.quiet_settings import settings_of

CHECKOUT = Path.cwd()


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the plan of an environment, and write it with `--write`.

    Args:
        arguments: command line without the program's name; None takes the process's.

    Raises:
        CommandError: if no plan is possible.
    """
    options = _parser().parse_args(arguments)
    file: Path = options.environments / f"{options.env}.yaml"
    settings = settings_of(options.env, options.environments)
    if not options.listeners:
        require_load(settings)
        print(report.inverse(settings.name, settings.capacity.listeners, carried(settings)))
        return
    plan = plan_for(settings, listeners_of(options.listeners))
    if parse(rewritten(file.read_text(encoding="utf-8"), plan.changes), source=file) != (
        plan.settings
    ):
        raise PlanError(
            f"{options.env}.yaml: the plan changes a value that an alias (*name) or a merge key "
            "(<<) uses elsewhere as well. Write the value at each place."
        )
    cost = None
    if not options.no_cost:
        print(
            f"Synthesizing {options.env} as planned (half a minute; COST=0 omits it) …",
            file=sys.stderr,
        )
        cost = estimate_of_plan(plan, file)
    plan = replace(plan, changes=plan.changes | _budget(plan, cost))
    planned = rewritten(file.read_text(encoding="utf-8"), plan.changes)
    parse(planned, source=file)
    print(report.text(plan, carried(plan.settings), file, cost))
    if options.write:
        output.report(file, planned)


def listeners_of(text: str) -> int:
    """Return the number of listeners in a text.

    Raises:
        PlanError: if the text is not a whole number, or the number is out of range.
    """
    if not re.fullmatch(r"[+-]?[0-9][0-9_,]{0,30}", text):
        raise PlanError(
            f"LISTENERS={text[:40]} is not a whole number. Write it in digits, such as 2000000."
        )
    listeners = int(text.replace(",", "").replace("_", ""))
    if listeners < 1:
        raise PlanError(f"LISTENERS={text} is less than one listener. Use 1 or more.")
    if listeners > MOST_LISTENERS:
        raise PlanError(
            f"LISTENERS={text}: the largest services have some 700 million. "
            f"Use at most {MOST_LISTENERS:,}."
        )
    return listeners


def estimate_of_plan(plan: Plan, file: Path) -> Estimate:
    """Synthesize one cell of a plan and return its estimate at the planned listeners.

    Args:
        plan: the plan.
        file: environment file of the plan.
    """
    from tools.changes import source  # noqa: PLC0415 - importing boto3 is slow

    # `usage.listeners` of the file are those of today.
    settings = changed(plan.settings, {("usage", "listeners"): None})
    with TemporaryDirectory() as folder:
        Path(folder, file.name).write_text(
            rewritten(file.read_text(encoding="utf-8"), plan.changes), encoding="utf-8"
        )
        with source.synthesized(CHECKOUT, file.stem, environments=Path(folder)) as assembly:
            return estimate_of(assembly, settings, prices.read())


def _budget(plan: Plan, cost: Estimate | None) -> Changes:
    """Budget for the estimate at all listeners, rounded up to thousands.

    It is empty if the budget of the file is sufficient.
    """
    if cost is None or cost.total[2] <= plan.settings.observability.monthly_budget_usd:
        return {}
    return {("observability", "monthly_budget_usd"): ceil(cost.total[2] / 1000) * 1000}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.capacity", description=__doc__)
    parser.add_argument("--env", required=True, help="environment, the name of its file")
    parser.add_argument(
        "--listeners",
        default="",
        help="monthly listeners; default: print those that the file carries",
    )
    parser.add_argument(
        "--write", action="store_true", help="apply the plan to the file, with its comments"
    )
    parser.add_argument(
        "--no-cost", action="store_true", help="omit the cost, which requires a synthesis"
    )
    parser.add_argument(
        "--environments", type=Path, default=CHECKOUT / "environments", help=argparse.SUPPRESS
    )
    return parser


if __name__ == "__main__":
    run_command(main)

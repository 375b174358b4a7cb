"""Checks of an account before a deployment: `python -m tools.preflight --env prod`."""

import argparse
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from spotmusic_cdk import versions
from spotmusic_cdk.command_line import run_command
from spotmusic_cdk.settings import SettingsError, load, print_warnings
from tools.preflight import (
    account,
    brokers,
    domain,
    engines,
    grown,
    leftovers,
    network,
    quotas,
    routes,
    secrets,
    security,
)
from tools.preflight.clients import advice, connect
from tools.preflight.finding import (
    Ask,
    Context,
    Finding,
    State,
    error_code,
    fix,
    ok,
    run,
    short,
    table,
)

ENVIRONMENTS = Path("environments")
MODULES = (
    account,
    network,
    engines,
    quotas,
    domain,
    secrets,
    security,
    leftovers,
    routes,
    brokers,
    grown,
)
CHECKS: dict[str, Ask] = {name: ask for module in MODULES for name, ask in module.CHECKS.items()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Check one environment.

    Args:
        arguments: command line without the program's name; None takes the process's.

    Returns:
        0 without problems; 1 with problems, or if AWS is not reachable.
    """
    options = _parser().parse_args(arguments)
    print_warnings()
    try:
        settings = load(
            options.env, folder=ENVIRONMENTS, today=versions.RELEASED, clock=date.today()
        )
        context = connect(settings)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 1
    except (BotoCoreError, ClientError) as error:
        print(
            f"The request for the caller identity failed: {error}\n"
            f"  {advice(f'preflight ENV={options.env}')}",
            file=sys.stderr,
        )
        return 1
    return check(context, repair=options.fix, strict=options.strict)


def check(context: Context, *, repair: bool = False, strict: bool = False) -> int:
    """Print the table of findings.

    Args:
        context: the environment and its account.
        repair: creates missing service-linked roles, in the account of the file only.
        strict: treats failed requests as problems.

    Returns:
        0 without problems, otherwise 1.
    """
    print(
        f"{context.settings.name} in account {context.account}, {' and '.join(context.regions)}\n"
    )
    repair = repair and context.in_own_account
    findings = [repaired(finding) if repair else finding for finding in run(CHECKS, context)]
    print(table(findings))
    bad = {State.FIX, State.COULD_NOT_ASK} if strict else {State.FIX}
    return int(any(finding.state in bad for finding in findings))


def repaired(finding: Finding) -> Finding:
    """Repairs a finding if this has no risk, and returns the new finding."""
    if finding.repair is None:
        return finding
    try:
        finding.repair()
    except ClientError as error:
        if error_code(error) == "InvalidInput":  # another process created it
            return ok(finding.check, "it is there")
        return fix(finding.check, f"{finding.detail}; {error_code(error)}", finding.command)
    except BotoCoreError as error:
        return fix(finding.check, f"{finding.detail}; {short(str(error))}", finding.command)
    return ok(finding.check, f"created: {finding.command}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.preflight", description=__doc__)
    parser.add_argument("--env", default="dev", help="environment (default: dev)")
    parser.add_argument(
        "--fix", action="store_true", help="create missing service-linked roles, which are free"
    )
    parser.add_argument(
        "--strict", action="store_true", help="exit with 1 after failed requests as well"
    )
    return parser


if __name__ == "__main__":
    run_command(main)

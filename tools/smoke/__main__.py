"""Checks of a deployed platform and its account: `python -m tools.smoke --env dev`."""

import argparse
import os
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from spotmusic_cdk import versions
from spotmusic_cdk.command_line import run_command
from spotmusic_cdk.settings import Settings, SettingsError, load, print_warnings
from tools import local_aws
from tools.preflight.clients import advice, connect
from tools.preflight.finding import Context
from tools.smoke import account, messages, web
from tools.smoke.browser import Browser
from tools.smoke.check import Check, Result, State, lines, run, summary
from tools.smoke.platform import NoPlatformError, Platform, address_of, given

ENVIRONMENTS = Path("environments")
CHECKS: tuple[Check[Platform], ...] = (*web.CHECKS, *messages.CHECKS, *account.CHECKS)
_OPTIONAL = (
    "The alarm test sets a warning to ALARM, waits for its publication, and restores it: "
    "each address of observability.alarm_emails receives one mail, and the pager none.\n"
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Check one environment.

    Args:
        arguments: command line without the program's name; None takes the process's.

    Returns:
        0 if checks ran and none failed; otherwise 1.
    """
    options = _parser().parse_args(arguments)
    print_warnings()
    try:
        settings = load(
            options.env, folder=ENVIRONMENTS, today=versions.RELEASED, clock=date.today()
        )
        platform = platform_of(settings)
    except (SettingsError, NoPlatformError) as error:
        print(error, file=sys.stderr)
        return 1
    except (BotoCoreError, ClientError) as error:
        print(
            f"The request to AWS failed: {error}\n  {advice(f'smoke ENV={options.env}')}",
            file=sys.stderr,
        )
        return 1
    checks = (*CHECKS, account.ALARM_TEST) if options.alarm else CHECKS
    return check(platform, checks, wait_seconds=60 * options.wait)


def platform_of(settings: Settings) -> Platform:
    """Return the platform of this process's variables and credentials.

    Raises:
        NoPlatformError: without an address, for another account, or if `edge` is not deployed.
        BotoCoreError: if AWS is not reachable.
        ClientError: if AWS refuses the credentials.
    """
    values, aws = given(os.environ), _account(settings)
    url = (values.url or address_of(settings, aws)).rstrip("/")
    embedded = aws is not None and aws.account == local_aws.ACCOUNT
    browser = None if embedded and not values.url else Browser(url)
    return Platform(settings=settings, browser=browser, given=values, aws=aws)


def check(platform: Platform, checks: Sequence[Check[Platform]], *, wait_seconds: float = 0) -> int:
    """Print a line per check, and a summary.

    Args:
        platform: the platform.
        checks: checks to run.
        wait_seconds: time in which failed checks are repeated.

    Returns:
        0 if checks ran and none failed; otherwise 1.
    """
    caller = (
        f"account {platform.aws.account}, {platform.settings.region}"
        if platform.aws
        else "without AWS credentials"
    )
    address = platform.browser.origin if platform.browser else "the embedded AWS"
    print(
        f"{platform.settings.name} at {address}, {caller}\n"
        f"{_OPTIONAL if account.ALARM_TEST in checks else ''}"
    )
    results: list[Result] = []
    for result in run(checks, platform, wait_seconds=wait_seconds):
        results.append(result)
        print(lines(result, names=max(len(check.name) for check in checks)), flush=True)
    states = {result.state for result in results}
    print(f"\n{summary(results)}{'' if State.OK in states else ': no check passed'}")
    return int(State.FAILED in states or State.OK not in states)


def _account(settings: Settings) -> Context | None:
    try:
        context = connect(settings)
    except NoCredentialsError:
        return None
    if not context.in_own_account:
        raise NoPlatformError(
            f"logged in to {context.account}, but {settings.name} is in {settings.account}. "
            "Use AWS_PROFILE=NAME."
        )
    return context


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.smoke", description=__doc__)
    parser.add_argument("--env", default="dev", help="environment (default: dev)")
    parser.add_argument(
        "--wait",
        type=_minutes,
        default=0,
        metavar="MINUTES",
        help="minutes in which failed checks are repeated (default: 0)",
    )
    parser.add_argument(
        "--alarm",
        action="store_true",
        help="test an alarm, which sends one mail to each recipient",
    )
    return parser


def _minutes(text: str) -> int:
    if not (text.isdecimal() and int(text) <= 60):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of minutes. Use 0 to 60.")
    return int(text)


if __name__ == "__main__":
    run_command(main)

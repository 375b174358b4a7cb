"""`python -m tools.cost --env prod`: monthly cost of an environment at low, mid and high use."""

import argparse
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path

from spotmusic_cdk.command_line import run_command
from spotmusic_cdk.settings import Settings
from tools.cost import prices, report
from tools.cost.estimate import Estimate, estimate
from tools.cost.prices import CostError, Prices
from tools.model.stacks import SourceError, platform_in, stacks_in
from tools.model.templates import templates_in
from tools.quiet_settings import settings_of

CHECKOUT = Path.cwd()
FORMATS = ("text", "json", "markdown")


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the estimate of one environment.

    Args:
        arguments: command line without the program's name; None takes the process's.

    Raises:
        CommandError: if no estimate is possible.
    """
    options = _parser().parse_args(arguments)
    found, base = _estimates(options)
    today = datetime.now(tz=UTC).date()
    match options.format:
        case "json":
            print(report.as_json(found, base, options.base, today))
        case "markdown":
            print(report.markdown(found, base, options.base, today))
        case _:
            print(report.text(found, base, options.base, today, everything=options.all))


def _estimates(options: argparse.Namespace) -> tuple[Estimate, Estimate | None]:
    settings = settings_of(options.env, options.environments)
    known = prices.read(options.prices)
    if options.base:
        _require_ref(options.base)
    with nullcontext(options.assembly) if options.assembly else _synthesized(options.env) as now:
        found = estimate_of(now, settings, known)
    if not options.base:
        return found, None
    with _synthesized(options.env, options.base) as before:
        return found, estimate_of(before, settings, known)


def estimate_of(assembly: Path, settings: Settings, known: Prices) -> Estimate:
    """Return the estimate of a cloud assembly."""
    found = platform_in(assembly)
    regions = {id_: stack.region for id_, stack in stacks_in(found).items()}
    return estimate(templates_in(found), regions, settings, known)


def _require_ref(ref: str) -> None:
    if shutil.which("git") is None:
        raise CostError("BASE needs git, which is not in PATH. Install it, or omit BASE.")
    command = ["git", "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}"]
    run = subprocess.run(  # noqa: S603
        command, cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    if run.returncode != 0:
        reason = run.stderr.strip().partition("fatal: ")[2]
        raise CostError(
            f"BASE={ref} is not a commit of this repository{reason and f' ({reason})'}. "
            "Fetch it, or use a branch, a tag or a hash."
        )


@contextmanager
def _synthesized(environment: str, ref: str = "") -> Iterator[Path]:
    from tools.changes import source  # noqa: PLC0415 - importing boto3 is slow

    what, advice = environment, f"Run `make check ENV={environment}`."
    if ref:
        what, advice = f"BASE={ref}", "Use a ref that synthesizes with the installed packages."
    print(
        f"Synthesizing {environment} {f'of {ref}' if ref else '(half a minute)'} …", file=sys.stderr
    )
    try:
        with (
            source.of_ref(CHECKOUT, ref, environment)
            if ref
            else source.synthesized(CHECKOUT, environment) as assembly
        ):
            yield assembly
    except SourceError as error:
        raise CostError(f"{what} cannot be synthesized: {_cause(error)}. {advice}") from None


def _cause(error: Exception) -> str:
    """Last line of an error, with the cause."""
    return str(error).strip().splitlines()[-1].strip().rstrip(".")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.cost", description=__doc__)
    parser.add_argument("--env", required=True, help="environment, the name of its file")
    parser.add_argument(
        "--base", default="", metavar="REF", help="git ref to compare with, at the current use"
    )
    parser.add_argument("--format", choices=FORMATS, default="text", help="default: text")
    parser.add_argument("--all", action="store_true", help="list every item of a stack")
    parser.add_argument(
        "--assembly", type=Path, metavar="DIR", help="a cloud assembly instead of a new synthesis"
    )
    parser.add_argument(
        "--environments", type=Path, default=CHECKOUT / "environments", help=argparse.SUPPRESS
    )
    parser.add_argument("--prices", type=Path, help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    run_command(main)

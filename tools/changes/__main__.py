"""`python -m tools.changes --env prod --against v0.1.0`: effect of a deployment on the running
platform.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from botocore.exceptions import BotoCoreError

from tools.assembly import stacks_in
from tools.changes import source
from tools.changes.assembly import Templates, templates_in
from tools.changes.change import Change, Effect, exit_status
from tools.changes.comparison import compare
from tools.changes.report import report

CHECKOUT = Path(__file__).parents[2]


def main(arguments: Sequence[str] | None = None) -> int:
    """Compares one environment.

    Args:
        arguments: command line without the program's name; None takes the process's.

    Returns:
        0 without interruption, 1 if AWS refuses a change or the comparison fails, 2 for an
        interruption, a replacement or a loss.
    """
    options = _parser().parse_args(arguments)
    try:
        with ExitStack() as opened:
            now = _now(options) or opened.enter_context(source.synthesized(CHECKOUT, options.env))
            before, moved = opened.enter_context(_before(options.against, options.env, now))
            changes = [*moved, *compare(before, templates_in(now))]
    except source.SourceError as error:
        print(error, file=sys.stderr)
        return 1
    except BotoCoreError as error:
        print(f"The request to AWS failed: {error}. Log in to the account of {options.env}.", file=sys.stderr)
        return 1
    print(report(changes, everything=options.all))
    return exit_status(changes)


def _now(options: argparse.Namespace) -> Path | None:
    if options.now:
        return source.platform_in(options.now)
    return source.local_assemblies(CHECKOUT)[1] if options.against == source.LOCAL else None


@contextmanager
def _before(against: str, environment: str, now: Path) -> Iterator[tuple[Templates, list[Change]]]:
    if against == source.ACCOUNT:
        yield source.deployed(now), []
        return
    with ExitStack() as opened:
        if against == source.LOCAL:
            assembly = source.local_assemblies(CHECKOUT)[0]
        elif Path(against).is_dir():
            assembly = source.platform_in(Path(against))
        else:
            assembly = opened.enter_context(source.of_ref(CHECKOUT, against, environment))
        yield templates_in(assembly), moved(assembly, now)


def moved(before: Path, now: Path) -> list[Change]:
    """Returns the changed accounts, regions and names of deployed stacks.

    Args:
        before: deployed assembly.
        now: assembly of the coming deployment.
    """
    old, new = stacks_in(before), stacks_in(now)
    advice = "It cannot be changed. Create another environment and migrate to it."
    return [
        Change(
            effect=Effect.REFUSED,
            stack=stack,
            subject="stack",
            detail=f"{' '.join(old[stack].place)} → {' '.join(new[stack].place)}",
            advice=advice,
        )
        for stack in new
        if stack in old and old[stack].place != new[stack].place
    ]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.changes", description=__doc__)
    parser.add_argument("--env", required=True, help="environment, the name of its file")
    parser.add_argument("--against", required=True, help="account, local, a folder of `cdk synth`, or a git ref")
    parser.add_argument("--now", type=Path, metavar="DIR", help="a cloud assembly instead of a new synthesis")
    parser.add_argument("--all", action="store_true", help="list every change without interruption")
    return parser


if __name__ == "__main__":
    sys.exit(main())

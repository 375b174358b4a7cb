"""Effect of a deployment on the running platform.

`python -m tools.changes --env prod --against v0.1.0`
"""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from botocore.exceptions import BotoCoreError

from spotmusic_cdk import output
from spotmusic_cdk.command_line import run_command
from tools.changes import source
from tools.changes.change import Change, Effect, exit_status
from tools.changes.comparison import compare
from tools.changes.report import full_text, report
from tools.local_aws.workspace import Workspace
from tools.model.stacks import SourceError, platform_in, stacks_in
from tools.model.templates import Templates, templates_in

CHECKOUT = Path.cwd()


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare one environment.

    Args:
        arguments: command line without the program's name; None takes the process's.

    Returns:
        0 without interruption; 1 if AWS refuses a change or the comparison fails; 2 for an
        interruption, a replacement or a loss. Against the embedded AWS: 1 if the comparison fails,
        or for a difference with `--fail`; otherwise 0.
    """
    options = _parser().parse_args(arguments)
    try:
        with ExitStack() as opened:
            now = _now(options) or opened.enter_context(source.synthesized(CHECKOUT, options.env))
            before, moved = opened.enter_context(_before(options.against, options.env, now))
            after = templates_in(now)
            changes = [*moved, *compare(before, after)]
    except SourceError as error:
        print(error, file=sys.stderr)
        return 1
    except BotoCoreError as error:
        print(
            f"The request to AWS failed: {error}. Log in to the account of {options.env}.",
            file=sys.stderr,
        )
        return 1
    print(
        report(
            changes,
            environment=options.env,
            everything=options.all,
            markdown=options.format == "markdown",
        )
    )
    if options.against == source.LOCAL:
        # `cdk diff` compares the deployed stacks, which may be fewer than those of the assembly.
        full = Workspace(CHECKOUT).differences
        differs = source.NO_DIFFERENCE not in full.read_text(encoding="utf-8")
    elif (full := options.full) and (differs := before != after):
        output.write(full, full_text(before, after) + "\n")
    if full and differs:
        quantity = "All" if changes else "No effect, but"
        print(f"\n{quantity} changed properties: {os.path.relpath(full)}")
    return (
        exit_status(changes) if options.against != source.LOCAL else int(differs and options.fail)
    )


def _now(options: argparse.Namespace) -> Path | None:
    if options.now:
        return platform_in(options.now)
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
            assembly = platform_in(Path(against))
        else:
            assembly = opened.enter_context(source.of_ref(CHECKOUT, against, environment))
        yield templates_in(assembly), moved(assembly, now)


def moved(before: Path, now: Path) -> list[Change]:
    """Return the changed accounts, regions and names of deployed stacks.

    Args:
        before: deployed assembly.
        now: assembly of the coming deployment.
    """
    old, new = stacks_in(before), stacks_in(now)
    advice = "It cannot be changed. Create another environment and migrate to it."
    places = {stack: (old[stack].place, new[stack].place) for stack in new if stack in old}
    return [
        Change(Effect.REFUSED, stack, "stack", f"{' '.join(was)} → {' '.join(is_)}", advice)
        for stack, (was, is_) in places.items()
        if was != is_
    ]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.changes", description=__doc__)
    parser.add_argument("--env", required=True, help="environment, the name of its file")
    parser.add_argument(
        "--against", required=True, help="account, local, a folder of `cdk synth`, or a git ref"
    )
    parser.add_argument(
        "--now", type=Path, metavar="DIR", help="a cloud assembly instead of a new synthesis"
    )
    parser.add_argument("--all", action="store_true", help="list every change without interruption")
    parser.add_argument(
        "--fail", action="store_true", help="status 1 if anything differs from the embedded AWS"
    )
    parser.add_argument(
        "--format", choices=("text", "markdown"), default="text", help="default: text"
    )
    parser.add_argument(
        "--full", type=Path, metavar="FILE", help="file for every changed line of the templates"
    )
    return parser


if __name__ == "__main__":
    run_command(main)

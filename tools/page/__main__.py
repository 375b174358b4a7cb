"""Page of an environment as an HTML file: `python -m tools.page --env prod`."""

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from spotmusic_cdk.command_line import CommandError, run_command
from spotmusic_cdk.output import replace
from spotmusic_cdk.settings import Settings
from tools.changes import source
from tools.local_aws import process, session
from tools.local_aws.assembly import environment_of
from tools.local_aws.middleware import PAGE_PATH
from tools.local_aws.workspace import Workspace
from tools.model.stacks import platform_in, stacks_in
from tools.page.deployed import State, states_of
from tools.page.html import html, path_picture
from tools.page.model import Page, page_of
from tools.quiet_settings import settings_of

CHECKOUT = Path(__file__).parents[2]


class PageError(CommandError):
    """Page that cannot be written. The message has the reason and the remedy."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the page of one environment, and print its file or its address.

    Args:
        arguments: command line without the program's name; None takes the process's.

    Raises:
        CommandError: if the page cannot be written.
    """
    options = _parser().parse_args(arguments)
    try:
        print(_local() if options.against == source.LOCAL else _file(options))
    except (BotoCoreError, ClientError) as error:
        raise PageError(
            f"The request to AWS failed: {error}. "
            f"Log in to the account of {options.env}, or omit AGAINST."
        ) from None


def _file(options: argparse.Namespace) -> str:
    settings = settings_of(options.env, options.environments)
    output = options.output or CHECKOUT / ".local" / f"page-{options.env}.html"
    with _assembly(options) as assembly:
        if options.picture:
            size = _replace(options.picture, path_picture(settings, assembly))
            return f"{os.path.relpath(options.picture)}: {size // 1000} kB."
        states = states_of(stacks_in(assembly), _client) if options.against else None
        page = _page(
            settings,
            assembly,
            states,
            docs=os.path.relpath(CHECKOUT / "docs", output.parent),
            of=options.against,
        )
    size = _replace(output, html(page))
    for section, reason in page.problems.items():
        print(f"The page has no section {section}: {reason}", file=sys.stderr)
    return f"{os.path.relpath(output)}: {size // 1000} kB. Open it in a browser."


def _client(region: str) -> Any:
    return boto3.client("cloudformation", region_name=region)


def _local() -> str:
    """Write the page of the deployment in the embedded AWS; return its address there."""
    workspace = Workspace(CHECKOUT)
    environment, emulator = environment_of(workspace.assembly), process.running(workspace)
    if environment is None or emulator is None:
        raise PageError("The embedded AWS is not running. Start it with `make local`.")
    print(f"Writing the page of {environment} …", file=sys.stderr)
    assembly = platform_in(workspace.assembly)
    states = states_of(
        stacks_in(assembly),
        lambda region: session.client("cloudformation", emulator.endpoint, region=region),
    )
    page = _page(
        settings_of(environment, CHECKOUT / "environments"),
        assembly,
        states,
        docs="docs",
        of="the embedded AWS",
    )
    _replace(workspace.page, html(page))
    return f"Page: {emulator.endpoint}{PAGE_PATH}"


@contextmanager
def _assembly(options: argparse.Namespace) -> Iterator[Path]:
    if options.assembly:
        yield platform_in(options.assembly)
        return
    print(f"Synthesizing {options.env} …", file=sys.stderr)
    with source.synthesized(CHECKOUT, options.env) as assembly:
        yield assembly


def _page(
    settings: Settings, assembly: Path, states: dict[str, State] | None, *, docs: str, of: str
) -> Page:
    today = datetime.now(tz=UTC).date()
    return page_of(
        settings, assembly, today=today, commit=_commit(), docs=docs, states=states, source=of
    )


def _replace(output: Path, text: str) -> int:
    """Replace a file atomically; return its size in bytes."""
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        replace(output, text)
    except OSError as error:
        raise PageError(
            f"{output} cannot be written ({error.strerror}). Choose another file: OUTPUT=FILE."
        ) from None
    return len(text.encode())


def _commit() -> str:
    """Commit of the checkout; empty without git or outside of a repository."""
    try:
        found = subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"],  # noqa: S607
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return found.stdout.strip()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.page", description=__doc__)
    parser.add_argument("--env", required=True, help="environment, the name of its file")
    parser.add_argument("--output", type=Path, metavar="FILE", help="default: .local/page-ENV.html")
    parser.add_argument(
        "--picture",
        type=Path,
        metavar="FILE",
        help="write only the picture of the request path, as SVG",
    )
    parser.add_argument(
        "--against",
        choices=(source.ACCOUNT, source.LOCAL),
        default="",
        help="show the states of deployed stacks",
    )
    parser.add_argument(
        "--assembly", type=Path, metavar="DIR", help="a cloud assembly instead of a new synthesis"
    )
    parser.add_argument(
        "--environments", type=Path, default=CHECKOUT / "environments", help=argparse.SUPPRESS
    )
    return parser


if __name__ == "__main__":
    run_command(main)

"""`python -m spotmusic_cdk.local up|deploy|down|status|diff`: the embedded AWS from the command line."""

import argparse
import sys
from pathlib import Path

from spotmusic_cdk.local.cli import CliError
from spotmusic_cdk.local.deployment import LeftoverError, LocalDeployment, NotAsTheTemplatesSayError, NotRunningError
from spotmusic_cdk.local.gate import RejectedTemplateError
from spotmusic_cdk.local.lock import BusyError
from spotmusic_cdk.local.process import NotStartedError, NotStoppedError
from spotmusic_cdk.local.session import NotEmbeddedError
from spotmusic_cdk.local.workspace import Workspace

_EXPECTED = (
    BusyError,
    CliError,
    LeftoverError,
    NotAsTheTemplatesSayError,
    NotEmbeddedError,
    NotRunningError,
    NotStartedError,
    NotStoppedError,
    RejectedTemplateError,
)
_INTERRUPTED = 130


def main(arguments: list[str] | None = None) -> int:
    """Runs one command.

    Args:
        arguments: command line without the program's name; None takes the process's.

    Returns:
        0 if it succeeded, 1 if not or if `diff` found differences, 130 after Ctrl-C.
    """
    options = _parser().parse_args(arguments)
    deployment = LocalDeployment(
        workspace=Workspace(Path.cwd()),
        environment=options.env,
        region=options.region,
        concurrency=options.concurrency,
        context=dict(pair.split("=", 1) for pair in options.context),
    )
    try:
        return _run(options, deployment)
    except _EXPECTED as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. The embedded AWS keeps running: `up` goes on from here, `down` stops it.", file=sys.stderr)
        return _INTERRUPTED


def _run(options: argparse.Namespace, deployment: LocalDeployment) -> int:
    if options.command == "diff":
        differs, text = deployment.diff()
        print(text)
        return int(differs)
    if options.command == "up":
        print("\n" + deployment.up(port=options.port))
    elif options.command == "deploy":
        print("\n" + deployment.up(port=options.port, selection=options.stack))
    else:
        print("\n" + (deployment.down() if options.command == "down" else deployment.status()))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m spotmusic_cdk.local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    described = {
        "up": "start, deploy everything and verify it",
        "deploy": "start where none runs, deploy one stack and what it depends on, and verify it",
        "down": "destroy everything, prove that nothing is left, and stop",
        "status": "tell what runs and what is deployed",
        "diff": "tell what a deployment would change; status 1 if anything",
    }
    for name, text in described.items():
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("--env", default="dev", help="environment (default: dev)")
        command.add_argument("--region", default="sa-east-1", help="home region (default: sa-east-1)")
        command.add_argument("--port", type=int, help="TCP port on loopback (default: a free one)")
        command.add_argument("--concurrency", type=int, default=8, help="stacks in parallel (default: 8)")
        command.add_argument("-c", "--context", action="append", default=[], metavar="NAME=VALUE", help="context for the app")
        if name == "deploy":
            command.add_argument("stack", help="stack id, such as dev/network")
    return parser


if __name__ == "__main__":
    sys.exit(main())

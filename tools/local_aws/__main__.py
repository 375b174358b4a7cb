"""Command line of the embedded AWS: `python -m tools.local_aws COMMAND`."""

import argparse
import errno
import shlex
import sys
from pathlib import Path
from typing import Any

from spotmusic_cdk.command_line import INTERRUPTED, positive, run_command
from tools.local_aws import LocalAwsError, console
from tools.local_aws.assembly import environment_of, home_region
from tools.local_aws.deployment import LocalDeployment
from tools.local_aws.task import environment_of_task, run_as_task, stand_ins
from tools.local_aws.workspace import Workspace

_COMMANDS = {
    "up": "start the emulator, deploy all stacks and verify them",
    "deploy": "deploy one stack and its dependencies, and verify them (starts the emulator)",
    "down": "destroy all stacks, verify that no resource is left, and stop the emulator",
    "status": "show the emulator and the status of each stack",
    "diff": "write the changes of a deployment to .local/diff.txt",
    "console": "serve a resource browser on loopback until Ctrl-C",
    "env": "print the environment of a service's task, as ECS resolves it",
    "run": "run a command with the environment of a service's task",
}
# Errors of the machine: full disk, quota, file of another user, read-only file system.
_OF_THE_MACHINE = (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS)


def main(arguments: list[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: command line without the program's name; None takes the process's.

    Returns:
        0 on success, 1 on failure, 130 after Ctrl-C.
    """
    options = _parser().parse_args(arguments)
    workspace = Workspace(Path.cwd())
    try:
        _run(options, _deployment(options, workspace))
    except LocalAwsError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except OSError as error:
        if error.errno not in _OF_THE_MACHINE:
            raise
        print(
            f"\n{error.filename or workspace.folder}: {error.strerror}. "
            "Free space or fix its permissions, then run the command again.",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        print(
            "\nInterrupted. The embedded AWS keeps running. "
            "Run `make local` to continue or `make local-down` to stop it.",
            file=sys.stderr,
        )
        return INTERRUPTED
    return 0


def _deployment(options: argparse.Namespace, workspace: Workspace) -> LocalDeployment:
    """Deployment in the home region: of the file for a new one, else of the deployed assembly."""
    if options.command in ("up", "deploy"):
        environment = options.env or "dev"
        from tools.quiet_settings import settings_of  # noqa: PLC0415 - slow import

        region = settings_of(environment, Path("environments")).region
    else:
        environment = options.env or environment_of(workspace.assembly) or "dev"
        region = home_region(workspace.assembly)
    return LocalDeployment(
        workspace=workspace,
        environment=environment,
        region=region,
        concurrency=options.concurrency,
        context=dict(options.context),
    )


def _run(options: argparse.Namespace, deployment: LocalDeployment) -> None:
    match options.command:
        case "up":
            print("\n" + deployment.up(port=options.port))
        case "deploy":
            print("\n" + deployment.up(port=options.port, selection=options.stack))
        case "down":
            print("\n" + deployment.down())
        case "status":
            print("\n" + deployment.status())
        case "diff":
            deployment.diff()
        case "console":
            workspace, endpoint = deployment.workspace, deployment.endpoint
            console.serve(workspace, endpoint, region=deployment.region, port=options.port)
        case _:
            _task(options, deployment)


def _task(options: argparse.Namespace, deployment: LocalDeployment) -> None:
    endpoint = deployment.endpoint
    resolved = environment_of_task(options.service, endpoint, region=deployment.region)
    variables = {**resolved, **stand_ins(deployment.workspace.checkout, resolved)}
    if options.command == "run":
        run_as_task(
            options.words, variables, endpoint, region=deployment.region, changes=dict(options.set)
        )
    for name, value in sorted(variables.items()):
        print(f"export {name}={shlex.quote(value)}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.local_aws", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    command = {
        name: commands.add_parser(name, help=text, description=text)
        for name, text in _COMMANDS.items()
    }
    pairs: dict[str, Any] = {
        "action": "append",
        "default": [],
        "type": _context,
        "metavar": "NAME=VALUE",
    }
    for each in command.values():
        each.add_argument(
            "--env", help="environment (default: the deployed one; dev for `up` and `deploy`)"
        )
        each.add_argument(
            "--port", type=_port, metavar="1-65535", help="port on loopback (default: a free one)"
        )
        each.add_argument(
            "--concurrency", type=positive, default=8, help="stacks in parallel (default: 8)"
        )
        each.add_argument("-c", "--context", **pairs, help="context for the app")
    command["deploy"].add_argument("stack", help="stack id, such as dev/network")
    for name in ("env", "run"):
        command[name].add_argument("service", help="name of the service, such as playback")
    run = command["run"]
    run.add_argument("--set", **pairs, help="additional variable")
    run.add_argument("words", nargs="+", metavar="COMMAND", help="the command, after `--`")
    return parser


def _port(text: str) -> int:
    if not (text.isdecimal() and 1 <= int(text) <= 65_535):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a TCP port. Use 1 to 65535, or omit it for a free port."
        )
    return int(text)


def _context(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE.")
    return name, value


if __name__ == "__main__":
    run_command(main)

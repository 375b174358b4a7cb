"""Starting and stopping the emulator's process, and never anybody else's."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

from spotmusic_cdk.local.emulator_settings import emulator_environment
from spotmusic_cdk.local.front_door import IDENTITY_PATH, KEPT_PATH, RECORDED_PATH
from spotmusic_cdk.local.session import require_loopback
from spotmusic_cdk.local.workspace import RunningEmulator, Workspace

_MODULE = "spotmusic_cdk.local.emulator"
_SOURCE_ROOT = Path(__file__).parents[2]
_START_SECONDS = 60.0
# Its state is in memory: there is nothing to wait for but the ends of its workers.
_STOP_SECONDS = 2.0


class NotStartedError(Exception):
    """The emulator ended or stayed silent; the message names its log."""


def running(workspace: Workspace) -> RunningEmulator | None:
    """The emulator of this checkout if it lives and answers, else None."""
    emulator = workspace.recall()
    return emulator if emulator and is_ours(emulator, workspace) and _answers(emulator, workspace) else None


def start(workspace: Workspace, *, region: str, port: int | None = None) -> RunningEmulator:
    """Starts the emulator on loopback and waits until it answers.

    Args:
        workspace: the checkout's state.
        region: the home region.
        port: TCP port; None takes a free one.

    Raises:
        NotStartedError: if it does not answer within a minute.
    """
    stop(workspace)
    workspace.prepare()
    chosen = port or _free_port()
    with workspace.log.open("w") as log:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", _MODULE, str(workspace.folder)],
            cwd=_SOURCE_ROOT,  # where `-m` finds this package, without a PYTHONPATH that Lambda functions would inherit
            env=emulator_environment(os.environ, workspace, port=chosen, region=region),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            # A group of its own: Ctrl-C in the terminal does not reach it, and its Lambda workers end with it.
            start_new_session=True,
        )
    emulator = RunningEmulator(pid=process.pid, port=chosen, started=_start_time(process.pid))
    workspace.remember(emulator)
    _wait_until_it_answers(process, emulator, workspace)
    return emulator


def stop(workspace: Workspace) -> bool:
    """Stops the emulator of this checkout and every process it started. True if there was one.

    A process id that is not ours any more is left alone: after a crash the system may have given it to somebody else.
    """
    emulator = workspace.recall()
    if emulator is None:
        return False
    alive = is_ours(emulator, workspace)
    if alive:
        os.kill(emulator.pid, signal.SIGTERM)
        _wait_until_gone(emulator, workspace)
    for pid in _members(emulator.pid, workspace):
        _kill(pid)
    return alive


def recorded(emulator: RunningEmulator) -> list[dict[str, Any]]:
    """The resources that the emulator has only written down."""
    records: list[dict[str, Any]] = _get(emulator, RECORDED_PATH)
    return records


def kept(emulator: RunningEmulator) -> list[dict[str, str]]:
    """The resources that a policy of their template kept when their stack let them go."""
    entries: list[dict[str, str]] = _get(emulator, KEPT_PATH)
    return entries


def is_ours(emulator: RunningEmulator, workspace: Workspace) -> bool:
    """Whether the process with the remembered id still is the emulator of this checkout."""
    command = _command(emulator.pid)
    return _MODULE in command and str(workspace.folder) in command and _start_time(emulator.pid) == emulator.started


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _get(emulator: RunningEmulator, path: str) -> Any:
    # An opener without proxies: a proxy of the user's would be asked for loopback otherwise.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(require_loopback(emulator.endpoint) + path, timeout=5) as answer:
        return json.load(answer)


def _answers(emulator: RunningEmulator, workspace: Workspace) -> bool:
    try:
        return bool(_get(emulator, IDENTITY_PATH)["folder"] == str(workspace.folder))
    except (OSError, ValueError, KeyError, TypeError, urllib.error.URLError):
        return False


def _wait_until_it_answers(process: "subprocess.Popen[bytes]", emulator: RunningEmulator, workspace: Workspace) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        if _answers(emulator, workspace):
            return
        time.sleep(0.1)
    stop(workspace)
    raise NotStartedError(
        f"The embedded AWS did not start on port {emulator.port}. Its last words are in {workspace.log}:\n{_tail(workspace.log)}"
    )


def _tail(file: Path, lines: int = 5) -> str:
    return "\n".join("  " + line for line in file.read_text(errors="replace").splitlines()[-lines:])


def _wait_until_gone(emulator: RunningEmulator, workspace: Workspace) -> None:
    deadline = time.monotonic() + _STOP_SECONDS
    while time.monotonic() < deadline and is_ours(emulator, workspace):
        _reap(emulator.pid)
        time.sleep(0.05)


def _reap(pid: int) -> None:
    with suppress(ChildProcessError):  # started by an earlier command
        os.waitpid(pid, os.WNOHANG)


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _members(group: int, workspace: Workspace) -> list[int]:
    """Processes of the emulator's group that carry its state folder or its temporary folder: itself if it hangs, and its workers."""
    listing = _ps("-A", "-o", "pid=,pgid=,command=")
    rows = [line.split(None, 2) for line in listing.splitlines()]
    return [
        int(pid) for pid, pgid, command in (row for row in rows if len(row) == 3) if int(pgid) == group and str(workspace.folder) in command
    ]


def command_lines() -> list[str]:
    """The command lines of all processes."""
    return _ps("-A", "-o", "command=").splitlines()


def _command(pid: int) -> str:
    return _ps("-p", str(pid), "-o", "command=")


def _start_time(pid: int) -> str:
    return _ps("-p", str(pid), "-o", "lstart=")


def _ps(*arguments: str) -> str:
    plain = {**os.environ, "LC_ALL": "C", "TZ": "UTC"}
    result = subprocess.run(["ps", "-ww", *arguments], capture_output=True, text=True, check=False, env=plain)  # noqa: S603, S607 - POSIX
    return result.stdout.strip()

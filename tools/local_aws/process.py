"""Start and stop of the emulator's process."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any

from tools.local_aws import LocalAwsError, last_lines
from tools.local_aws.emulator_settings import LISTENER, emulator_environment
from tools.local_aws.middleware import IDENTITY_PATH, KEPT_PATH, RECORDED_PATH, STACKS_PATH
from tools.local_aws.session import require_loopback
from tools.local_aws.workspace import RunningEmulator, Workspace

_MODULE = f"{__package__}.emulator"
_SOURCE_ROOT = Path(__file__).parents[_MODULE.count(".")]
# Time without a response until a living emulator counts as hung. A dead one is detected
# immediately.
_SILENT_SECONDS = 180.0
# The state is in memory, so only the end of the workers takes time.
_STOP_SECONDS = 2.0
_KILL_SECONDS = 30.0


class NotStartedError(LocalAwsError):
    """Emulator that ended or did not respond. The message has the path of its log."""


class NotStoppedError(LocalAwsError):
    """Processes of the emulator that survived SIGKILL."""


def running(workspace: Workspace) -> RunningEmulator | None:
    """Return the responding emulator of this checkout; None if it is dead or hangs."""
    emulator = workspace.recall()
    if emulator is None or not is_ours(emulator, workspace):
        return None
    answers = _comes_to_answer(emulator, workspace, alive=lambda: is_ours(emulator, workspace))
    return emulator if answers else None


def start(workspace: Workspace, *, region: str, port: int | None = None) -> RunningEmulator:
    """Start the emulator on loopback and wait until it responds.

    Args:
        workspace: the checkout's state.
        region: the home region.
        port: TCP port; None uses a free one.

    Raises:
        NotStartedError: if the port is in use, or the process ends or does not respond.
    """
    stop(workspace)
    workspace.prepare()
    with _bound(port) as listener, workspace.log.open("w") as log:
        chosen = int(listener.getsockname()[1])
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", _MODULE, str(workspace.folder)],
            # Folder of this package for `-m`, without a PYTHONPATH that Lambda functions would
            # inherit.
            cwd=_SOURCE_ROOT,
            env={
                **emulator_environment(os.environ, workspace, port=chosen, region=region),
                LISTENER: str(listener.fileno()),
            },
            pass_fds=[listener.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            # Own process group: Ctrl-C in the terminal does not reach it, and its Lambda workers
            # end with it.
            start_new_session=True,
        )
    try:
        emulator = RunningEmulator(pid=process.pid, port=chosen, started=_start_time(process.pid))
        workspace.remember(emulator)
    except BaseException:
        _end_started(process)  # later commands would not find it
        raise
    # Checks the child process: a starting program has no command line yet and would not be
    # recognized.
    if not _comes_to_answer(emulator, workspace, alive=lambda: process.poll() is None):
        stop(workspace)
        _end_started(process)
        tail = last_lines(workspace.log.read_text(errors="replace"), 5)
        raise NotStartedError(
            f"The embedded AWS did not start on port {emulator.port}. "
            f"The log is {workspace.log}:\n{tail}"
        )
    return emulator


def stop(workspace: Workspace) -> bool:
    """Stop the emulator of this checkout with its child processes.

    A process id without the emulator's identity is ignored, because the system may have reused it
    after a crash.

    Returns:
        Whether there was an emulator.
    """
    emulator = workspace.recall()
    if emulator is None:
        return False
    alive = is_ours(emulator, workspace)
    if alive:
        _kill(emulator.pid, signal.SIGTERM)
        _wait_until_gone(emulator, workspace)
    _end_all(lambda: _members(emulator.pid, workspace, ours=alive))
    return alive


def recorded(emulator: RunningEmulator) -> list[dict[str, Any]]:
    """Return the recorded resources of the emulator."""
    return list(_get(emulator, RECORDED_PATH))


def kept(emulator: RunningEmulator) -> list[dict[str, str]]:
    """Return the resources that a deletion policy retained."""
    return list(_get(emulator, KEPT_PATH))


def stack_states(emulator: RunningEmulator) -> list[dict[str, Any]]:
    """Return region, name, status and number of finished resources of all stacks in one call."""
    return list(_get(emulator, STACKS_PATH))


def is_ours(emulator: RunningEmulator, workspace: Workspace) -> bool:
    """Return whether the process with the saved id is still the emulator of this checkout."""
    command = _command(emulator.pid)
    return (
        _MODULE in command
        and str(workspace.folder) in command
        and _start_time(emulator.pid) == emulator.started
    )


def _bound(port: int | None) -> socket.socket:
    """Bind the emulator's socket, because a port that is only selected could be taken."""
    listener = socket.socket()
    if port:  # connections of a previous emulator may linger
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port or 0))
    except OSError as error:
        listener.close()
        raise NotStartedError(
            f"Port {port} is not available ({error.strerror}). "
            "Use another port, or omit the option."
        ) from error
    return listener


def _get(emulator: RunningEmulator, path: str) -> Any:
    # Opener without proxies, because a proxy of the user would receive the loopback requests.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(require_loopback(emulator.endpoint) + path, timeout=_SILENT_SECONDS) as answer:
        return json.load(answer)


def _answers(emulator: RunningEmulator, workspace: Workspace) -> bool:
    try:
        return bool(_get(emulator, IDENTITY_PATH)["folder"] == str(workspace.folder))
    except (OSError, HTTPException, ValueError, KeyError, TypeError):
        return False


def _comes_to_answer(
    emulator: RunningEmulator, workspace: Workspace, *, alive: Callable[[], bool]
) -> bool:
    """Wait for a response while the process lives.

    A starting process refuses connections, and a busy one responds late.
    """
    deadline = time.monotonic() + _SILENT_SECONDS
    while (
        not (answers := _answers(emulator, workspace)) and alive() and time.monotonic() < deadline
    ):
        time.sleep(0.1)
    return answers


def _end_started(process: "subprocess.Popen[bytes]") -> None:
    """Kill the group of a child process, even if its state is unreadable."""
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait_until_gone(emulator: RunningEmulator, workspace: Workspace) -> None:
    deadline = time.monotonic() + _STOP_SECONDS
    while time.monotonic() < deadline and is_ours(emulator, workspace):
        _reap(emulator.pid)
        time.sleep(0.05)


def _reap(pid: int) -> None:
    with suppress(ChildProcessError):  # started by an earlier command
        os.waitpid(pid, os.WNOHANG)


def _kill(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _end_all(members: Callable[[], list[int]]) -> None:
    """Kill until no process is left; processes may end late or start others.

    Raises:
        NotStoppedError: if processes survive.
    """
    deadline = time.monotonic() + _KILL_SECONDS
    while alive := members():
        if time.monotonic() > deadline:
            numbers = ", ".join(map(str, alive))
            raise NotStoppedError(
                f"Processes {numbers} of the embedded AWS survived SIGKILL. Inspect them with `ps`."
            )
        for pid in alive:
            _kill(pid, signal.SIGKILL)
            _reap(pid)
        time.sleep(0.02)


def _members(group: int, workspace: Workspace, *, ours: bool) -> list[int]:
    """Return living processes of the emulator's group: a hung emulator, and its children.

    Args:
        group: id of the group.
        workspace: the checkout's state.
        ours: whether the group is known to be the emulator's. After a crash the system may have
            reused its id, so only processes with the state folder, or its temporary folder, in
            their command count.
    """
    return [
        process.pid
        for process in _processes()
        if process.group == group
        and not process.ended
        and (ours or str(workspace.folder) in process.command)
    ]


@dataclass(frozen=True)
class _Process:
    """Row of the process table.

    Args:
        pid: process id.
        group: id of its process group.
        ended: whether the process is a zombie.
        command: command line, its parts separated by spaces.
    """

    pid: int
    group: int
    ended: bool
    command: str


# Linux. `ps` is missing in slim images, and in the C locale it prints `?` for non-ASCII letters.
_PROC = Path("/proc")


def _has_proc() -> bool:
    return (_PROC / "self" / "cmdline").exists()


def _processes() -> Iterator[_Process]:
    if not _has_proc():
        yield from _processes_of_ps()
        return
    for folder in _PROC.iterdir():
        if not folder.name.isdigit():
            continue
        with suppress(OSError):  # process ended
            fields = _stat(int(folder.name))
            yield _Process(
                int(folder.name), int(fields[2]), fields[0] == "Z", _proc_command(int(folder.name))
            )


def _processes_of_ps() -> Iterator[_Process]:
    for line in _ps("-A", "-o", "pid=,pgid=,stat=,command=").splitlines():
        row = line.split(None, 3)
        if len(row) == 4:
            yield _Process(int(row[0]), int(row[1]), row[2].startswith("Z"), row[3])


def _command(pid: int) -> str:
    if not _has_proc():
        return _ps("-p", str(pid), "-o", "command=")
    try:
        return _proc_command(pid)
    except OSError:  # process ended
        return ""


def _proc_command(pid: int) -> str:
    # Decoded like paths in Python, so that folders of any name are found.
    return os.fsdecode(
        (_PROC / str(pid) / "cmdline").read_bytes().rstrip(b"\0").replace(b"\0", b" ")
    )


def _stat(pid: int) -> list[str]:
    """Return state, parent, group and later fields (proc_pid_stat(5), from the third field)."""
    return os.fsdecode((_PROC / str(pid) / "stat").read_bytes()).rpartition(")")[2].split()


def _start_time(pid: int) -> str:
    """Return the start time of a process.

    Linux counts from boot. `ps` converts it to wall time, which changes when the clock is set.
    """
    if not _has_proc():
        return _ps("-p", str(pid), "-o", "lstart=")
    try:
        return _stat(pid)[19]
    except OSError:  # process ended
        return ""


def _ps(*arguments: str) -> str:
    """Return the output of `ps` on systems without /proc (macOS), with file names unchanged."""
    variables = {
        name: value for name, value in os.environ.items() if name not in ("LC_ALL", "LANG")
    }
    plain = {**variables, "LC_CTYPE": "UTF-8", "LC_TIME": "C", "TZ": "UTC"}
    command = ["ps", "-ww", *arguments]
    # S603: `ps` is of POSIX.
    result = subprocess.run(command, capture_output=True, check=False, env=plain)  # noqa: S603
    return os.fsdecode(result.stdout).strip()

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
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.local_aws.emulator_settings import LISTENER, emulator_environment
from tools.local_aws.middleware import IDENTITY_PATH, KEPT_PATH, RECORDED_PATH
from tools.local_aws.session import require_loopback
from tools.local_aws.workspace import RunningEmulator, Workspace

_MODULE = "tools.local_aws.emulator"
_SOURCE_ROOT = Path(__file__).parents[2]
# How long a living emulator may be silent before it counts as hung: a busy machine takes some of it, and a dead one is seen at once.
_SILENT_SECONDS = 180.0
# Its state is in memory: there is nothing to wait for but the ends of its workers.
_STOP_SECONDS = 2.0
_KILL_SECONDS = 30.0


class NotStartedError(Exception):
    """The emulator ended or stayed silent; the message names its log."""


class NotStoppedError(Exception):
    """Processes of the emulator did not end when they were killed."""


def running(workspace: Workspace) -> RunningEmulator | None:
    """The emulator of this checkout if it lives, as soon as it answers; None if it is dead, or hangs."""
    emulator = workspace.recall()
    if emulator is None or not is_ours(emulator, workspace):
        return None
    return emulator if _comes_to_answer(emulator, workspace, alive=lambda: is_ours(emulator, workspace)) else None


def start(workspace: Workspace, *, region: str, port: int | None = None) -> RunningEmulator:
    """Starts the emulator on loopback and waits until it answers.

    Args:
        workspace: the checkout's state.
        region: the home region.
        port: TCP port; None takes a free one.

    Raises:
        NotStartedError: if the port is taken, or it ends, or stays silent for minutes.
    """
    stop(workspace)
    workspace.prepare()
    with _bound(port) as listener, workspace.log.open("w") as log:
        chosen = int(listener.getsockname()[1])
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", _MODULE, str(workspace.folder)],
            cwd=_SOURCE_ROOT,  # where `-m` finds this package, without a PYTHONPATH that Lambda functions would inherit
            env={**emulator_environment(os.environ, workspace, port=chosen, region=region), LISTENER: str(listener.fileno())},
            pass_fds=[listener.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            # A group of its own: Ctrl-C in the terminal does not reach it, and its Lambda workers end with it.
            start_new_session=True,
        )
    try:
        emulator = RunningEmulator(pid=process.pid, port=chosen, started=_start_time(process.pid))
        workspace.remember(emulator)
    except BaseException:
        _end_started(process)  # no later command would find it
        raise
    # The process itself is asked: a program that begins has no command line yet, and would not be taken for ours.
    if not _comes_to_answer(emulator, workspace, alive=lambda: process.poll() is None):
        stop(workspace)
        _end_started(process)
        raise NotStartedError(
            f"The embedded AWS did not start on port {emulator.port}. Its last words are in {workspace.log}:\n{_tail(workspace.log)}"
        )
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
        _kill(emulator.pid, signal.SIGTERM)
        _wait_until_gone(emulator, workspace)
    _end_all(lambda: _members(emulator.pid, workspace, ours=alive))
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


def _bound(port: int | None) -> socket.socket:
    """The socket the emulator is going to listen on: a port that were chosen here and bound there could be gone in between."""
    listener = socket.socket()
    if port:  # the connections of an emulator that was stopped a moment ago must not be in the way
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port or 0))
    except OSError as error:
        listener.close()
        raise NotStartedError(f"Port {port} is taken ({error.strerror}). Name another one, or none.") from error
    return listener


def _get(emulator: RunningEmulator, path: str) -> Any:
    # An opener without proxies: a proxy of the user's would be asked for loopback otherwise.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(require_loopback(emulator.endpoint) + path, timeout=_SILENT_SECONDS) as answer:
        return json.load(answer)


def _answers(emulator: RunningEmulator, workspace: Workspace) -> bool:
    try:
        return bool(_get(emulator, IDENTITY_PATH)["folder"] == str(workspace.folder))
    except (OSError, ValueError, KeyError, TypeError, urllib.error.URLError):
        return False


def _comes_to_answer(emulator: RunningEmulator, workspace: Workspace, *, alive: Callable[[], bool]) -> bool:
    """Waits for an answer for as long as the process lives: one that is starting refuses, and one that is at work is late."""
    deadline = time.monotonic() + _SILENT_SECONDS
    while not (answers := _answers(emulator, workspace)) and alive() and time.monotonic() < deadline:
        time.sleep(0.1)
    return answers


def _end_started(process: "subprocess.Popen[bytes]") -> None:
    """Kills the group of a process that this one has just started, whatever can be read of it."""
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


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


def _kill(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _end_all(members: Callable[[], list[int]]) -> None:
    """Kills until none is left: one may take a moment to go, and may have started another meanwhile.

    Raises:
        NotStoppedError: if some live on.
    """
    deadline = time.monotonic() + _KILL_SECONDS
    while alive := members():
        if time.monotonic() > deadline:
            numbers = ", ".join(map(str, alive))
            raise NotStoppedError(f"Processes {numbers} of the embedded AWS were killed and live on. Look at them with `ps`.")
        for pid in alive:
            _kill(pid, signal.SIGKILL)
            _reap(pid)
        time.sleep(0.02)


def _members(group: int, workspace: Workspace, *, ours: bool) -> list[int]:
    """Living processes of the emulator's group: itself if it hangs, and what it started.

    Args:
        group: id of the group.
        workspace: the checkout's state.
        ours: whether the group was seen to be the emulator's. After a crash it may be somebody else's by now, and only processes whose
            command names the state folder, or the temporary one in it, are taken for ours.
    """
    return [
        process.pid
        for process in _processes()
        if process.group == group and not process.ended and (ours or str(workspace.folder) in process.command)
    ]


def command_lines() -> list[str]:
    """The command lines of all processes."""
    return [process.command for process in _processes()]


@dataclass(frozen=True)
class _Process:
    """One row of the process table.

    Args:
        pid: process id.
        group: id of its process group.
        ended: true for a zombie.
        command: command line, its parts separated by spaces.
    """

    pid: int
    group: int
    ended: bool
    command: str


# Linux. `ps` is missing in slim images, and in the C locale it prints `?` for every letter outside ASCII.
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
        with suppress(OSError):  # ended meanwhile
            fields = _stat(int(folder.name))
            yield _Process(int(folder.name), int(fields[2]), fields[0] == "Z", _proc_command(int(folder.name)))


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
    except OSError:  # there is no such process
        return ""


def _proc_command(pid: int) -> str:
    # Decoded as Python decodes paths, so that a folder of any name is found in it.
    return os.fsdecode((_PROC / str(pid) / "cmdline").read_bytes().rstrip(b"\0").replace(b"\0", b" "))


def _stat(pid: int) -> list[str]:
    """State, parent, group and more (proc_pid_stat(5), from its third field on)."""
    return os.fsdecode((_PROC / str(pid) / "stat").read_bytes()).rpartition(")")[2].split()


def _start_time(pid: int) -> str:
    """When a process began. Linux counts from the boot: `ps` makes a time of day of it, which moves when the clock is set."""
    if not _has_proc():
        return _ps("-p", str(pid), "-o", "lstart=")
    try:
        return _stat(pid)[19]
    except OSError:  # there is no such process
        return ""


def _ps(*arguments: str) -> str:
    """Output of `ps` where there is no /proc (macOS), with the letters of file names as they are."""
    variables = {name: value for name, value in os.environ.items() if name not in ("LC_ALL", "LANG")}
    plain = {**variables, "LC_CTYPE": "UTF-8", "LC_TIME": "C", "TZ": "UTC"}
    result = subprocess.run(["ps", "-ww", *arguments], capture_output=True, check=False, env=plain)  # noqa: S603, S607 - POSIX
    return os.fsdecode(result.stdout).strip()

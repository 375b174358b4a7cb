"""One command at a time works with the state of a checkout: a second one is told who is at work, and what to do."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from tools.local_aws.workspace import Workspace


class BusyError(Exception):
    """Another command is at work in the same state folder; the message names its process."""


class UnwritableError(Exception):
    """The state folder can't be written to; the message names it."""


@contextmanager
def alone(workspace: Workspace, command: str) -> Iterator[None]:
    """Holds the lock of a state folder. The system releases it when its holder ends, in whatever way.

    Args:
        workspace: whose state is worked with.
        command: what for, such as `up`; the message of a refused command has it.

    Raises:
        BusyError: if a living process holds it.
        UnwritableError: if the folder can't be written to.
    """
    with _opened(workspace) as file:  # never removed: two could then lock two files of one name
        _take(file, workspace, command)
        file.truncate(0)
        file.write(f"{os.getpid()} {command}")
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)


def _opened(workspace: Workspace) -> IO[str]:
    try:
        workspace.folder.mkdir(parents=True, exist_ok=True)
        return workspace.lock.open("a+")
    except OSError as error:
        raise UnwritableError(
            f"{workspace.folder} can't be written to ({error.strerror}).\n"
            "  Use a checkout that you own, on a file system that is not read-only."
        ) from error


def _take(file: IO[str], workspace: Workspace, command: str) -> None:
    for _attempt in range(100):
        if _taken(file):
            return
        if (holder := _holder(file)) is not None:
            raise BusyError(_refusal(workspace, command, *holder))
        time.sleep(0.01)  # it has locked the file and is about to write who it is
    raise BusyError(f"`{command}` can't begin: a process that can't be seen from here is at work in {workspace.folder}. Wait for its end.")


def _taken(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(file: IO[str]) -> tuple[int, str] | None:
    """Process id and command of the holder; None in the moment between its locking and its writing, and after its end."""
    file.seek(0)
    pid, _, command = file.read().partition(" ")
    try:
        os.kill(int(pid), 0)
    except (ValueError, ProcessLookupError):
        return None
    except PermissionError:  # it lives, and is another user's
        pass
    return int(pid), command


def _refusal(workspace: Workspace, command: str, pid: int, other: str) -> str:
    return (
        f"`{command}` can't begin: `{other}` of process {pid} is at work in {workspace.folder}.\n"
        f"  Wait until it has ended, or end it (`kill -INT {pid}`): the embedded AWS keeps running, and `up` goes on from there."
    )

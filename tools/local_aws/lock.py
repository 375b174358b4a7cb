"""Lock of a checkout's state; a second command fails with the process id of the first."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from tools.local_aws import LocalAwsError
from tools.local_aws.workspace import Workspace


class BusyError(LocalAwsError):
    """Conflict with a command on the same state folder. The message has its process id."""


@contextmanager
def alone(workspace: Workspace, command: str) -> Iterator[None]:
    """Hold the lock of a state folder. The system releases it when the process ends.

    Args:
        workspace: the locked state.
        command: name of the command, such as `up`, for the message of a rejected command.

    Raises:
        BusyError: if a living process holds the lock.
        OSError: if the folder is not writable.
    """
    workspace.folder.mkdir(parents=True, exist_ok=True)
    # The file is never deleted, because two processes could then lock two files of one name.
    with workspace.lock.open("a+") as file:
        _take(file, workspace, command)
        file.truncate(0)
        file.write(f"{os.getpid()} {command}")
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)


def is_held(workspace: Workspace) -> bool:
    """Return whether a living process holds the lock of a state folder."""
    if not workspace.lock.exists():
        return False
    with workspace.lock.open() as file:
        return not _taken(file)


def _take(file: IO[str], workspace: Workspace, command: str) -> None:
    for _attempt in range(100):
        if _taken(file):
            return
        if (holder := _holder(file)) is not None:
            raise BusyError(_refusal(workspace, command, *holder))
        time.sleep(0.01)  # the holder has not yet written its id
    raise BusyError(
        f"`{command}` cannot start: a process that is not visible from here uses "
        f"{workspace.folder}. Wait until it ends."
    )


def _taken(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(file: IO[str]) -> tuple[int, str] | None:
    """Return process id and command of the holder.

    None before it has written them, and after its end.
    """
    file.seek(0)
    pid, _, command = file.read().partition(" ")
    try:
        os.kill(int(pid), 0)
    except (ValueError, ProcessLookupError):
        return None
    except PermissionError:  # process of another user
        pass
    return int(pid), command


def _refusal(workspace: Workspace, command: str, pid: int, other: str) -> str:
    return (
        f"`{command}` cannot start: `{other}` (process {pid}) uses {workspace.folder}.\n"
        f"  Wait until it ends, or stop it (`kill -INT {pid}`); "
        "the embedded AWS keeps running, and `make local` continues from there."
    )

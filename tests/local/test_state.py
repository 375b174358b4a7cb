"""State of tests: no block by a killed run, and no effect of parallel runs on each other's
emulators."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest
from filelock import FileLock, Timeout

from tests.local.state import LOCK, ROOT, own_state
from tools.local_aws import process
from tools.local_aws.workspace import RunningEmulator, Workspace


@pytest.fixture
def left() -> Iterator[Workspace]:
    """State that a run has left, in a folder that no other run has."""
    workspace = Workspace(ROOT, name=f".local/left-{os.getpid()}")
    workspace.prepare()
    yield workspace
    shutil.rmtree(workspace.folder)


def test_killed_run_is_cleaned_up(request: pytest.FixtureRequest, left: Workspace) -> None:
    left.assembly.mkdir()
    code = "import sys; sys.stdin.read()"
    command = [sys.executable, "-c", code, "tools.local_aws.emulator", str(left.folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True) as emulator:
        left.remember(
            RunningEmulator(pid=emulator.pid, port=1, started=process._start_time(emulator.pid))
        )
        with own_state(left.folder.name, request) as state:
            assert state == left
            assert not state.assembly.exists()
            assert process._members(emulator.pid, left, ours=True) == []


def test_concurrent_run_waits(request: pytest.FixtureRequest, left: Workspace) -> None:
    other = FileLock(LOCK, timeout=0)
    with own_state(left.folder.name, request), pytest.raises(Timeout):
        other.acquire()
    with other:
        pass

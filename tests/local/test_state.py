"""State of tests: no block by a killed run, and no effect of parallel runs on each other's
emulators."""

import shutil
import subprocess
import sys

import pytest

from tests.local.state import ROOT, own_state
from tools.local_aws import process
from tools.local_aws.lock import BusyError
from tools.local_aws.workspace import RunningEmulator, Workspace


def test_killed_run_is_cleaned_up(request: pytest.FixtureRequest) -> None:
    left = Workspace(ROOT, name=".local/left")
    try:
        left.prepare()
        left.assembly.mkdir(exist_ok=True)
        code = "import sys; sys.stdin.read()"
        command = [sys.executable, "-c", code, "tools.local_aws.emulator", str(left.folder)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True) as emulator:
            left.remember(
                RunningEmulator(pid=emulator.pid, port=1, started=process._start_time(emulator.pid))
            )
            with own_state("left", request) as state:
                assert state == left
                assert not state.assembly.exists()
                assert process._members(emulator.pid, left, ours=True) == []
    finally:
        shutil.rmtree(left.folder)


def test_concurrent_run_is_refused(request: pytest.FixtureRequest) -> None:
    try:
        with (
            own_state("left", request),
            pytest.raises(BusyError, match=r"`pytest` \(process"),
            own_state("right", request),
        ):
            pass
    finally:
        shutil.rmtree(ROOT / ".local" / "left", ignore_errors=True)

"""The emulator is stopped by its own process id, and a process id that is somebody else's is left alone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from spotmusic_cdk.local import process
from spotmusic_cdk.local.emulator_settings import emulator_environment
from spotmusic_cdk.local.workspace import RunningEmulator, Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    workspace = Workspace(tmp_path)
    workspace.prepare()
    return workspace


def test_a_recycled_process_id_is_left_alone(workspace: Workspace) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(30)"]) as somebody:
        workspace.remember(RunningEmulator(pid=somebody.pid, port=1, started="Thu Jan  1 00:00:00 1970"))
        assert process.running(workspace) is None
        assert process.stop(workspace) is False
        assert somebody.poll() is None
        somebody.kill()


def test_an_unreadable_record_is_no_emulator(workspace: Workspace) -> None:
    (workspace.folder / "emulator.json").write_text("{")
    assert workspace.recall() is None


def test_two_checkouts_have_two_states(tmp_path: Path) -> None:
    assert Workspace(tmp_path / "a").folder != Workspace(tmp_path / "b").folder


def test_the_state_is_never_offered_for_a_commit(workspace: Workspace) -> None:
    assert (workspace.folder / ".gitignore").read_text() == "*\n"


def test_the_emulator_listens_on_loopback_only_and_starts_no_container(workspace: Workspace) -> None:
    mine = {"AWS_PROFILE": "production", "AWS_ACCESS_KEY_ID": "AKIA", "PATH": "/bin", "BIND_HOST": "0.0.0.0"}  # noqa: S104
    environment = emulator_environment(mine, workspace, port=4566, region="sa-east-1")
    assert environment["BIND_HOST"] == environment["MINISTACK_HOST"] == "127.0.0.1"
    assert environment["IOT_MTLS_ENABLED"] == environment["SFTP_ENABLED"] == "0"
    assert environment["DOCKER_HOST"] == "tcp://127.0.0.1:9"
    assert "AWS_PROFILE" not in environment
    assert "AWS_ACCESS_KEY_ID" not in environment


def test_temporary_files_stay_in_the_workspace(workspace: Workspace) -> None:
    assert emulator_environment(os.environ, workspace, port=1, region="sa-east-1")["TMPDIR"].startswith(str(workspace.folder))

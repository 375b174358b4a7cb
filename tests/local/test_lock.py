"""Lock of a checkout: rejection of a second command, and no lock after a killed one."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tools.checkout import ROOT
from tools.local_aws import __main__ as command_line
from tools.local_aws.lock import BusyError, alone
from tools.local_aws.workspace import Workspace

HOLD = """
import subprocess, sys
from pathlib import Path
from tools.local_aws.lock import alone
from tools.local_aws.workspace import Workspace

with alone(Workspace(Path(sys.argv[1])), "up"):
    command = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    child = subprocess.Popen(command, stdin=subprocess.PIPE)
    print(child.pid, flush=True)
    sys.stdin.read()
"""


@contextmanager
def holder(checkout: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Active command with a child process. Both end with their input."""
    command = [sys.executable, "-c", HOLD, str(checkout)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip().isdigit()
        yield process


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


@pytest.mark.parametrize("command", [["up"], ["deploy", "dev/network"], ["down"], ["diff"]])
def test_second_command_is_refused(
    command: list[str],
    workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shutil.copytree(ROOT / "tests" / "environments", workspace.checkout / "environments")
    monkeypatch.chdir(workspace.checkout)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with holder(workspace.checkout) as other:
        assert command_line.main(command) == 1
        assert other.poll() is None
        other.communicate()
    refusal = capsys.readouterr().err
    assert f"`up` (process {other.pid}) uses {workspace.folder}" in refusal
    assert f"kill -INT {other.pid}" in refusal
    assert "`make local` continues from there" in refusal
    assert sorted(file.name for file in workspace.folder.iterdir()) == ["lock"]


def test_killed_process_releases_lock(workspace: Workspace) -> None:
    with holder(workspace.checkout) as other:
        other.kill()
        other.wait()
        with alone(workspace, "up"):
            pass


def test_lock_is_released_after_failure(workspace: Workspace) -> None:
    with pytest.raises(ZeroDivisionError), alone(workspace, "up"):
        raise ZeroDivisionError
    with (
        alone(workspace, "down"),
        pytest.raises(BusyError, match=r"`down` \(process"),
        alone(workspace, "up"),
    ):
        pass
    with alone(workspace, "up"):
        pass


def test_unknown_holder_is_awaited_briefly(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A container that shares the checkout has separate process ids."""
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    with alone(workspace, "up"):
        workspace.lock.write_text("")
        with pytest.raises(BusyError, match="not visible from here"), alone(workspace, "down"):
            pass

"""Start and stop of the emulator by its process id, without effect on other processes."""

import errno
import itertools
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tools.local_aws import process
from tools.local_aws.emulator_settings import emulator_environment
from tools.local_aws.workspace import RunningEmulator, Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    workspace = Workspace(tmp_path)
    workspace.prepare()
    return workspace


def test_recycled_process_id_is_not_stopped(workspace: Workspace) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(30)"]) as other:
        workspace.remember(
            RunningEmulator(pid=other.pid, port=1, started="Thu Jan  1 00:00:00 1970")
        )
        assert process.running(workspace) is None
        assert process.stop(workspace) is False
        assert other.poll() is None
        other.kill()


# Rejects a request like a starting emulator, and ends another response early. Then it returns its
# identity. Its child names no folder of the checkout.
STAND_IN = """
import json, socket, subprocess, sys
subprocess.Popen(["sleep", "60"])
with socket.create_server(("127.0.0.1", 0)) as server:
    print(server.getsockname()[1], flush=True)
    for number in range(100):
        with server.accept()[0] as connection:
            connection.recv(65536)
            text = json.dumps({"folder": sys.argv[2]})
            head = f"HTTP/1.0 200 OK\\r\\nContent-Length: {len(text)}"
            if number > 0:
                connection.sendall(f"{head}\\r\\n\\r\\n{text if number > 1 else ''}".encode())
"""


@pytest.fixture(params=["checkout", "Música à João", "\udcff"], ids=["ascii", "letters", "no text"])
def named(request: pytest.FixtureRequest, tmp_path: Path) -> Workspace:
    """State below a folder with a non-ASCII name, or an undecodable one."""
    workspace = Workspace(tmp_path / request.param)
    workspace.prepare()
    return workspace


@contextmanager
def stand_in(workspace: Workspace) -> Iterator[RunningEmulator]:
    """Process that looks like the emulator of a checkout and is recorded as such."""
    command = [sys.executable, "-c", STAND_IN, "tools.local_aws.emulator", str(workspace.folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as other:
        assert other.stdout is not None
        port = int(other.stdout.readline())
        emulator = RunningEmulator(pid=other.pid, port=port, started=process._start_time(other.pid))
        workspace.remember(emulator)
        try:
            yield emulator
        finally:
            process.stop(workspace)


def test_slow_emulator_is_awaited(workspace: Workspace) -> None:
    """A busy emulator was once considered dead and replaced, which lost the whole deployment."""
    with stand_in(workspace) as emulator:
        assert process.running(workspace) == emulator


def test_emulator_in_any_folder_is_stopped(named: Workspace) -> None:
    with stand_in(named) as emulator:
        assert process.is_ours(emulator, named)
        assert len(process._members(emulator.pid, named, ours=False)) == 1
        assert len(process._members(emulator.pid, named, ours=True)) == 2
        assert process.stop(named)
        assert process._members(emulator.pid, named, ours=True) == []


def test_process_of_another_start_is_not_ours(workspace: Workspace) -> None:
    """The system may assign the process id of a dead emulator to another process."""
    with stand_in(workspace) as emulator:
        assert not process.is_ours(replace(emulator, started="Thu Jan  1 00:00:00 1970"), workspace)


@pytest.mark.skipif(
    not Path("/proc/self/cmdline").exists(), reason="only Linux has a process table in files"
)
def test_process_table_needs_no_ps(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    with stand_in(workspace) as emulator:
        monkeypatch.setenv("PATH", "/nowhere")
        assert process.running(workspace) == emulator
        assert process.stop(workspace)
        assert process.running(workspace) is None


@pytest.mark.skipif(shutil.which("ps") is None, reason="ps is missing")
def test_process_table_falls_back_to_ps(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_has_proc", lambda: False)
    with stand_in(workspace) as emulator:
        assert process.is_ours(emulator, workspace)
        assert len(process._members(emulator.pid, workspace, ours=True)) == 2


def test_failed_start_leaves_no_process(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[subprocess.Popen[bytes]] = []

    def popen(_command: list[str], **options: Any) -> "subprocess.Popen[bytes]":
        started.append(real([sys.executable, "-c", "import time; time.sleep(60)"], **options))
        return started[0]

    real = subprocess.Popen
    monkeypatch.setattr("subprocess.Popen", popen)
    # As on systems with unreadable command lines.
    monkeypatch.setattr(process, "is_ours", lambda *_arguments: False)
    monkeypatch.setattr(process, "_SILENT_SECONDS", 0.1)
    with pytest.raises(process.NotStartedError):
        process.start(workspace, region="sa-east-1")
    assert started[0].poll() is not None


def test_start_waits_for_command_line(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Between `exec` and a program's first instruction, the command line is empty.
    begins = itertools.count()
    read = process._command
    monkeypatch.setattr(process, "_command", lambda pid: read(pid) if next(begins) >= 3 else "")
    monkeypatch.setattr(process, "_answers", lambda *_: next(begins) >= 3)
    process.start(workspace, region="sa-east-1")
    monkeypatch.setattr(process, "_command", read)
    assert process.stop(workspace) is True


def test_unrecorded_start_leaves_no_process(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[int] = []

    def remember(_workspace: Workspace, emulator: RunningEmulator) -> None:
        started.append(emulator.pid)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Workspace, "remember", remember)
    with pytest.raises(OSError, match="No space left"):
        process.start(workspace, region="sa-east-1")
    with pytest.raises(ProcessLookupError):
        os.kill(started[0], 0)


@pytest.mark.skipif(
    not Path("/proc/self/stat").exists(),
    reason="only Linux counts from the boot; elsewhere the start is kept as a time",
)
def test_clock_change_keeps_emulator_identity(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    ps, clock = process._ps, itertools.count()
    monkeypatch.setattr(
        process,
        "_ps",
        lambda *arguments: str(next(clock)) if "lstart=" in arguments else ps(*arguments),
    )
    with stand_in(workspace) as emulator:
        assert process.is_ours(emulator, workspace)


def test_chosen_port_is_reserved_until_start(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def popen(
        _command: list[str], *, env: dict[str, str], pass_fds: list[int], **_options: Any
    ) -> None:
        with socket.socket() as thief, pytest.raises(OSError, match="in use"):
            thief.bind(("127.0.0.1", int(env["GATEWAY_PORT"])))
        tried.append((str(pass_fds[0]), env["SPOTMUSIC_LISTENER"]))
        raise InterruptedError

    monkeypatch.setattr("subprocess.Popen", popen)
    with pytest.raises(InterruptedError):
        process.start(workspace, region="sa-east-1")
    assert [given == received for given, received in tried] == [True]


def test_taken_port_is_reported(workspace: Workspace) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(process.NotStartedError, match=f"Port {port} is not available"):
            process.start(workspace, region="sa-east-1", port=port)


def test_record_is_written_atomically(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = (RunningEmulator(pid=number, port=number, started="") for number in (1, 2))
    workspace.remember(one)
    write, seen = Path.write_text, []

    def interrupted(path: Path, text: str, encoding: str) -> None:
        write(path, text[: len(text) // 2], encoding)
        seen.append(workspace.recall())
        write(path, text, encoding)

    monkeypatch.setattr(Path, "write_text", interrupted)
    workspace.remember(other)
    assert (seen, workspace.recall()) == ([one], other)


def test_unreadable_record_means_no_emulator(workspace: Workspace) -> None:
    (workspace.folder / "emulator.json").write_text("{")
    assert workspace.recall() is None


def test_state_folder_is_ignored_by_git(workspace: Workspace) -> None:
    assert (workspace.folder / ".gitignore").read_text() == "*\n"


def test_emulator_settings_forbid_containers(workspace: Workspace) -> None:
    mine = {
        "AWS_PROFILE": "production",
        "AWS_ACCESS_KEY_ID": "AKIA",
        "PATH": "/bin",
        "BIND_HOST": "0.0.0.0",  # noqa: S104
    }
    environment = emulator_environment(mine, workspace, port=4566, region="sa-east-1")
    assert environment["BIND_HOST"] == environment["MINISTACK_HOST"] == "127.0.0.1"
    assert environment["IOT_MTLS_ENABLED"] == environment["SFTP_ENABLED"] == "0"
    assert environment["DOCKER_HOST"] == "tcp://127.0.0.1:9"
    assert "AWS_PROFILE" not in environment
    assert "AWS_ACCESS_KEY_ID" not in environment
    assert environment["TMPDIR"].startswith(str(workspace.folder))

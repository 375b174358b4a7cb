"""Command line on machines with missing requirements: one clear message, no traceback."""

import errno
import os
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tests.manifest import manifest
from tools.checkout import ROOT
from tools.local_aws import __main__ as command_line
from tools.local_aws import process
from tools.local_aws.deployment import LocalDeployment
from tools.local_aws.workspace import RunningEmulator, Workspace

HOME = "eu-central-1"


@pytest.fixture(autouse=True)
def _checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Checkout with only an environment, in an uncommon region."""
    text = (ROOT / "tests" / "environments" / "dev.yaml").read_text()
    (tmp_path / "environments").mkdir()
    (tmp_path / "environments" / "dev.yaml").write_text(text.replace("sa-east-1", HOME))
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (["--port", "80000"], "'80000' is not a TCP port. Use 1 to 65535"),
        (["--port=-1"], "'-1' is not a TCP port"),
        (["--port", "http"], "'http' is not a TCP port"),
        (["--concurrency", "0"], "'0' is not a positive integer"),
        (["-c", "foo"], "'foo' is not NAME=VALUE"),
    ],
)
def test_command_line_refuses_nonsense(
    option: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        command_line.main(["up", *option])
    assert end.value.code == 2
    assert message in capsys.readouterr().err


def test_up_without_node_modules_starts_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command_line.main(["up"]) == 1
    assert "Install it with `make setup` or `npm ci`." in capsys.readouterr().err
    assert Workspace(tmp_path).recall() is None


@pytest.mark.parametrize("command", ["up", "down", "diff"])
def test_unwritable_checkout_is_one_message(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def mkdir(path: Path, **_options: object) -> NoReturn:
        raise OSError(errno.EROFS, "Read-only file system", str(path))

    monkeypatch.setattr(Path, "mkdir", mkdir)
    assert command_line.main([command]) == 1
    assert "/.local: Read-only file system. Free space or fix its" in capsys.readouterr().err


def test_deployment_is_in_region_of_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(LocalDeployment, "up", lambda deployment, **_: f"in {deployment.region}")
    assert command_line.main(["up"]) == 0
    assert capsys.readouterr().out == f"\nin {HOME}\n"


@pytest.fixture
def task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Task of a deployed assembly; its only variable is its region."""
    folder = Workspace(tmp_path).assembly / "assembly-qa"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(manifest("qa", edge="us-east-1", network=HOME))
    monkeypatch.setattr(
        process, "running", lambda _workspace: RunningEmulator(pid=1, port=1, started="")
    )
    monkeypatch.setattr(
        command_line, "environment_of_task", lambda _service, _endpoint, region: {"REGION": region}
    )


@pytest.mark.usefixtures("task")
def test_task_is_read_in_region_of_assembly(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main(["env", "playback"]) == 0
    assert capsys.readouterr().out == f"export REGION={HOME}\n"


@pytest.mark.usefixtures("task")
def test_unknown_program_of_task_is_one_message(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main(["run", "playback", "--", "no-program"]) == 1
    assert capsys.readouterr().err == (
        "\nno-program: No such file or directory. Name a program in PATH, or its file.\n"
    )


def test_full_disk_is_one_message(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def up(*_arguments: object, **_options: object) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device", "/disk/file")

    monkeypatch.setattr(LocalDeployment, "up", up)
    assert command_line.main(["up"]) == 1
    assert capsys.readouterr().err == (
        "\n"
        "/disk/file: No space left on device. "
        "Free space or fix its permissions, then run the command again.\n"
    )


def test_interrupted_command_names_targets_of_make(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: Any, **__: Any) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(LocalDeployment, "up", interrupted)
    assert command_line.main(["up"]) == 130
    assert (
        "Run `make local` to continue or `make local-down` to stop it." in capsys.readouterr().err
    )

"""Command lines: no traceback for errors that users can correct."""

import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from spotmusic_cdk.command_line import run_command
from spotmusic_cdk.settings import parse
from tools import checkout, heartbeat
from tools.changes import source
from tools.checkout import ROOT
from tools.deploy_plan import __main__ as deploy_plan
from tools.gameday import __main__ as game_day
from tools.supply_chain import __main__ as supply_chain

WITHOUT = {
    "bench/application.py",
    "heartbeat.py",
    "lint_verdicts.py",
    "local_aws/console_server.py",
    "local_aws/emulator.py",
}
"""Programs in `tools` that other programs start, some without the packages of this repository."""


def sbom() -> int:
    return supply_chain.main(["sbom"])


def plan_of_no_stack() -> None:
    deploy_plan.main(["--env", "dev", "--concurrency", "0"])


def comparison_with_ref() -> None:
    with source.of_ref(ROOT, "v0.1.0", "dev"):
        pass


def game_day_without_listeners() -> None:
    file = ROOT / "tests" / "environments" / "dev.yaml"
    with checkout.loading(parse(file.read_text(), source=file)):
        game_day.main("dev")


def unknown_program() -> int:
    return heartbeat.main("no-program", "--version")


@pytest.mark.parametrize(
    ("command", "status", "message"),
    [
        (sbom, 2, "environments/qa.yaml: file: this is not YAML"),
        (plan_of_no_stack, 2, "'0' is not a positive integer. Use 1 or more."),
        (game_day_without_listeners, 2, "dev: no listeners are declared. Set capacity.listeners"),
        (comparison_with_ref, 2, "v0.1.0 needs git, which is not in PATH."),
        (unknown_program, 127, "no-program: No such file or directory. Install it"),
    ],
)
def test_wrong_input_is_one_message(  # noqa: PLR0917 - a row and its fixtures
    command: Callable[[], int | None],
    status: int,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = tmp_path / "environments"
    folder.mkdir()
    (folder / "dev.yaml").write_text((ROOT / "tests" / "environments" / "dev.yaml").read_text())
    (folder / "qa.yaml").write_text("name: [")
    monkeypatch.setattr(supply_chain, "ENVIRONMENTS", folder)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit) as ended:
        run_command(command)
    assert ended.value.code == status
    assert message in capsys.readouterr().err


def test_components_are_listed_without_warnings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python would print the line of its source with each."""
    dev = (ROOT / "tests" / "environments" / "dev.yaml").read_text()
    (tmp_path / "dev.yaml").write_text(f'{dev}\nkubernetes: {{version: "1.29"}}\n')
    monkeypatch.setattr(supply_chain, "ENVIRONMENTS", tmp_path)
    with warnings.catch_warnings(action="error"):
        (settings,) = supply_chain.environments()
    assert settings.kubernetes.version == "1.29"


@pytest.mark.parametrize(("length", "status"), [(1, 3), (1_000_000, 1)])
def test_closed_pipe_is_silent(length: int, status: int) -> None:
    """A completed command keeps its status. A command that is interrupted in its output
    has none.
    """
    code = (
        "from spotmusic_cdk.command_line import run_command; run_command(lambda: "
        f"print('x' * {length}) or 3)"
    )
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command,
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        cwd=ROOT,
        env=buffered,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (status, "")


def test_pipe_of_another_process_is_no_end() -> None:
    def lost() -> NoReturn:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        run_command(lost)


def test_commands_share_one_end() -> None:
    for folder in ("spotmusic_cdk", "stacks", "tools"):
        for file in (ROOT / folder).rglob("*.py"):
            text = file.read_text()
            name = str(file.relative_to(ROOT / folder))
            if name not in WITHOUT and (entry := text.partition('if __name__ == "__main__":')[2]):
                assert entry.strip().startswith("run_command("), f"{folder}/{name}"

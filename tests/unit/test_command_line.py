"""Command lines end without a traceback for what their users can mend."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from spotmusic_cdk.command_line import run_command
from tools import heartbeat
from tools.changes import source
from tools.checkout import ROOT
from tools.deploy_plan import __main__ as deploy_plan
from tools.supply_chain import __main__ as supply_chain

WITHOUT = {"bench/application.py", "heartbeat.py", "lint_verdicts.py", "local_aws/console_server.py", "local_aws/emulator.py"}
"""Programs in `tools` that other programs start, some without the packages of this repository."""


def sbom() -> int:
    return supply_chain.main(["sbom"])


def plan_of_no_stack() -> int:
    return deploy_plan.main(["--env", "dev", "--concurrency", "0"])


def comparison_with_ref() -> None:
    with source.of_ref(ROOT, "v0.1.0", "dev"):
        pass


def unknown_program() -> int:
    return heartbeat.main("no-program", "--version")


@pytest.mark.parametrize(
    ("command", "status", "message"),
    [
        (sbom, 2, "environments/qa.yaml: file: this is not YAML"),
        (plan_of_no_stack, 2, "'0' is not a positive integer. Use 1 or more."),
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


@pytest.mark.parametrize("command", [["spotmusic_cdk.settings"], ["tools.local_aws", "status"]])
def test_closed_pipe_is_silent(command: list[str], tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    variables = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | {"PYTHONPATH": str(ROOT)}
    (tmp_path / "environments").symlink_to(ROOT / "tests" / "environments")
    words = [sys.executable, "-m", *command]
    done = subprocess.run(words, stdout=writing, stderr=subprocess.PIPE, text=True, check=False, cwd=tmp_path, env=variables)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


def test_commands_share_one_end() -> None:
    for folder in ("spotmusic_cdk", "stacks", "tools"):
        for file in (ROOT / folder).rglob("*.py"):
            text = file.read_text()
            name = str(file.relative_to(ROOT / folder))
            if name not in WITHOUT and (entry := text.partition('if __name__ == "__main__":')[2]):
                assert entry.strip().startswith("run_command("), f"{folder}/{name}"

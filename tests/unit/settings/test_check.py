"""`make check`: validation of environment files without a synthesis."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from spotmusic_cdk.settings import SettingsError
from spotmusic_cdk.settings.__main__ import main
from tools.checkout import ROOT


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two environments. One has a misspelt key."""
    given = (ROOT / "tests" / "environments" / "dev.yaml").read_text()
    (tmp_path / "dev.yaml").write_text(given)
    (tmp_path / "qa.yaml").write_text(
        given.replace("name: dev", "name: qa").replace("network:", "netwrk:")
    )
    return tmp_path


def test_check_reports_mistakes_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([], folder=folder) == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err.count("netwrk: unknown key.")) == ("", 1)


def test_check_reports_all_problems(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Errors of types hide neither unknown words nor the problems of other files."""
    misspelt = {
        "data:": "dta:",
        "trends\n    talks_to: [cache, events]": (
            "trends\n    talks_to: [cache, event]\n    memory: 5"
        ),
    }
    text = (folder / "dev.yaml").read_text()
    for right, wrong in misspelt.items():
        assert right in text
        text = text.replace(right, wrong)
    (folder / "qa.yaml").write_text(text)
    (folder / "dev.yaml").write_text(
        (folder / "dev.yaml").read_text().replace("name: dev", "name: dve")
    )
    assert main([], folder=folder) == 2
    errors = capsys.readouterr().err
    for once in (
        "dta: unknown key.",
        "trends.memory: 5",
        "Did you mean events?",
        "dve is not the file's name",
    ):
        assert errors.count(once) == 1


def test_check_requires_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "dev.yml").write_text("name: dev")
    with pytest.raises(SettingsError, match=r"has no file NAME\.yaml\. Write .*/dev\.yaml"):
        main([], folder=tmp_path)
    assert main(["dev"], folder=tmp_path) == 2
    assert f"Write {tmp_path}/dev.yaml, or run the command" in capsys.readouterr().err


def test_check_accepts_valid_files(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "qa.yaml").unlink()
    assert main(["dev"], folder=folder) == 0
    assert capsys.readouterr().out.endswith("services, valid\n")


def test_check_leaves_out_files_of_editors(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Emacs creates a dangling link in the folder of a file that it edits."""
    (folder / "qa.yaml").unlink()
    (folder / ".#dev.yaml").symlink_to("somebody@host.1")
    assert main([], folder=folder) == 0
    assert capsys.readouterr().err == ""


def test_check_loads_settings_alone(folder: Path) -> None:
    """Without aws_cdk and its Node.js, which take seconds, the command ends in half a second. It
    loads 281 modules, a synthesis 838.
    """
    (folder / "qa.yaml").unlink()
    code = (
        "import sys; from pathlib import Path; "
        "from spotmusic_cdk.settings.__main__ import main;main([], folder=Path(sys.argv[1])); "
        "print(len(sys.modules), sorted({'aws_cdk', 'jsii', 'constructs'} & set(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, folder], cwd=ROOT, capture_output=True, text=True, check=True
    )
    modules, imported = run.stdout.splitlines()[-1].split(maxsplit=1)
    assert imported == "[]"
    assert int(modules) < 350


def test_hook_checks_environment_files() -> None:
    hooks = {
        hook["id"]: hook
        for hook in yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0][
            "hooks"
        ]
    }
    assert hooks["environments"]["entry"].endswith("python -m spotmusic_cdk.settings")
    assert re.search(hooks["environments"]["files"], "environments/qa.yaml")

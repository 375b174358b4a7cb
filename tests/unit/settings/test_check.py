"""`make check`: validates environment files without a synthesis."""

from pathlib import Path

import pytest

from spotmusic_cdk.settings.__main__ import main
from tests.conftest import ROOT


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two environments; one has a misspelt key."""
    given = (ROOT / "tests" / "environments" / "dev.yaml").read_text()
    (tmp_path / "dev.yaml").write_text(given)
    (tmp_path / "qa.yaml").write_text(given.replace("name: dev", "name: qa").replace("network:", "netwrk:"))
    return tmp_path


def test_check_reports_mistakes_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([], folder=folder) == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err.count("netwrk: unknown key.")) == ("", 1)


def test_check_accepts_valid_files(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "qa.yaml").unlink()
    assert main(["dev"], folder=folder) == 0
    assert capsys.readouterr().out.endswith("services, valid\n")

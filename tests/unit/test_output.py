"""Generated files of `make schema`, `make flows`, `make sbom` and `make game-day`."""

from pathlib import Path

import pytest

from spotmusic_cdk.output import write


def test_write_returns_whether_file_changed(tmp_path: Path) -> None:
    assert [write(tmp_path / "page.md", text) for text in ("São Paulo\n", "São Paulo\n", "Recife\n")] == [True, False, True]


def test_unwritable_file_is_reported(tmp_path: Path) -> None:
    (tmp_path / "page.md").mkdir()
    with pytest.raises(SystemExit, match=r"cannot write .*page.md \(Is a directory\)"):
        write(tmp_path / "page.md", "")

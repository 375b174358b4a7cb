"""Generated files of `make schema`, `make flows`, `make sbom` and `make game-day`."""

import errno
import os
from pathlib import Path

import pytest

from spotmusic_cdk.output import write


def test_write_returns_whether_file_changed(tmp_path: Path) -> None:
    assert [
        write(tmp_path / "page.md", text) for text in ("São Paulo\n", "São Paulo\n", "Recife\n")
    ] == [True, False, True]


def test_unwritable_file_is_reported(tmp_path: Path) -> None:
    (tmp_path / "page.md").mkdir()
    with pytest.raises(SystemExit, match=r"cannot write .*page.md: Is a directory."):
        write(tmp_path / "page.md", "")


def test_missing_folder_is_created_or_reported(tmp_path: Path) -> None:
    assert write(tmp_path / ".local" / "page.md", "text")
    with pytest.raises(SystemExit, match=r"cannot write .*/page.md/diff.txt: (File|Not a)"):
        write(tmp_path / ".local" / "page.md" / "diff.txt", "")


def test_failed_write_keeps_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill_disk(path: Path, text: str, **_: object) -> None:
        path.write_bytes(text[:3].encode())
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    page = tmp_path / "dev.yaml"
    write(page, "name: dev\n")
    page.chmod(0o640)
    with monkeypatch.context() as full:
        full.setattr(Path, "write_text", fill_disk)
        with pytest.raises(SystemExit, match=r"dev\.yaml: No space left on device\.$"):
            write(page, "name: other\n")
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [
        ("dev.yaml", "name: dev\n")
    ]
    write(page, "name: other\n")
    assert (page.read_text(), oct(page.stat().st_mode)) == ("name: other\n", "0o100640")

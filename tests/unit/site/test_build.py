"""Strict build of the documentation site, which keeps the last site when it fails."""

from pathlib import Path

import pytest

from tools.site import __main__ as command

PAGE = (
    '<a href="https://example.com">x</a><link rel="icon" href="./icon.png"><script '
    'src="../scripts/a.js"></script>'
)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Site of an earlier build, and sources without pages."""
    monkeypatch.setattr(
        command, "write_sources", lambda folder: (folder / "pages").mkdir(parents=True)
    )
    monkeypatch.setattr(command, "SCRIPTS", {})
    earlier = tmp_path / "site"
    earlier.mkdir()
    (earlier / "index.html").write_text("earlier")
    return earlier


def generator(
    folder: Path, *, page: str = PAGE, output: str = "No issues found", status: int = 0
) -> Path:
    """Program in place of Zensical."""
    program = folder / "zensical"
    site = "cd site.sources && mkdir html"
    program.write_text(
        "#!/bin/sh\n"
        f"cd {folder}\n"
        f"{site} && echo '{page}' > html/index.html\n"
        f"echo '{output}'\n"
        f"exit {status}\n"
    )
    program.chmod(0o755)
    return program


def test_site_replaces_the_last_one(site: Path) -> None:
    assert command.build(site, generator(site.parent)) == ""
    assert (site / "index.html").read_text().strip() == PAGE
    assert not site.with_name("site.sources").exists()


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"status": 1, "output": "unresolved link"}, "unresolved link"),
        (
            {"output": "griffe: a.py:1: Parameter x does not appear"},
            "a.py:1: Parameter x does not appear",
        ),
        (
            {"page": '<script async src="https://example.com/a.js">'},
            "index.html: https://example.com/a.js",
        ),
        (
            {"page": '<link rel="stylesheet" href="https://example.com/a.css">'},
            "index.html: https://example.com/a.css",
        ),
        (
            {"page": "<style>@import url(//example.com/a.css)</style>"},
            "index.html: //example.com/a.css",
        ),
    ],
)
def test_fault_keeps_the_last_site(site: Path, given: dict[str, str], reason: str) -> None:
    assert reason in command.build(site, generator(site.parent, **given))  # type: ignore[arg-type]
    assert (site / "index.html").read_text() == "earlier"


def test_missing_generator_is_named(site: Path) -> None:
    assert "make docs" in command.build(site, site.parent / "nothing")

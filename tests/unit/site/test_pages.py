"""Links, lists and headings of documents on pages of the documentation site."""

import os
from pathlib import Path

import pytest
import yaml

from tools.checkout import ROOT
from tools.site import pages
from tools.site.__main__ import write_sources

LISTS = """\
1. Run it:

   ```sh
   - make
   ```
2. Read:
   - one
     more
   - two
after 503
503. is no item
- but this is
"""
INDENTED = """\
1. Run it:

    ```sh
    - make
    ```

2. Read:

    - one
        more
    - two
after 503
503\\. is no item

- but this is
"""


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with the sources of the site."""
    folder = tmp_path_factory.mktemp("site") / "sources"
    write_sources(folder)
    return folder


def converted(text: str, document: str = "docs/given.md") -> str:
    return pages.converted(text, ROOT / document, ROOT)


def test_page_indents_lists_by_four() -> None:
    assert converted(LISTS) == INDENTED


@pytest.mark.parametrize(
    ("link", "page"),
    [
        ("adr", "adr/index.md"),
        ("../README.md#architecture", "../index.md#architecture"),
        ("../environments/dev.yaml", "../environments/dev.yaml.md"),
        ("../.github/workflows/checks.yml", "../github/workflows/checks.yml.md"),
        ("../constructs", "../constructs/index.md"),
        ("picture.svg", "picture.svg"),
        ("#here", "#here"),
        ("https://example.com/a.md", "https://example.com/a.md"),
    ],
)
def test_page_links_to_pages(link: str, page: str) -> None:
    assert converted(f"[x]({link}) and\n\n[y]: {link}\n") == f"[x]({page}) and\n\n[y]: {page}\n"


def test_page_keeps_code() -> None:
    code = "```\n[x](adr)\n```\n"
    assert converted(code) == code


def test_page_with_diagram_loads_script() -> None:
    assert converted("```mermaid\na\n```\n").endswith(
        '\n<script src="../scripts/mermaid.js"></script>\n'
    )


def test_pages_include_linked_files_folders_pictures(tmp_path: Path) -> None:
    documents = tmp_path / "docs" / "adr"
    documents.mkdir(parents=True)
    (tmp_path / "README.md").write_text("[a](docs/adr) [b](app.py)\n\n<img src='docs/adr/a.svg'>\n")
    (tmp_path / "app.py").write_text("print(1)\n")
    (documents / "0001.md").write_text("# One\n")
    (documents / "a.svg").write_text("<svg/>")
    pages.write(tmp_path, tmp_path / "site")
    found = (tmp_path / "site" / "docs" / "adr" / "index.md").read_text()
    assert found == "# docs/adr\n\n- [One](0001.md)\n- `a.svg`\n"
    assert "````````py\nprint(1)\n````````" in (tmp_path / "site" / "app.py.md").read_text()
    assert (tmp_path / "site" / "docs" / "adr" / "a.svg").read_text() == "<svg/>"


def test_links_of_pages_lead_to_pages(sources: Path) -> None:
    folder = sources / "pages"
    found = [
        (page, target)
        for page in folder.rglob("*.md")
        for target in pages.targets(page.read_text(), page)
    ]
    assert len(found) > 500
    assert [
        f"{page.relative_to(folder)}: {target}" for page, target in found if not target.is_file()
    ] == []


def test_navigation_has_each_document_once(sources: Path) -> None:
    sections = yaml.safe_load((sources / "mkdocs.yml").read_text())["nav"]
    listed = [page for section in sections for pages_of in section.values() for page in pages_of]
    documents = {str(pages.page_of(path, ROOT)) for path in pages.documents(ROOT)}
    reference = {
        os.path.relpath(path, sources / "pages")
        for path in (sources / "pages" / "reference").iterdir()
    }
    assert documents | reference <= set(listed)
    assert len(listed) == len(set(listed))

"""Pages of the site, at the paths of documents and files in the repository."""

import os
import re
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tools.site.indentation import indented

FOLDERS = ("docs", "events", "examples", "constructs", "spotmusic_cdk", "tools", "tests", "charts")
"""Folders with documents, in addition to the root."""
LINK = re.compile(r"(\]\(|^\[[^\]]+\]: )([^)\s]+)", flags=re.MULTILINE)
"""Link or link definition: the part before the target, and the target."""
PICTURES = {".gif", ".png", ".svg", ".webp"}
MERMAID = Path("scripts/mermaid.js")
"""Script for diagrams, included in pages with a diagram."""
_UNSEARCHED = "---\nsearch:\n  exclude: true\n---\n\n"


def documents(root: Path) -> list[Path]:
    """Return the Markdown documents of the repository."""
    return sorted(
        [
            *root.glob("*.md"),
            *(path for folder in FOLDERS for path in (root / folder).rglob("*.md")),
        ]
    )


def page_of(target: Path, root: Path) -> Path:
    """Return the page of a document, a folder, or any other file, relative to the site."""
    path = Path(*(part.lstrip(".") for part in target.relative_to(root).parts))
    if target.is_dir():
        return path / "index.md"
    if target.name == "README.md":
        return path.with_name("index.md")
    return path if target.suffix in {".md", *PICTURES} else path.with_name(f"{path.name}.md")


def targets(text: str, document: Path) -> Iterator[Path]:
    """Yield the files and folders that a document links to."""
    links = (link for line, code in indented(text) if not code for _, link in LINK.findall(line))
    yield from (_target(link, document) for link in links if _is_path(link))


def converted(text: str, document: Path, root: Path) -> str:
    """Return a document with links to pages and the indentation of Python-Markdown."""
    here = page_of(document, root).parent

    def linked(found: re.Match[str]) -> str:
        begin, link = found.groups()
        if not _is_path(link):
            return found[0]
        anchor = link.partition("#")[2]
        page = os.path.relpath(page_of(_target(link, document), root), here)
        return f"{begin}{page}{'#' * bool(anchor)}{anchor}"

    lines = [line if code else LINK.sub(linked, line) for line, code in indented(text)]
    if "```mermaid" in text:
        lines += ["", f'<script src="{os.path.relpath(MERMAID, here)}"></script>']
    return "\n".join([*lines, ""])


def source_page(file: Path, root: Path) -> str:
    """Return a page with the text of a file, excluded from the search."""
    name, language = file.relative_to(root), file.suffix.lstrip(".") or "sh"
    return f"{_UNSEARCHED}# {name}\n\n````````{language}\n{file.read_text().rstrip()}\n````````\n"


def folder_page(folder: Path, root: Path) -> str:
    """Return a page with the documents and files of a folder."""
    lines = [
        _entry(path)
        for path in sorted(folder.iterdir())
        if path.name[0] not in "._" and path.name != "README.md"
    ]
    return "\n".join([f"# {folder.relative_to(root)}", "", *lines, ""])


def _entry(path: Path) -> str:
    if path.suffix != ".md":
        return f"- `{path.name}`"
    title = path.read_text().partition("\n")[0].lstrip("# ")
    return f"- [{title}]({path.name})"


def _is_path(link: str) -> bool:
    return "://" not in link and not link.startswith(("#", "mailto:"))


def _target(link: str, document: Path) -> Path:
    target = Path(os.path.normpath(document.parent / link.partition("#")[0]))
    return target / "README.md" if (target / "README.md").exists() else target


def write(root: Path, folder: Path) -> None:
    """Write the pages of all documents and of their targets, and the pictures."""
    own = documents(root)
    linked = {target for document in own for target in targets(document.read_text(), document)}
    pages = {document: partial(converted, document.read_text(), document) for document in own}
    pages |= {
        target: partial(folder_page if target.is_dir() else source_page, target)
        for target in linked - pages.keys() - pictures(root)
    }
    for target, text in pages.items():
        _place(target, root, folder).write_text(text(root))
    for picture in pictures(root):
        shutil.copy(picture, _place(picture, root, folder))


def pictures(root: Path) -> set[Path]:
    """Return the pictures of the documents, including those in HTML."""
    return {path for path in (root / "docs").rglob("*") if path.suffix in PICTURES}


def _place(target: Path, root: Path, folder: Path) -> Path:
    page = folder / page_of(target, root)
    page.parent.mkdir(parents=True, exist_ok=True)
    return page

"""Pages of the site, at the paths that documents and files have in the repository."""

import os
import re
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

FOLDERS = ("docs", "events", "examples", "constructs", "spotmusic_cdk", "tools", "tests", "charts")
"""Folders with documents, beside the root."""
LINK = re.compile(r"(\]\(|^\[[^\]]+\]: )([^)\s]+)", flags=re.MULTILINE)
"""Link or definition of a link: its begin and its target."""
IMAGES = {".gif", ".png", ".svg", ".webp"}
MERMAID = Path("scripts/mermaid.js")
"""Script that draws diagrams, on the pages that have one."""
_ITEM = re.compile(r"(?:[-*+]|\d+\.) +")
_FENCE = re.compile(r"`{3,}")
_UNSEARCHED = "---\nsearch:\n  exclude: true\n---\n\n"
_TAB = 4
"""Columns by which Python-Markdown indents what belongs to a list item; documents have two or three, as CommonMark allows."""


def documents(root: Path) -> list[Path]:
    """Return the Markdown documents of the repository."""
    return sorted([*root.glob("*.md"), *(path for folder in FOLDERS for path in (root / folder).rglob("*.md"))])


def page_of(target: Path, root: Path) -> Path:
    """Return the page of a document, a folder, or any other file, relative to the site."""
    path = Path(*(part.lstrip(".") for part in target.relative_to(root).parts))
    if target.is_dir():
        return path / "index.md"
    if target.name == "README.md":
        return path.with_name("index.md")
    return path if target.suffix in {".md", *IMAGES} else path.with_name(f"{path.name}.md")


def targets(text: str, document: Path) -> Iterator[Path]:
    """Yields the files and folders that a document links to."""
    links = (link for line, code in _indented(text) if not code for _, link in LINK.findall(line))
    yield from (_target(link, document) for link in links if _is_path(link))


def converted(text: str, document: Path, root: Path) -> str:
    """Return a document with links to pages, and with the indentation of Python-Markdown."""
    here = page_of(document, root).parent

    def linked(found: re.Match[str]) -> str:
        begin, link = found.groups()
        if not _is_path(link):
            return found[0]
        anchor = link.partition("#")[2]
        page = os.path.relpath(page_of(_target(link, document), root), here)
        return f"{begin}{page}{'#' * bool(anchor)}{anchor}"

    lines = [line if code else LINK.sub(linked, line) for line, code in _indented(text)]
    if "```mermaid" in text:
        lines += ["", f'<script src="{os.path.relpath(MERMAID, here)}"></script>']
    return "\n".join([*lines, ""])


def source_page(file: Path, root: Path) -> str:
    """Return a page with the text of a file, outside of the search."""
    name, language = file.relative_to(root), file.suffix.lstrip(".") or "sh"
    return f"{_UNSEARCHED}# {name}\n\n````````{language}\n{file.read_text().rstrip()}\n````````\n"


def folder_page(folder: Path, root: Path) -> str:
    """Return a page with the documents and files of a folder."""
    lines = [_entry(path) for path in sorted(folder.iterdir()) if path.name[0] not in "._" and path.name != "README.md"]
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


def _indented(text: str) -> Iterator[tuple[str, bool]]:
    """Yields each line with four columns for each list item around it, and whether it is code.

    Python-Markdown requires an empty line before an item that follows a paragraph, and takes every number at the begin of a line for an
    item.
    """
    columns: list[int] = []
    fence, before, parts = "", "", False
    for line in text.splitlines():
        content = line.lstrip(" ")
        column = len(line) - len(content)
        item = None if fence else _ITEM.match(content)
        if content and not fence:
            outer = [begin for begin in columns if begin <= column]
            inside = bool(before) and outer == columns
            columns = outer
            if item and inside and content[0] in "023456789":
                content, item = content.replace(".", "\\.", 1), None
            if item and before and (inside or parts):
                yield "", False
        indent = _TAB * len(columns) + max(0, column - (columns[-1] if columns else 0))
        yield " " * indent * bool(content) + content, bool(fence)
        fence = _fence_after(fence, content)
        if item:
            columns.append(column + item.end())
        parts = not item and (parts or not content or content.startswith("```"))
        before = content


def _fence_after(fence: str, content: str) -> str:
    """Return the fence that is open after a line."""
    if fence:
        return "" if content.strip() == fence else fence
    found = _FENCE.match(content)
    return found[0] if found else ""


def write(root: Path, folder: Path) -> None:
    """Write the pages of all documents, and of the files and folders that they link to."""
    own = documents(root)
    linked = {target for document in own for target in targets(document.read_text(), document)}
    pages = {document: partial(converted, document.read_text(), document) for document in own}
    for target in linked - pages.keys():
        if target.suffix in IMAGES:
            image = folder / page_of(target, root)
            image.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(target, image)
        else:
            pages[target] = partial(folder_page if target.is_dir() else source_page, target)
    for target, text in pages.items():
        page = folder / page_of(target, root)
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(text(root))

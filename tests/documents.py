"""Markdown parsing for tests of documents."""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

from tools.checkout import ROOT

_BLOCK = re.compile(r"^ *```.*?^ *```$", flags=re.MULTILINE | re.DOTALL)


def findings(
    documents: Iterable[Path], problems: Callable[[Path], Iterable[str]]
) -> dict[str, list[str]]:
    """Problems by document. One test for all documents takes less time than one for each."""
    found = {str(document.relative_to(ROOT)): [*problems(document)] for document in documents}
    assert found, "no documents"
    return {document: those for document, those in found.items() if those}


def prose(document: Path) -> str:
    """Document without code blocks."""
    return _BLOCK.sub("", document.read_text())


@cache
def anchors(document: Path) -> set[str]:
    """Anchors of the headings, as GitHub and GitLab generate them."""
    headings = re.findall(r"^#+ (.+)$", prose(document), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def blocks(text: str) -> Iterator[list[str]]:
    """Yield the lines of each block of code. Continued lines are joined."""
    for found in _BLOCK.findall(text):
        yield re.sub(r"\\\n *", " ", found).splitlines()[1:-1]


def code(text: str) -> Iterator[str]:
    """Yield the lines of a document's code, in blocks and sentences. Continued lines are joined."""
    for block in blocks(text):
        yield from block
    for found in re.findall(r"`([^`]+)`", _BLOCK.sub("", text)):
        yield re.sub(r"\s+", " ", found)

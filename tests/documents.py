"""Markdown parsing for tests of documents."""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

from tools.checkout import ROOT


def findings(
    documents: Iterable[Path], problems: Callable[[Path], Iterable[str]]
) -> dict[str, list[str]]:
    """Problems by document. One test for all documents takes less time than one for each."""
    found = {str(document.relative_to(ROOT)): [*problems(document)] for document in documents}
    assert found, "no documents"
    return {document: those for document, those in found.items() if those}


def prose(document: Path) -> str:
    """Document without code blocks."""
    return re.sub(r"^ *```.*?^ *```$", "", document.read_text(), flags=re.MULTILINE | re.DOTALL)


@cache
def anchors(document: Path) -> set[str]:
    """Anchors of the headings, as GitHub and GitLab generate them."""
    headings = re.findall(r"^#+ (.+)$", prose(document), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def code(text: str) -> Iterator[str]:
    """Yield the lines of a document's code, in blocks and sentences. Continued lines are joined."""
    block = r"^ *```.*?^ *```$"
    for found in re.findall(block, text, flags=re.MULTILINE | re.DOTALL):
        yield from re.sub(r"\\\n *", " ", found).splitlines()
    for found in re.findall(r"`([^`]+)`", re.sub(block, "", text, flags=re.MULTILINE | re.DOTALL)):
        yield re.sub(r"\s+", " ", found)

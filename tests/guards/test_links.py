"""Links between documents, to existing files and headings."""

import re
from pathlib import Path

from tests.documents import anchors, findings, prose
from tools.checkout import ROOT
from tools.site.pages import LINK, documents

DOCUMENTS = documents(ROOT)


def broken(document: Path) -> list[str]:
    """Broken links of a document."""
    found = []
    for _, link in LINK.findall(prose(document)):
        file, _, anchor = link.partition("#")
        target = document.parent / file if file else document
        if "://" not in link and not (
            target.exists() and (not anchor or anchor in anchors(target.resolve()))
        ):
            found.append(link)
    return found


def test_links_have_targets() -> None:
    assert findings(DOCUMENTS, broken) == {}


def test_numbers_of_decisions_are_unique() -> None:
    numbers = [path.name[:4] for path in (ROOT / "docs" / "adr").glob("*.md")]
    assert sorted(numbers) == sorted(set(numbers))


def test_promises_are_named_as_on_their_page() -> None:
    pages = (ROOT / "docs" / "properties").glob("*.md")
    known = {
        name
        for page in pages
        for name in re.findall(r"^## (P-\d{3})$", page.read_text(), flags=re.MULTILINE)
    }
    sources = [
        path
        for folder in ("constructs", "spotmusic_cdk", "stacks", "tests", "tools")
        for path in (ROOT / folder).glob("**/*.py")
    ]

    def unknown(file: Path) -> list[str]:
        """P-256 is a curve."""
        return [
            name
            for name in re.findall(r"\bP-(?!256\b)\d+|\b[Pp]romises? \d+", file.read_text())
            if name not in known
        ]

    assert known
    assert findings([*DOCUMENTS, *sources], unknown) == {}

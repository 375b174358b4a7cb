"""Links between documents lead to existing files and headings."""

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
        if "://" not in link and not (target.exists() and (not anchor or anchor in anchors(target.resolve()))):
            found.append(link)
    return found


def test_links_lead_somewhere() -> None:
    assert findings(DOCUMENTS, broken) == {}


def test_numbers_of_decisions_are_unique() -> None:
    numbers = [path.name[:4] for path in (ROOT / "docs" / "adr").glob("*.md")]
    assert sorted(numbers) == sorted(set(numbers))

"""Documents of the promises."""

from tools.checkout import ROOT
from tools.documents.promises import TESTS, pages, promises_of

PROMISED = 135


def test_promises_are_numbered_without_gaps() -> None:
    numbers = [
        promise.number for file in TESTS.glob("test_*.py") for promise in promises_of(file)[1]
    ]
    assert sorted(numbers) == list(range(1, PROMISED + 1))


def test_promise_documents_are_up_to_date() -> None:
    """`make promises` writes them."""
    written = {
        str(path.relative_to(ROOT / "docs")): path.read_text()
        for path in (ROOT / "docs").glob("properties*/*.md")
    }
    assert {"properties.md": (ROOT / "docs" / "properties.md").read_text(), **written} == pages()

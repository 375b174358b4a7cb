"""Completeness of docs/flows.md: all flows and rights are drawn or named."""

import re

import pytest

from tools.checkout import settings_of
from tools.documents import flows_document, grants
from tools.documents.flows_document import (
    DATA,
    DOCUMENT,
    NETWORK,
    NOT_DRAWN,
    edges_of_flows,
    edges_of_grants,
)

BLOCK = re.compile(r"```mermaid\n(.*?)```", re.DOTALL)
LINE = re.compile(
    r"flowchart LR|subgraph f\d+\[\"[\w ]+\"\]|end|n\d+\[\"[^\"\[\]{}|]+\"\]|n\d+ -->\|\"[\w, "
    r"]+\"\| n\d+"
)
"""Syntax of Mermaid's flowcharts that the page uses."""


@pytest.fixture(scope="module")
def document() -> str:
    return flows_document.document(settings_of("prod"))


def charts(document: str) -> list[list[str]]:
    return [[line.strip() for line in block.splitlines()] for block in BLOCK.findall(document)]


def drawn(document: str) -> set[tuple[str, str]]:
    """Arrows of all diagrams, by names."""
    found = set()
    for lines in charts(document):
        names = {
            match[1]: match[2].split("<br/>")
            for line in lines
            if (match := re.fullmatch(r"(n\d+)\[\"(.+)\"\]", line))
        }
        for line in lines:
            if arrow := re.fullmatch(r"(n\d+) -->\|.*\| (n\d+)", line):
                found |= {
                    (source, target) for source in names[arrow[1]] for target in names[arrow[2]]
                }
    return found


def test_flows_document_is_current(document: str) -> None:
    assert DOCUMENT.read_text() == document, "run `make flows`"


def test_flows_and_rights_are_documented(document: str) -> None:
    settings = settings_of("prod")
    edges = [*edges_of_flows(settings), *edges_of_grants(grants.read("prod"))]
    omitted = {edge for edge in edges if any(is_omitted(edge) for is_omitted in NOT_DRAWN.values())}
    assert drawn(document) == {(edge.source, edge.target) for edge in edges if edge not in omitted}


@pytest.mark.parametrize("words", NOT_DRAWN)
def test_flows_document_prose_matches_flows(words: str) -> None:
    assert [edge for edge in edges_of_grants(grants.read("prod")) if NOT_DRAWN[words](edge)]


def test_diagram_lines_are_valid_mermaid(document: str) -> None:
    assert len(charts(document)) == len(NETWORK) + len(DATA)
    assert [line for lines in charts(document) for line in lines if not LINE.fullmatch(line)] == []

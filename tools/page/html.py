"""The page as one HTML file, without requests to other files or hosts."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from html import escape
from itertools import chain
from pathlib import Path

from tools.page.icons import ATTRIBUTION, symbols
from tools.page.layout import Shape
from tools.page.model import Page, edges_of
from tools.page.parties import COLUMNS
from tools.page.picture import NARROW, STYLE, WIDE, Edge, svg

HERE = Path(__file__).parent
LAYERS = (("request",), ("request", "scrape"), ("request", "operation"), ("request", "scrape", "operation"))
"""Kinds of flows of each picture of the flows."""


def html(page: Page, docs: str) -> str:
    """Returns the page.

    Args:
        page: its content.
        docs: address of the folder of documents, seen from the page.
    """
    columns = [next(title for title in reversed(COLUMNS[: index + 1]) if title) for index in range(len(COLUMNS))]
    data = json.dumps({**asdict(page), "docs": docs, "columns": columns}, ensure_ascii=False, separators=(",", ":"))
    parts = {
        "environment": escape(page.environment),
        "style": _read("page.css") + STYLE,
        "path": path_picture(page),
        "narrow": path_picture(page, shape=NARROW),
        "flows": "".join(_picture(page, edges_of(page.flows, kinds), f"Flows: {', '.join(kinds)}") for kinds in LAYERS),
        "attribution": escape(ATTRIBUTION),
        "icons": symbols({party.icon for party in page.parties}),
        "script": _read("page.js"),
        # The end of a script element, also in data, would end the script.
        "data": data.replace("<", "\\u003c"),
    }
    text = _read("page.html")
    for name, part in parts.items():
        head, tail = text.split(f"{{{{{name}}}}}", maxsplit=1)
        text = head + part + tail
    return text


def path_picture(page: Page, *, shape: Shape = WIDE, standalone: bool = False) -> str:
    """Returns the picture of the request path.

    Args:
        page: content of the page.
        shape: WIDE or NARROW.
        standalone: True for a file of its own.
    """
    return _picture(page, page.path, "Request path from the listener to the data", titles=COLUMNS, shape=shape, standalone=standalone)


def _picture(
    page: Page, edges: list[Edge], label: str, *, titles: Sequence[str] = (), shape: Shape = WIDE, standalone: bool = False
) -> str:
    drawn = set(chain.from_iterable((edge.source, edge.target) for edge in edges))
    parties = [party for party in page.parties if party.id in drawn]
    return svg(parties, edges, label=label, titles=titles, shape=shape, standalone=standalone)


def _read(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")

"""Page as one HTML file, without requests to other files or hosts."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from html import escape
from itertools import chain
from pathlib import Path

from spotmusic_cdk.settings import Settings
from tools.model.assembly import Assembly
from tools.model.templates import templates_in
from tools.page.icons import ATTRIBUTION, symbols
from tools.page.layout import Shape
from tools.page.model import Page, edges_of, flows_of, parties_of, path_of
from tools.page.parties import COLUMNS
from tools.page.picture import NARROW, STYLE, WIDE, Edge, svg

HERE = Path(__file__).parent
PATH = "Request path from the listener to the data"
LAYERS = (
    ("request",),
    ("request", "scrape"),
    ("request", "operation"),
    ("request", "scrape", "operation"),
)
"""Kinds of flows in each picture of flows."""


def html(page: Page) -> str:
    """Return the page with its content."""
    columns = [
        next(title for title in reversed(COLUMNS[: index + 1]) if title)
        for index in range(len(COLUMNS))
    ]
    data = json.dumps(
        {**asdict(page), "columns": columns}, ensure_ascii=False, separators=(",", ":")
    )
    parts = {
        "environment": escape(page.environment),
        "style": _read("page.css") + STYLE,
        "path": _picture(page, page.path, PATH, titles=COLUMNS),
        "narrow": _picture(page, page.path, PATH, titles=COLUMNS, shape=NARROW),
        "flows": "".join(
            _picture(page, edges_of(page.flows, kinds), f"Flows: {', '.join(kinds)}")
            for kinds in LAYERS
        ),
        "attribution": escape(ATTRIBUTION),
        "icons": symbols({party.icon for party in page.parties}),
        "script": _read("page.js"),
        # A closing tag in the data would end the script element.
        "data": data.replace("<", "\\u003c"),
    }
    text = _read("page.html")
    for name, part in parts.items():
        head, tail = text.split(f"{{{{{name}}}}}", maxsplit=1)
        text = head + part + tail
    return text


def path_picture(settings: Settings, assembly: Path) -> str:
    """Return the picture of the request path as a standalone file, for README.md.

    Args:
        settings: settings of an environment.
        assembly: cloud assembly of the environment.
    """
    platform = Assembly(name=settings.name, settings=settings, templates=templates_in(assembly))
    edges = path_of(flows_of(settings), platform)
    parties = parties_of(edges, settings)
    drawn = svg(parties, edges, label=PATH, titles=COLUMNS, shape=NARROW, standalone=True)
    return f"{drawn}\n"


def _picture(
    page: Page, edges: list[Edge], label: str, *, titles: Sequence[str] = (), shape: Shape = WIDE
) -> str:
    drawn = set(chain.from_iterable((edge.source, edge.target) for edge in edges))
    parties = [party for party in page.parties if party.id in drawn]
    return svg(parties, edges, label=label, titles=titles, shape=shape)


def _read(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")

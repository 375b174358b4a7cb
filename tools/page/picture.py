"""Pictures of parties and their connections, in SVG."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from pathlib import Path

from tools.page.icons import ATTRIBUTION, symbols
from tools.page.layout import Layout, Shape, layout
from tools.page.parties import Party

STYLE = (Path(__file__).parent / "picture.css").read_text(encoding="utf-8")
WIDE, NARROW = Shape(148, 50, 40), Shape(112, 76, 34)
"""Shapes of boxes: text to the right of the icon, or below it in narrow boxes."""
_COLOURS = (
    ":root{--card:#fff;--line:#d5dae1;--ink:#1b2430;--soft:#5c6878;"
    "--request:#0b7a6b;--scrape:#b45309;--operation:#6d4fc4;"
    "--font:system-ui,-apple-system,'Segoe UI',Roboto,sans-serif}"
    "@media(prefers-color-scheme:dark){:root{"
    "--card:#1a212b;--line:#39434f;--ink:#e8edf3;--soft:#a3afbd;"
    "--request:#3fbfa9;--scrape:#f0a04b;--operation:#a896ee}}"
)
"""Colours of a standalone file, as in page.css."""


@dataclass(frozen=True, kw_only=True)
class Edge:
    """Arrow between two boxes.

    Args:
        source: id of the box at its start.
        target: id of the box at its end.
        kind: `request`, `scrape` or `operation`.
        label: ports or paths.
        shown: whether the label is drawn, above the arrow in the first column that it passes.
    """

    source: str
    target: str
    kind: str = "request"
    label: str = ""
    shown: bool = False


def svg(
    parties: Sequence[Party],
    edges: Sequence[Edge],
    *,
    label: str,
    titles: Sequence[str],
    shape: Shape,
    standalone: bool = False,
) -> str:
    """Return a picture.

    Args:
        parties: boxes of the picture.
        edges: arrows, at most one from a box to another.
        label: text for screen readers.
        titles: title of each column; an empty one continues the previous one.
        shape: WIDE or NARROW.
        standalone: writes a file with its own style and icons.
    """
    placed = layout(
        {party.id: party.column for party in parties},
        [(edge.source, edge.target) for edge in edges],
        shape,
    )
    drawn = [
        *_titles(titles, placed, shape.gap),
        *(_arrow(edge, placed.routes[edge.source, edge.target]) for edge in edges),
        *(_box(party, *placed.corners[party.id], shape) for party in parties),
    ]
    head = (
        f"<desc>{escape(ATTRIBUTION)}</desc><style>{_COLOURS}{STYLE}</style>"
        f"{symbols({party.icon for party in parties})}"
        if standalone
        else ""
    )
    width, height = f"{placed.width:.0f}", f"{placed.height:.0f}"
    frame = (
        '<svg xmlns="http://www.w3.org/2000/svg" class="picture" '
        f'viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="group" aria-label="{escape(label)}">'
    )
    return "\n".join([frame, head, *drawn, "</svg>"])


def _titles(titles: Sequence[str], placed: Layout, gap: int) -> list[str]:
    found = []
    for column, x in placed.columns.items():
        if column < len(titles) and titles[column]:
            found.append(f'<text class="title" x="{x:.0f}" y="14">{escape(titles[column])}</text>')
            if column:
                line = x - gap / 2
                found.append(f'<path class="band" d="M{line:.0f} 0V{placed.height:.0f}"/>')
    return found


def _arrow(edge: Edge, points: Sequence[tuple[float, float]]) -> str:
    (x, y), (before, _) = points[-1], points[-2]
    back = 1 if before > x or before == x else -1
    path = f"M{points[0][0]:g} {points[0][1]:g}"
    for (x1, y1), (x2, y2) in pairwise(points):
        bend = 34 if x1 == x2 else (x2 - x1) / 2
        path += (
            f"H{x2:g}"
            if y1 == y2 and x1 != x2
            else f"C{x1 + bend:g} {y1:g} {x2 + (bend if x1 == x2 else -bend):g} {y2:g} "
            f"{x2:g} {y2:g}"
        )
    head = f"M{x:g} {y:g}l{7 * back} -3.5v7z"
    about = escape(f"{edge.source} to {edge.target}{': ' + edge.label if edge.label else ''}")
    text = ""
    if edge.shown and len(points) > 2:
        left, top = points[1][0] + 6, points[1][1] - 4
        text = f'<text class="label" x="{left:g}" y="{top:g}">{escape(edge.label)}</text>'
    return (
        f'<g class="edge {edge.kind}" data-from="{edge.source}" data-to="{edge.target}">'
        f'<title>{about}</title><path class="hit" d="{path}"/><path class="way" d="{path}"/>'
        f'<path class="head" d="{head}"/>{text}</g>'
    )


def _box(party: Party, x: float, y: float, shape: Shape) -> str:
    about = escape(f"{party.label}, {party.detail}" if party.detail else party.label)
    middle, centre = shape.height / 2, shape.width / 2
    icon, words, below = (
        ((9, middle - 14), 45, middle - 2) if shape == WIDE else ((centre - 14, 8), centre, 52)
    )
    kind = f"{' long' if len(party.label) > 13 else ''}{'' if shape == WIDE else ' under'}"
    return (
        f'<g class="box" data-party="{party.id}" tabindex="0" role="button" '
        f'aria-label="{about}" transform="translate({x:g} {y:g})">'
        f'<rect width="{shape.width}" height="{shape.height}" rx="8"/>'
        f'<use href="#icon-{party.icon}" x="{icon[0]:g}" y="{icon[1]:g}" width="28" height="28"/>'
        f'<text class="name{kind}" x="{words:g}" y="{below:g}">{escape(party.label)}</text>'
        f'<text class="detail{kind}" x="{words:g}" y="{below + 15:g}">'
        f"{escape(party.detail)}</text></g>"
    )

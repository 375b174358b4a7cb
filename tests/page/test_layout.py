"""Layout of pictures."""

from itertools import combinations

from tools.page.layout import layout
from tools.page.picture import WIDE

BOXES = {"a": 0, "b": 1, "c": 1, "d": 2, "e": 2, "f": 3}
ARROWS = [
    ("a", "b"),
    ("a", "c"),
    ("b", "e"),
    ("c", "d"),
    ("a", "f"),
    ("f", "b"),
    ("d", "e"),
    ("c", "c"),
]


def test_boxes_do_not_overlap() -> None:
    corners = layout(BOXES, ARROWS, WIDE).corners.values()
    assert all(
        abs(x - u) >= WIDE.width or abs(y - v) >= WIDE.height
        for (x, y), (u, v) in combinations(corners, 2)
    )


def test_arrows_join_their_boxes() -> None:
    placed = layout(BOXES, ARROWS, WIDE)
    for (source, target), points in placed.routes.items():
        for (x, y), name in ((points[0], source), (points[-1], target)):
            left, top = placed.corners[name]
            assert x in (left, left + WIDE.width)
            assert top <= y <= top + WIDE.height


def test_simple_chains_do_not_cross() -> None:
    placed = layout({"a": 0, "b": 0, "c": 1, "d": 1}, [("a", "d"), ("b", "c")], WIDE)
    above = placed.corners["a"][1] < placed.corners["b"][1]
    assert above == (placed.corners["d"][1] < placed.corners["c"][1])


def test_layout_is_the_same_each_time() -> None:
    assert layout(BOXES, ARROWS, WIDE) == layout(BOXES, list(reversed(ARROWS)), WIDE)

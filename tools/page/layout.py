"""Layered layout of a picture: fixed columns, few crossings, and deterministic results."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

HEAD = 34
"""Height of the titles, in pixels."""
_LANE = 10
_SWEEPS, _PULL = 24, 0.12

Arrow = tuple[str, str]
"""Source and target."""


@dataclass(frozen=True)
class Shape:
    """Size of boxes, in pixels.

    Args:
        width: width of a box.
        height: height of a box.
        gap: distance between columns.
    """

    width: int
    height: int
    gap: int


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Places of boxes and arrows.

    Args:
        corners: upper left corner of each box.
        routes: points of each arrow from source to target; level if both have the same height.
        columns: left edge of each column.
        width: total width.
        height: total height.
    """

    corners: Mapping[str, tuple[float, float]]
    routes: Mapping[Arrow, list[tuple[float, float]]]
    columns: Mapping[int, float]
    width: float
    height: float


def layout(boxes: Mapping[str, int], arrows: Iterable[Arrow], shape: Shape) -> Layout:
    """Place boxes in their columns.

    Args:
        boxes: column of each box.
        arrows: arrows between boxes.
        shape: size of the boxes.
    """
    used = sorted(set(boxes.values()))
    at = {name: used.index(column) for name, column in boxes.items()}
    ways = {arrow: _way(arrow, at) for arrow in arrows}
    columns: list[list[str]] = [
        [name for name in boxes if at[name] == column] for column in range(len(used))
    ]
    for way in ways.values():
        for lane in way[1:-1]:
            column = columns[at[way[0]] + way.index(lane)]
            if lane not in column:
                column.append(lane)
    heights = {
        name: shape.height if name in boxes else _LANE for column in columns for name in column
    }
    neighbours = _neighbours(ways.values(), at)
    y = _levelled(_ordered(columns, neighbours), heights, neighbours)
    x = [column * (shape.width + shape.gap) + 2.0 for column in range(len(used))]
    sides = {
        name: (x[column], x[column] + shape.width)
        for column, names in enumerate(columns)
        for name in names
    }
    ports = _ports(ways, sides, y, shape.height)
    return Layout(
        corners={name: (sides[name][0], y[name] - shape.height / 2) for name in boxes},
        routes={
            arrow: _route(way, arrow[0], sides, y, [ports[arrow, way[0]], ports[arrow, way[-1]]])
            for arrow, way in ways.items()
        },
        columns={column: x[index] for index, column in enumerate(used)},
        width=x[-1] + shape.width + 2,
        height=max(y[name] + heights[name] / 2 for name in y) + 4,
    )


def _way(arrow: Arrow, at: Mapping[str, int]) -> list[str]:
    """Slots of an arrow from left to right, with a lane in each passed column."""
    left, right = sorted(arrow, key=lambda name: (at[name], name))
    return [left, *(f"{left}|{right}|{column}" for column in range(at[left] + 1, at[right])), right]


def _neighbours(
    ways: Iterable[list[str]], at: Mapping[str, int]
) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """Slots to the left and to the right of each slot."""
    left, right = defaultdict(set), defaultdict(set)
    for way in ways:
        if at[way[0]] != at[way[-1]]:
            for one, other in pairwise(way):
                right[one].add(other)
                left[other].add(one)
    return left, right


def _ordered(
    columns: list[list[str]], neighbours: tuple[dict[str, set[str]], dict[str, set[str]]]
) -> list[list[str]]:
    """Columns in the order with the fewest crossings, found by sweeps of the barycentre."""
    best, fewest = [list(column) for column in columns], _crossings(columns, neighbours[1])
    for sweep in range(_SWEEPS):
        backward = sweep % 2
        for column in reversed(columns) if backward else columns:
            rank = {
                name: index / len(names) for names in columns for index, name in enumerate(names)
            }
            means = {
                name: fmean(
                    sorted(rank[other] for other in neighbours[backward][name]) or [rank[name]]
                )
                for name in column
            }
            column.sort(key=lambda name: means[name])
        if (number := _crossings(columns, neighbours[1])) < fewest:
            best, fewest = [list(column) for column in columns], number
    return best


def _crossings(columns: Sequence[Sequence[str]], right: Mapping[str, set[str]]) -> int:
    rank = {name: index for column in columns for index, name in enumerate(column)}
    ends = [
        [end for name in column for end in sorted(rank[other] for other in right.get(name, ()))]
        for column in columns
    ]
    return sum(
        one > other
        for column in ends
        for index, one in enumerate(column)
        for other in column[index + 1 :]
    )


def _levelled(
    columns: Sequence[Sequence[str]],
    heights: Mapping[str, int],
    neighbours: tuple[dict[str, set[str]], dict[str, set[str]]],
) -> dict[str, float]:
    """Height of the centre of each slot: near its neighbours, in order and without overlap."""
    y = {name: index * 66.0 for column in columns for index, name in enumerate(column)}
    middle = max(y.values()) / 2
    for sweep in range(4 * _SWEEPS):
        for column in reversed(columns) if sweep % 2 else columns:
            near = (
                fmean(sorted(y[other] for side in neighbours for other in side[name]) or [middle])
                for name in column
            )
            # Boxes are pulled to the middle, otherwise the picture would grow with each sweep.
            wanted = [
                level + (middle - level) * _PULL * (heights[name] > _LANE)
                for name, level in zip(column, near, strict=True)
            ]
            y.update(zip(column, _apart(wanted, [heights[name] for name in column]), strict=True))
    top = min(y[name] - heights[name] / 2 for name in y) - HEAD
    return {name: round((value - top) / 4) * 4.0 for name, value in y.items()}


def _apart(wanted: Sequence[float], heights: Sequence[int]) -> list[float]:
    """Return the nearest numbers that keep order and distance (isotonic regression)."""
    offsets = [0.0]
    for one, other in pairwise(heights):
        offsets.append(offsets[-1] + (one + other) / 2 + (8 if one == other == _LANE else 16))
    blocks: list[list[float]] = []
    for value, offset in zip(wanted, offsets, strict=True):
        blocks.append([value - offset])
        while len(blocks) > 1 and fmean(blocks[-2]) > fmean(blocks[-1]):
            last = blocks.pop()
            blocks[-1] += last
    level = [fmean(block) for block in blocks for _ in block]
    return [base + offset for base, offset in zip(level, offsets, strict=True)]


def _ports(
    ways: Mapping[Arrow, list[str]],
    sides: Mapping[str, tuple[float, float]],
    y: Mapping[str, float],
    height: int,
) -> dict[tuple[Arrow, str], float]:
    """Height at which each arrow leaves and reaches a box, in the order of the other ends."""
    leaving: dict[tuple[str, bool], list[tuple[float, Arrow]]] = defaultdict(list)
    for arrow, way in ways.items():
        for here, there in ((way[0], way[1]), (way[-1], way[-2])):
            leaving[here, sides[there] >= sides[here]].append((y[there], arrow))
    ports = {}
    for (here, _), found in leaving.items():
        step = min(8.0, (height - 16) / max(1, len(found) - 1))
        for index, (_, arrow) in enumerate(sorted(found)):
            ports[arrow, here] = round(y[here] + step * (index - (len(found) - 1) / 2), 1)
    return ports


def _route(
    way: list[str],
    start: str,
    sides: Mapping[str, tuple[float, float]],
    y: Mapping[str, float],
    ends: Sequence[float],
) -> list[tuple[float, float]]:
    """Points of an arrow.

    Args:
        way: slots from left to right.
        start: slot at the start of the arrow.
        sides: left and right edge of each slot.
        y: centre of each slot.
        ends: heights at the first and the last slot.
    """
    first, last = way[0], way[-1]
    if sides[first] == sides[last]:
        apart = 6 * (first == last)
        return [(sides[first][1], ends[0] - apart), (sides[first][1], ends[1] + apart)]
    passing = [(x, y[lane]) for lane in way[1:-1] for x in sides[lane]]
    points = [(sides[first][1], ends[0]), *passing, (sides[last][0], ends[1])]
    return points if first == start else points[::-1]

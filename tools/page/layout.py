"""Places in a layered picture: fixed columns, few crossings, and the same result each time."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

WIDTH, HEIGHT = 148, 50
"""Size of a box, in pixels."""
GAP, HEAD = 40, 34
"""Between columns, and height of the titles."""
_LANE = 10
_SWEEPS, _PULL = 24, 0.12

Arrow = tuple[str, str]
"""Source and target."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Places of boxes and arrows.

    Args:
        corners: left upper corner of each box.
        routes: points of each arrow from its source to its target; it is level between two of the same height.
        columns: left edge of each column.
        width: width of all.
        height: height of all.
    """

    corners: Mapping[str, tuple[float, float]]
    routes: Mapping[Arrow, list[tuple[float, float]]]
    columns: Mapping[int, float]
    width: float
    height: float


def layout(boxes: Mapping[str, int], arrows: Iterable[Arrow]) -> Layout:
    """Places boxes in their columns.

    Args:
        boxes: column of each box.
        arrows: arrows between boxes.
    """
    used = sorted(set(boxes.values()))
    at = {name: used.index(column) for name, column in boxes.items()}
    ways = {arrow: _way(arrow, at) for arrow in arrows}
    columns: list[list[str]] = [[name for name in boxes if at[name] == column] for column in range(len(used))]
    for way in ways.values():
        for lane in way[1:-1]:
            column = columns[at[way[0]] + way.index(lane)]
            if lane not in column:
                column.append(lane)
    heights = {name: HEIGHT if name in boxes else _LANE for column in columns for name in column}
    beside = _neighbours(ways.values(), at)
    y = _levelled(_ordered(columns, beside), heights, beside)
    x = [column * (WIDTH + GAP) + 2.0 for column in range(len(used))]
    across = {name: x[column] for column, names in enumerate(columns) for name in names}
    ports = _ports(ways, across, y)
    return Layout(
        corners={name: (across[name], y[name] - HEIGHT / 2) for name in boxes},
        routes={arrow: _route(arrow, way, across, y, ports) for arrow, way in ways.items()},
        columns={column: x[index] for index, column in enumerate(used)},
        width=x[-1] + WIDTH + 2,
        height=max(y[name] + heights[name] / 2 for name in y) + 4,
    )


def _way(arrow: Arrow, at: Mapping[str, int]) -> list[str]:
    """Slots of an arrow from left to right: a lane in each column that it passes."""
    left, right = sorted(arrow, key=lambda name: (at[name], name))
    return [left, *(f"{left}|{right}|{column}" for column in range(at[left] + 1, at[right])), right]


def _neighbours(ways: Iterable[list[str]], at: Mapping[str, int]) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """Slots to the left and to the right of each slot."""
    left, right = defaultdict(set), defaultdict(set)
    for way in ways:
        if at[way[0]] != at[way[-1]]:
            for one, other in pairwise(way):
                right[one].add(other)
                left[other].add(one)
    return left, right


def _ordered(columns: list[list[str]], beside: tuple[dict[str, set[str]], dict[str, set[str]]]) -> list[list[str]]:
    """Columns in the order with the fewest crossings that sweeps of the barycentre find."""
    best, fewest = [list(column) for column in columns], _crossings(columns, beside[1])
    for sweep in range(_SWEEPS):
        backward = sweep % 2
        for column in reversed(columns) if backward else columns:
            rank = {name: index / len(names) for names in columns for index, name in enumerate(names)}
            means = {name: fmean(sorted(rank[other] for other in beside[backward][name]) or [rank[name]]) for name in column}
            column.sort(key=lambda name: means[name])
        if (number := _crossings(columns, beside[1])) < fewest:
            best, fewest = [list(column) for column in columns], number
    return best


def _crossings(columns: Sequence[Sequence[str]], right: Mapping[str, set[str]]) -> int:
    rank = {name: index for column in columns for index, name in enumerate(column)}
    ends = [[end for name in column for end in sorted(rank[other] for other in right.get(name, ()))] for column in columns]
    return sum(one > other for column in ends for index, one in enumerate(column) for other in column[index + 1 :])


def _levelled(
    columns: Sequence[Sequence[str]], heights: Mapping[str, int], beside: tuple[dict[str, set[str]], dict[str, set[str]]]
) -> dict[str, float]:
    """Height of the centre of each slot: near its neighbours, in order and without overlap."""
    y = {name: index * 66.0 for column in columns for index, name in enumerate(column)}
    middle = max(y.values()) / 2
    for sweep in range(4 * _SWEEPS):
        for column in reversed(columns) if sweep % 2 else columns:
            near = (fmean(sorted(y[other] for side in beside for other in side[name]) or [middle]) for name in column)
            # A box is drawn to the middle, or the picture would grow with each sweep.
            wanted = [level + (middle - level) * _PULL * (heights[name] == HEIGHT) for name, level in zip(column, near, strict=True)]
            y.update(zip(column, _apart(wanted, [heights[name] for name in column]), strict=True))
    top = min(y[name] - heights[name] / 2 for name in y) - HEAD
    return {name: round((value - top) / 4) * 4.0 for name, value in y.items()}


def _apart(wanted: Sequence[float], heights: Sequence[int]) -> list[float]:
    """Returns the numbers nearest to those wanted that keep order and distance (isotonic regression)."""
    offsets = [0.0]
    for one, other in pairwise(heights):
        offsets.append(offsets[-1] + (one + other) / 2 + (18 if one == other == HEIGHT else 8))
    blocks: list[list[float]] = []
    for value, offset in zip(wanted, offsets, strict=True):
        blocks.append([value - offset])
        while len(blocks) > 1 and fmean(blocks[-2]) > fmean(blocks[-1]):
            last = blocks.pop()
            blocks[-1] += last
    level = [fmean(block) for block in blocks for _ in block]
    return [base + offset for base, offset in zip(level, offsets, strict=True)]


def _ports(ways: Mapping[Arrow, list[str]], x: Mapping[str, float], y: Mapping[str, float]) -> dict[tuple[Arrow, str], float]:
    """Height at which each arrow leaves and reaches a box: in the order of where it leads."""
    sides: dict[tuple[str, bool], list[tuple[float, Arrow]]] = defaultdict(list)
    for arrow, way in ways.items():
        for here, there in ((way[0], way[1]), (way[-1], way[-2])):
            sides[here, x[there] >= x[here]].append((y[there], arrow))
    ports = {}
    for (here, _), found in sides.items():
        step = min(8.0, (HEIGHT - 16) / max(1, len(found) - 1))
        for index, (_, arrow) in enumerate(sorted(found)):
            ports[arrow, here] = round(y[here] + step * (index - (len(found) - 1) / 2), 1)
    return ports


def _route(
    arrow: Arrow, way: list[str], x: Mapping[str, float], y: Mapping[str, float], ports: Mapping[tuple[Arrow, str], float]
) -> list[tuple[float, float]]:
    source, target = arrow
    if x[source] == x[target]:
        side = x[source] + WIDTH
        return [(side, ports[arrow, source] - 6 * (source == target)), (side, ports[arrow, target] + 6 * (source == target))]
    points = [(x[way[0]] + WIDTH, ports[arrow, way[0]])]
    points += [(x[lane] + side, y[lane]) for lane in way[1:-1] for side in (0, WIDTH)]
    points.append((x[way[-1]], ports[arrow, way[-1]]))
    return points if way[0] == source else points[::-1]

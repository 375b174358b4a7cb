"""Priority of a listener rule from its path, independent of other services."""

from collections.abc import Iterable
from hashlib import sha256

_BANDS = {
    2: (20_000, 49_999),
    3: (8_000, 19_999),
    4: (3_000, 7_999),
    5: (1_000, 2_999),
    6: (1, 999),
}
"""Lowest and highest priority by the number of segments of a path. ALB allows 1 to 50000 and
evaluates low numbers first, so /v1/tracks/lyrics must precede /v1/tracks. Most routes have two
segments, and therefore the widest band. Numbers of release 0.1.0 were higher by one: a rule that
replaces one of them directly precedes it."""


def route_priorities(paths: Iterable[str]) -> dict[str, int]:
    """Return the priority of each path: a hash of the path, within the band of its depth.

    Consecutive numbers would change when a service is deleted, and ALB rejects a number in use
    while CloudFormation swaps them. Two of 25 services have the same hash with about 1%
    probability; the synthesis then fails, before any deployment.

    Raises:
        ValueError: if two paths have the same priority, or a path has too many segments.
    """
    taken: dict[int, str] = {}
    for path in paths:
        priority = _priority(path)
        if priority in taken:
            raise ValueError(
                f"route: {path} and {taken[priority]} have the same listener priority, {priority}. "
                f"Change the newer path, such as to {path}s."
            )
        taken[priority] = path
    return {path: priority for priority, path in taken.items()}


def _priority(path: str) -> int:
    depth = len(path.strip("/").split("/"))
    if depth > max(_BANDS):
        raise ValueError(f"route: {path} has {depth} segments. Use {max(_BANDS)} or fewer.")
    first, last = _BANDS[max(depth, min(_BANDS))]
    return first + int.from_bytes(sha256(path.encode()).digest()[:8], "big") % (last - first + 1)

"""The priority of a listener rule, from nothing but its path: a new service never moves the rules of others."""

from collections.abc import Iterable
from hashlib import sha256

_BANDS = {2: (20_000, 49_999), 3: (8_000, 19_999), 4: (3_000, 7_999), 5: (1_000, 2_999), 6: (1, 999)}
"""Lowest and highest priority by the number of segments of a path. ALB takes 1 to 50000 and tries low numbers first, so that
/v1/tracks/lyrics must stand before /v1/tracks. Most routes have two segments, which get most of the room.
Release 0.1.0 had numbers higher by one: a rule that replaces one of it stands directly before it."""


def route_priorities(paths: Iterable[str]) -> dict[str, int]:
    """Returns the priority of each path: a hash of the path, within the band of its depth.

    Counting them would give a service another number when one before it goes, and ALB refuses a number that is taken while
    CloudFormation swaps them. Two hashes are the same with about 1% probability among 25 services, which no number derived from
    a single path can rule out; that is refused at synthesis, never at deployment.

    Raises:
        ValueError: two paths have the same priority, or a path is too deep.
    """
    taken: dict[int, str] = {}
    for path in paths:
        priority = _priority(path)
        if priority in taken:
            raise ValueError(
                f"route: {path} and {taken[priority]} get the same listener priority, {priority}. Change the newer one, such as to {path}s."
            )
        taken[priority] = path
    return {path: priority for priority, path in taken.items()}


def _priority(path: str) -> int:
    depth = len(path.strip("/").split("/"))
    if depth > max(_BANDS):
        raise ValueError(f"route: {path} has {depth} segments. Use {max(_BANDS)} or fewer.")
    first, last = _BANDS[max(depth, min(_BANDS))]
    return first + int.from_bytes(sha256(path.encode()).digest()[:8], "big") % (last - first + 1)

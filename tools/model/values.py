"""Values of templates and manifests."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

Json = dict[str, Any]

ACCOUNT = "111122223333"
"""Account placeholder for templates without a fixed account."""


def at(value: Any, path: str) -> Any:
    """Follow a path of names and indices; None if it ends early."""
    for step in path.split("."):
        if isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        elif isinstance(value, dict):
            value = value.get(step)
        else:
            return None
    return value


def children(value: Any) -> Iterable[tuple[Any, Any]]:
    """Return the items of an object, or of a list with their indices; empty for other values."""
    if isinstance(value, dict):
        return value.items()
    return enumerate(value) if isinstance(value, list) else ()


def rebuilt(value: Any, change: Callable[[Any], Any]) -> Any:
    """Return an object or a list with changed items, and any other value as it is."""
    if isinstance(value, dict):
        return {key: change(item) for key, item in value.items()}
    return [change(item) for item in value] if isinstance(value, list) else value


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the values without children, with their paths."""
    found = False
    for key, item in children(value):
        found = True
        yield from leaves(item, f"{path}.{key}" if path else str(key))
    if not found:
        yield path, value


def texts(value: Any) -> Iterator[str]:
    """Yield the texts at any depth."""
    return (leaf for _, leaf in leaves(value) if isinstance(leaf, str))


def without_suffix(id_: str) -> str:
    """Return a logical id without CDK's hash."""
    return re.sub(r"[0-9A-F]{8}$", "", id_)


def cores(quantity: str | float) -> float:
    """Return a Kubernetes CPU quantity in cores."""
    text = str(quantity)
    return float(text.removesuffix("m")) / 1000 if text.endswith("m") else float(text)


def numbers(version: object) -> list[int]:
    """Return the numbers of a version, for comparison; an empty list for None."""
    return [int(part) for part in re.findall(r"\d+", str(version))]


def as_list(value: Any) -> list[Any]:
    """Return a list from a value that IAM accepts as one value or a list."""
    return value if isinstance(value, list) else [] if value is None else [value]

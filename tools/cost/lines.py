"""Items of an estimate."""

from dataclasses import dataclass

Amounts = tuple[float, float, float]
"""USD per month at low, mid and high use."""


@dataclass(frozen=True)
class Line:
    """Item of a stack.

    Args:
        stack: id of the stack.
        label: description of the item.
        usd: price of the item.
        unsure: part of the price without a public source.
    """

    stack: str
    label: str
    usd: Amounts
    unsure: Amounts


def total(amounts: list[Amounts]) -> Amounts:
    """Return the sum of amounts, level by level."""
    low, mid, high = (
        (sum(column) for column in zip(*amounts, strict=True)) if amounts else (0.0, 0.0, 0.0)
    )
    return low, mid, high

"""Remaining capacity of a component after a fault, compared with the busiest minute."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class RemainingCapacity:
    """Number of one component under one fault.

    Args:
        component: component, such as `kong`.
        what: unit of the number.
        left: remaining number.
        needed: number that the objective requires.
        fix: remedy if it does not suffice.
    """

    component: str
    what: str
    left: float
    needed: float
    fix: str

    @property
    def suffices(self) -> bool:
        return self.left >= self.needed

    def __str__(self) -> str:
        return f"{self.component}: {self.left:g} {self.what} left, {self.needed:g} needed, {self.needed - self.left:g} short. {self.fix}"

"""What a fault leaves of a component, against what the busiest minute needs of it."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class RemainingCapacity:
    """One number of one component under one fault.

    Args:
        component: what is looked at, such as `kong`.
        what: what is counted.
        left: how much of it the fault leaves.
        needed: how much the objective needs.
        fix: what to do where it does not suffice.
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

"""Change of a deployed environment, and its effect."""

from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass
from enum import StrEnum


class Effect(StrEnum):
    """Effect of a change, worst first."""

    REFUSED = "refused"
    LOSS = "loses data"
    REPLACEMENT = "replacement"
    INTERRUPTION = "interruption"
    NONE = "no interruption"


ORDER = {effect: place for place, effect in enumerate(Effect)}

Found = tuple[Effect, str, str]
"""Effect, description and safe procedure of a change that a rule detects."""


@dataclass(frozen=True)
class Change:
    """Change of a resource or release.

    Args:
        effect: effect on the running platform.
        stack: id of the stack, such as `data`.
        subject: logical id of the resource, or name of the release.
        detail: description of the change.
        advice: safe procedure; empty if none is needed.
        holds_data: whether the subject holds data.
        sign: `+` is added, `~` is changed or replaced, `-` is removed.
    """

    effect: Effect
    stack: str
    subject: str
    detail: str
    advice: str = ""
    _: KW_ONLY
    holds_data: bool = False
    sign: str = "~"

    @property
    def rank(self) -> tuple[int, bool, str, str]:
        """Sort key of a report: by effect, subjects with data first."""
        return ORDER[self.effect], not self.holds_data, self.stack, self.subject


def exit_status(changes: Iterable[Change]) -> int:
    """Return the exit status of a report.

    It is 0 without interruption, 1 if AWS refuses a change, 2 for an interruption, a replacement
    or a loss of data.
    """
    effects = {change.effect for change in changes}
    if Effect.REFUSED in effects:
        return 1
    return 2 if effects - {Effect.NONE} else 0

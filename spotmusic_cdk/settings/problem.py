"""Something in an environment file that cannot be deployed."""

from collections.abc import Iterable
from dataclasses import dataclass

LONGEST = 80
"""Letters of a value that a message repeats: enough to find it again."""
LONGEST_KEY = 60
"""Letters of a key: longer than any that an environment knows."""


@dataclass(frozen=True)
class Problem:
    """Something in an environment file that cannot be deployed.

    Args:
        key: where it stands, such as `services.trends.cpu`.
        wrong: what is wrong, without a full stop.
        advice: what to do, one sentence.
    """

    key: str
    wrong: str
    advice: str

    def __str__(self) -> str:
        return f"{self.key}: {self.wrong}. {self.advice}"


class ProblemsError(ValueError):
    """Several problems that a check found at once."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


def shown(value: object) -> str:
    """Repeats a value in a message: on one line, without letters that a terminal would obey, and not all of it."""
    text = ascii(value) if isinstance(value, str) and not value.isprintable() else repr(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def key_of(path: Iterable[str]) -> str:
    """Writes the keys that lead to a value as one, on one line."""
    return ".".join(part if part.isprintable() and len(part) <= LONGEST_KEY else shown(part) for part in path)

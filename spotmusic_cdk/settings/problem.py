"""Something in an environment file that cannot be deployed."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """Something in an environment file that cannot be deployed."""

    key: str
    wrong: str
    advice: str

    def __str__(self) -> str:
        return f"{self.key}: {self.wrong}. {self.advice}"

"""Evaluation of CloudWatch Logs filter patterns for JSON, because the embedded AWS accepts all
events."""

import re
from collections.abc import Mapping
from typing import Any

_TERM = re.compile(
    r"\$\.(?P<path>[\w.-]+) (?:(?P<sign>=|!=|>=|<=|>|<) "
    r"(?P<value>\"[^\"]*\"|[\d.]+)|(?P<absent>NOT EXISTS))"
)


def matches(pattern: str, event: Mapping[str, Any]) -> bool:
    """Return whether an event matches a pattern.

    A missing field matches no comparison.

    Args:
        pattern: filter pattern of JSON, such as `{ $.source = "aws.backup" }`.
        event: the event.
    """

    def translated(term: re.Match[str]) -> str:
        found: Any = event
        for name in term["path"].split("."):
            found = found.get(name) if isinstance(found, Mapping) else None
        if term["absent"] or found is None:
            return str(bool(term["absent"]) and found is None)
        sign = "==" if term["sign"] == "=" else term["sign"]
        return f"({found!r} {sign} {term['value']})"

    words = _TERM.sub(translated, pattern.strip().removeprefix("{").removesuffix("}").strip())
    expression = words.replace("&&", " and ").replace("||", " or ")
    return bool(eval(expression, {}))  # noqa: S307 - patterns of the project

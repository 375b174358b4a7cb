"""Conversion of CommonMark lists to the indentation of Python-Markdown."""

import re
from collections.abc import Iterator

_COLUMNS = 4
"""Columns per level of a list; CommonMark also accepts two or three."""
_ITEM = re.compile(r"(?:[-*+]|\d+\.) +")
_FENCE = re.compile(r"`{3,}")


def indented(text: str) -> Iterator[tuple[str, bool]]:
    """Yield each line, indented by four columns per list level, and whether it is code.

    Python-Markdown requires an empty line before an item that follows a paragraph, and reads every
    number at the start of a line as an item.
    """
    items: list[int] = []  # columns of the content of all open items
    fence, before, apart = "", "", False
    for line in text.splitlines():
        content = line.lstrip(" ")
        column = len(line) - len(content)
        if fence or not content:
            yield _line(items, column, content), bool(fence)
            fence = "" if content.strip() == fence else fence
            before, apart = content, True
            continue
        around = [begin for begin in items if begin <= column]
        continues, items = bool(before) and around == items, around
        item = _ITEM.match(content)
        if item and continues and content[0] in "023456789":
            content, item = content.replace(".", "\\.", 1), None
        if item and before and (continues or apart):
            yield "", False
        yield _line(items, column, content), False
        if item:
            items, apart = [*items, column + item.end()], False
        elif opened := _FENCE.match(content):
            fence = opened[0]
        before = content


def _line(items: list[int], column: int, content: str) -> str:
    beyond = max(0, column - items[-1]) if items else column
    return " " * (_COLUMNS * len(items) + beyond) + content if content else ""

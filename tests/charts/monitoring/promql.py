"""Metrics and labels of a PromQL expression, parsed as far as rules and dashboards require."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
TOKEN = re.compile(rf"\"(?:[^\"\\]|\\.)*\"|\[[^\]]*\]|{NAME}|\d[\w.]*|[^\s]")
GROUPING = frozenset({"by", "without", "on", "ignoring", "group_left", "group_right"})
AGGREGATIONS = frozenset(
    {"sum", "min", "max", "avg", "count", "topk", "bottomk", "quantile", "group", "stddev"}
)
WORDS = GROUPING | AGGREGATIONS | {"and", "or", "unless", "bool", "offset", "inf", "nan"}


@dataclass(frozen=True)
class Selector:
    """Metric with the labels in its braces."""

    metric: str
    labels: frozenset[str]


def selectors(expr: str) -> list[Selector]:
    """Return the metrics of an expression."""
    return [item for item in _parts(expr) if isinstance(item, Selector)]


def grouping_labels(expr: str) -> set[str]:
    """Return the labels by which an expression groups or joins."""
    return {item for item in _parts(expr) if isinstance(item, str)}


def _parts(expr: str) -> Iterator[Selector | str]:
    tokens = TOKEN.findall(expr)
    index = 0
    while index < len(tokens):
        token = tokens[index]
        following = tokens[index + 1] if index + 1 < len(tokens) else ""
        index += 1
        if not re.fullmatch(NAME, token):
            continue
        if token.lower() in GROUPING and following == "(":
            end = tokens.index(")", index)
            yield from (word for word in tokens[index + 1 : end] if re.fullmatch(NAME, word))
            index = end + 1
        elif following == "{":
            end = tokens.index("}", index)
            inside = tokens[index + 1 : end]
            names = {
                word
                for word, after in pairwise(inside)
                if re.fullmatch(NAME, word) and after in "=!~"
            }
            yield Selector(token, frozenset(names))
            index = end + 1
        elif following != "(" and token.lower() not in WORDS:
            yield Selector(token, frozenset())

"""From the text of an environment file to a plain document, or to what of it is no environment."""

import re
from collections.abc import Hashable, Iterator
from datetime import date
from typing import Any

import yaml

from spotmusic_cdk.settings.problem import key_of

LARGEST = 256 * 1024
"""Characters of an environment file: a hundred times the largest that makes sense, and still read in a second."""
MOST_VALUES = 20_000
"""Values of a document with its aliases written out, so that a few lines of aliases to aliases cannot fill the memory."""
NESTED = "this is nested deeper than any environment. Correct the brackets."
_BRACKETS = re.compile(r"([\[{]\s*){50}")
"""Brackets in brackets, at which a reader of YAML needs seconds before it gives up."""
_MERGE = "tag:yaml.org,2002:merge"


class TextError(Exception):
    """The text is no plain YAML document; the message says what is wrong and what to do."""


def document_of(text: str) -> dict[str, Any]:
    """Returns the mapping that a text holds, made of nothing but text, numbers, booleans, null, lists and mappings.

    Raises:
        TextError: it holds anything else, or too much.
    """
    if len(text) > LARGEST:
        raise TextError(f"{len(text)} characters are more than the {LARGEST} of an environment. Take out what does not belong there.")
    if _BRACKETS.search(text):
        raise TextError(NESTED)
    try:
        document = yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader
        _require_plain(document)
    except yaml.YAMLError as error:
        raise TextError(f"this is not YAML: {_told(error)}. Correct the syntax.") from None
    except RecursionError:
        raise TextError(NESTED) from None
    if not isinstance(document, dict):
        raise TextError("an environment is a mapping of keys to values. Start from environments/dev.yaml.")
    return document


def _told(error: yaml.YAMLError) -> str:
    """What is wrong and in which line, without the excerpt: what stands there may be nothing that a terminal shows."""
    mark = getattr(error, "problem_mark", None)
    found = getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be read"
    place = f" in line {mark.line + 1}, column {mark.column + 1}" if mark else ""
    return f"{found if found.isprintable() else ascii(found)}{place}".replace(". ", "; ")


class _Loader(yaml.SafeLoader):
    """YAML that takes no key twice (the second would silently win), no key but text, and says where a value cannot be read."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key_node, _ in node.value:
            if key_node.tag == _MERGE:
                continue
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {str(key)[:40]!r} is not text, quotes make it so", key_node.start_mark
                )
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"key {key[:40]!r} stands there twice", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        # What looks like a date or a number and is none (2026-13-45, 0x_, five thousand digits) ends in Python's own errors.
        try:
            return super().construct_object(node, deep)
        except (ValueError, KeyError, AttributeError, OverflowError, TypeError):
            kind = node.tag.rpartition(":")[2]
            raise yaml.constructor.ConstructorError(
                None, None, f"{str(node.value)[:40]!r} cannot be read as {kind}, quotes make it text", node.start_mark
            ) from None


def _require_plain(document: Any) -> None:
    for number, (path, value) in enumerate(_values(document, (), frozenset())):
        if number > MOST_VALUES:
            raise TextError(f"this holds more than {MOST_VALUES} values, aliases written out. Write out what is meant.")
        _require_plain_value(path, value)


def _require_plain_value(path: tuple[str, ...], value: Any) -> None:
    where = key_of(path) or "file"
    if not isinstance(value, str | int | float | bool | date | list | dict | None):
        raise TextError(f"{where}: {type(value).__name__} is nothing that an environment holds. Take the tag away.")
    if isinstance(value, str) and any("\ud800" <= letter <= "\udfff" for letter in value):
        raise TextError(f"{where}: {ascii(value)[:60]} holds half a character. Write the whole one.")


def _values(value: Any, path: tuple[str, ...], above: frozenset[int]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every value below one, with the keys that lead to it, and every key as a value of its own."""
    if id(value) in above:
        raise TextError(f"{key_of(path) or 'file'}: the alias leads to what it stands in. Write out what is meant.")
    yield path, value
    if isinstance(value, dict):
        for key, below in value.items():
            yield path, key
            yield from _values(below, (*path, key), above | {id(value)})
    elif isinstance(value, list):
        for number, below in enumerate(value):
            yield from _values(below, (*path, str(number)), above | {id(value)})

"""A word of `talks_to`, and the mode that some words take."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from spotmusic_cdk.settings.problem import shown

PATTERN = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
LONGEST = 24
MODES: Mapping[str, tuple[str, ...]] = {"audio": ("read", "write"), "catalogue": ("read", "write")}
"""Modes by word."""
WITHOUT_MODE: Mapping[str, str] = {"audio": "read"}
"""Mode that is meant where none is written. Other words of `MODES` need one."""


class Word(str):
    """One word of `talks_to`: a resource or another service, with a mode where it takes one.

    In a file it is text, or a mapping of one key: `- audio: write`. It is equal to its text, so that `"audio" in service.talks_to` asks for
    the word, whatever the mode.

    Attributes:
        mode: `read` or `write`; none for words without modes.
    """

    __slots__ = ("mode",)
    mode: str | None

    def __new__(cls, text: str, mode: str | None = None) -> Word:
        """Makes a word; `mode` defaults to that of `WITHOUT_MODE`."""
        word = super().__new__(cls, text)
        word.mode = mode or WITHOUT_MODE.get(text)
        return word

    @property
    def told(self) -> str:
        """The word as a file writes it: `audio: write`, or `audio` where the mode needs no word."""
        return f"{self}: {self.mode}" if self.mode != WITHOUT_MODE.get(str(self)) else str(self)

    def __reduce__(self) -> tuple[type[Word], tuple[str, str | None]]:
        """Keeps the mode in copies."""
        return Word, (str(self), self.mode)

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        """Takes text or a mapping of one key."""
        text = core_schema.str_schema(pattern=PATTERN, max_length=LONGEST, strict=True)
        serialization = core_schema.plain_serializer_function_ser_schema(_written)
        return core_schema.no_info_wrap_validator_function(_word, text, serialization=serialization)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Offers both forms to editors."""
        modes = {word: {"type": "string", "enum": list(modes)} for word, modes in MODES.items()}
        mapping = {"type": "object", "properties": modes, "additionalProperties": False, "minProperties": 1, "maxProperties": 1}
        return {"anyOf": [{"type": "string", "pattern": PATTERN, "maxLength": LONGEST, "not": {"enum": [*_ALONE]}}, mapping]}


_ALONE = {"catalogue": "Write `catalogue: read` or `catalogue: write` for the shared one, or `database` for a private one (CHANGELOG.md)."}
"""Advice on words that need a mode."""


def mode_of(word: str) -> str | None:
    """Returns the mode of a word, also of one that is plain text."""
    return Word(word).mode if not isinstance(word, Word) else word.mode


def _word(value: Any, text: core_schema.ValidatorFunctionWrapHandler) -> Word:
    if isinstance(value, Word):
        return value
    if not isinstance(value, Mapping):
        word = Word(text(value))
        if word in MODES and word.mode is None:
            raise ValueError(f"{word} alone does not say what for. {_ALONE[str(word)]}")
        return word
    if len(value) != 1:
        raise ValueError("each entry is one word with its mode. Write `- audio: write`, and the next word in a line of its own.")
    ((word, mode),) = value.items()
    if word not in MODES:
        close = get_close_matches(str(word), MODES, n=1)
        advice = f"Did you mean {close[0]}?" if close else f"Write {shown(word)} alone."
        raise ValueError(f"{shown(word)} takes no mode; {' and '.join(MODES)} do. {advice}")
    if mode not in MODES[word]:
        close = get_close_matches(str(mode), MODES[word], n=1)
        advice = f"Did you mean {close[0]}?" if close else f"Use one of {', '.join(MODES[word])}."
        raise ValueError(f"{shown(mode)} is no mode of {word}. {advice}")
    return Word(word, mode)


def _written(word: Word) -> Any:
    """Writes a word as a file does."""
    return {str(word): word.mode} if mode_of(word) not in (None, mode_of(str(word))) else str(word)

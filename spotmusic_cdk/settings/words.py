"""Words of `talks_to`: resources and other services, with their modes and costs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from spotmusic_cdk.settings.model import LONGEST_NAME, NAME_PATTERN, meant, shown

MODES: Mapping[str, tuple[str, ...]] = {"audio": ("read", "write"), "catalogue": ("read", "write")}
"""Modes by word."""
WITHOUT_MODE: Mapping[str, str] = {"audio": "read"}
"""Default mode of a word. Other words of `MODES` require one."""


class Word(str):
    """Word of `talks_to`: a resource or another service, and a mode if the word takes one.

    In a file it is text, or a mapping of one key: `- audio: write`. It is equal to its text without
    the mode, so `"audio" in service.talks_to` finds the word with any mode.

    Attributes:
        mode: `read` or `write`; none for words without modes.
    """

    __slots__ = ("mode",)
    mode: str | None

    def __new__(cls, text: str, mode: str | None = None) -> "Word":
        """Create a word. `mode` defaults to the value of `WITHOUT_MODE`."""
        word = super().__new__(cls, text)
        word.mode = mode or WITHOUT_MODE.get(text)
        return word

    @property
    def written_mode(self) -> str | None:
        """Mode as written in a file. None for the default mode."""
        return None if self.mode == WITHOUT_MODE.get(str(self)) else self.mode

    @property
    def text(self) -> str:
        """Word as written in a file: `audio: write`, or `audio` for the default mode."""
        return f"{self}: {self.written_mode}" if self.written_mode else str(self)

    def __reduce__(self) -> tuple[type["Word"], tuple[str, str | None]]:
        """Keep the mode in copies."""
        return Word, (str(self), self.mode)

    @classmethod
    def __get_pydantic_core_schema__(
        cls, _source: Any, _handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Accept text or a mapping of one key."""
        text = core_schema.str_schema(pattern=NAME_PATTERN, max_length=LONGEST_NAME, strict=True)
        serialization = core_schema.plain_serializer_function_ser_schema(_written)
        return core_schema.no_info_wrap_validator_function(_word, text, serialization=serialization)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Describe both forms to editors."""
        modes = {word: {"type": "string", "enum": list(modes)} for word, modes in MODES.items()}
        mapping = {
            "type": "object",
            "properties": modes,
            "additionalProperties": False,
            "minProperties": 1,
            "maxProperties": 1,
        }
        return {
            "anyOf": [
                {
                    "type": "string",
                    "pattern": NAME_PATTERN,
                    "maxLength": LONGEST_NAME,
                    "not": {"enum": [*_ALONE]},
                },
                mapping,
            ]
        }


_ALONE = {
    "catalogue": (
        "Write `catalogue: read` or `catalogue: "
        "write` for the shared one, or `database` for a private one (CHANGELOG.md)."
    )
}
"""Advice on words that require a mode."""


def _word(value: Any, text: core_schema.ValidatorFunctionWrapHandler) -> Word:
    if isinstance(value, Word):
        return value
    if not isinstance(value, Mapping):
        word = Word(text(value))
        if word in MODES and word.mode is None:
            raise ValueError(f"{word} requires a mode. {_ALONE[str(word)]}")
        return word
    if len(value) != 1:
        raise ValueError(
            "each entry holds one word with its mode. Write `- audio: "
            "write`, and the next word on its own line."
        )
    ((word, mode),) = value.items()
    if word not in MODES:
        advice = meant(str(word), MODES, otherwise=f"Write {shown(word)} without a mode.")
        raise ValueError(f"{shown(word)} has no modes; {' and '.join(MODES)} do. {advice}")
    if mode not in MODES[word]:
        raise ValueError(f"{shown(mode)} is not a mode of {word}. {meant(str(mode), MODES[word])}")
    return Word(word, mode)


def _written(word: Word) -> Any:
    """Return a word as written in a file."""
    return {str(word): word.written_mode} if word.written_mode else str(word)


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Quotas that a word of `talks_to` uses.

    Args:
        rules: name of the security group rules. Words of a service with the same name share them;
            none for AWS APIs, which every service accesses on port 443.
        broker_rules: rules in the security group of the broker load balancer.
        verdict_queues: targets of each verdict on an upload.
    """

    rules: str | None = None
    broker_rules: int = 0
    verdict_queues: int = 0


RESOURCES: Mapping[str, Cost] = {
    "catalogue": Cost(rules="catalogue"),
    "database": Cost(rules="catalogue"),
    "cache": Cost(rules="cache"),
    "events": Cost(rules="events", broker_rules=1),
    "tasks": Cost(rules="tasks", broker_rules=1),
    "audio": Cost(),
    "uploads": Cost(verdict_queues=1),
    "mail": Cost(),
}
"""Words of `talks_to` for resources. `spotmusic_cdk/connections` has their effects. Settings are
checked without CDK."""

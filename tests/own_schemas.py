"""Validation of configuration against own schemas, with messages that state place, problem and
remedy."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]

from tools.model.values import Json

FOLDER = Path(__file__).with_name("schemas")
ADVICE = "x-advice"
"""Keyword of the project: remedy for a violation of the schema."""


@cache
def _validator(name: str) -> jsonschema.Draft202012Validator:
    schema = json.loads((FOLDER / f"{name}.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def problems(name: str, document: Json) -> list[str]:
    """Return the schema's errors of a document with their paths. Entries with a name are shown by
    name.
    """
    found = (_explained(error, document) for error in _validator(name).iter_errors(document))
    return sorted({problem for several in found for problem in several})


def _explained(error: jsonschema.ValidationError, document: Json) -> Iterator[str]:
    schema = error.schema
    if (
        error.validator in ("if", "allOf", "anyOf", "oneOf")
        and error.context
        and not (isinstance(schema, dict) and ADVICE in schema)
    ):
        for inner in error.context:
            yield from _explained(inner, document)
        return
    advice = schema.get(ADVICE) if isinstance(schema, dict) else None
    yield f"{_place(list(error.absolute_path), document)}: {advice or error.message[:200]}"


def _place(path: list[Any], document: Any) -> str:
    parts, found = [], document
    for step in path:
        found = found[step]
        name = isinstance(found, dict) and next(
            (
                found[key]
                for key in ("clientId", "alias", "name")
                if isinstance(found.get(key), str)
            ),
            None,
        )
        parts.append(
            f"[{name}]"
            if isinstance(step, int) and name
            else f"[{step}]"
            if isinstance(step, int)
            else f".{step}"
        )
    return "".join(parts).removeprefix(".") or "document"

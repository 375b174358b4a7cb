"""Changes of an environment, in its settings and in the text of its file with comments."""

import io
import json
from collections.abc import Mapping
from typing import Any

from ruamel.yaml import YAML

from spotmusic_cdk.settings import Settings

KeyPath = tuple[str, ...]
"""Keys from the top of the file; names of topics contain dots."""
Changes = dict[KeyPath, Any]


def changed(settings: Settings, changes: Changes) -> Settings:
    """Return settings with changes.

    Args:
        settings: settings before the changes.
        changes: new values by path.

    Raises:
        pydantic.ValidationError: if a value is invalid, such as one above its bound.
    """
    document = settings.model_dump(mode="json", exclude_unset=True)
    for path, value in changes.items():
        put(document, path, value)
    return Settings.model_validate_json(json.dumps(document))


def differing(document: Mapping[str, Any], changes: Changes) -> Changes:
    """Return the changes that differ from the values in a document of settings."""
    return {path: value for path, value in changes.items() if get(document, path) != value}


def get(document: Any, path: KeyPath) -> Any:
    """Return the value at a path; None if it is absent."""
    for key in path:
        document = document.get(key) if isinstance(document, dict) else None
    return document


def rewritten(text: str, changes: Changes) -> str:
    """Return the text of an environment file with changes; all other text is unchanged."""
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 10_000
    yaml.indent(mapping=2, sequence=4, offset=2)
    document = yaml.load(text)
    for path, value in changes.items():
        put(document, path, value)
    written = io.StringIO()
    yaml.dump(document, written)
    return written.getvalue()


def put(document: Any, path: KeyPath, value: Any) -> None:
    """Write a value at a path, with sections that are missing."""
    *parents, last = path
    for key in parents:
        if document.get(key) is None:
            document[key] = {}
        document = document[key]
    document[last] = value

"""Edits of JSON documents by path.

A path is a text of steps with spaces between them. A step is a key, an index, `Key=Value` for the
first item with that value, `*` for all items, or `+` for a new one: `Rules Name=Common Priority`.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

Json = dict[str, Any]

_TOKEN = re.compile(r"⟦(\d+)⟧")


def edit(document: Any, changes: Mapping[str, Any]) -> None:
    """Write values into a document; None removes the value at the path.

    Raises:
        LookupError: if a path does not exist.
    """
    for path, value in changes.items():
        *parents, last = path.split()
        for holder in list(_reached(document, parents)):
            for key in [last] if last == "+" else list(_keys(holder, last)):
                if last == "+":
                    holder.append(value)
                elif value is None:
                    del holder[key]
                else:
                    holder[key] = value


def edit_values(values: Any, changes: Mapping[str, Any], texts: Mapping[str, str]) -> Any:
    """Edit the values of a Helm release, which are texts and references in a template.

    Args:
        values: property `Values` of the release.
        changes: value by path.
        texts: replacement by text of the values as JSON.
    """
    parts = [values] if isinstance(values, str) else values["Fn::Join"][1]
    tokens = (part if isinstance(part, str) else f"⟦{n}⟧" for n, part in enumerate(parts))
    document = json.loads("".join(tokens))
    edit(document, changes)
    split = _TOKEN.split(replace(json.dumps(document, ensure_ascii=False), texts))
    joined = [parts[int(text)] if n % 2 else text for n, text in enumerate(split)]
    return {"Fn::Join": ["", joined]}


def replace(text: str, replacements: Mapping[str, str]) -> str:
    """Replace all occurrences of texts.

    Raises:
        LookupError: if a text does not occur.
    """
    for old, new in replacements.items():
        if old not in text:
            raise LookupError(f"{old!r} does not occur")
        text = text.replace(old, new)
    return text


def _reached(value: Any, steps: list[str]) -> Iterator[Any]:
    if not steps:
        yield value
        return
    for key in list(_keys(value, steps[0])):
        yield from _reached(value[key], steps[1:])


def _keys(holder: Any, step: str) -> Iterator[Any]:
    """Yield the keys or indices of a step, at least one."""
    if step == "*":
        yield from range(len(holder)) if isinstance(holder, list) else list(holder)
    elif isinstance(holder, list) and "=" in step:
        key, _, wanted = step.partition("=")
        fitting = [n for n, item in enumerate(holder) if str(item.get(key)) == wanted]
        if not fitting:
            raise LookupError(f"no item has {step}")
        yield fitting[0]
    else:
        yield int(step) if isinstance(holder, list) else step

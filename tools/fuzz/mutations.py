"""Random mutations of the shipped environment files, similar to mistakes of people and editors."""

import copy
import json
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import yaml
from hypothesis import strategies as st

from spotmusic_cdk.settings import Settings
from spotmusic_cdk.settings.regions import REGIONS
from tools.checkout import ROOT
from tools.model.values import children

Draw = Callable[[st.SearchStrategy[Any]], Any]
Json = Any
Path = tuple[str | int, ...]

ENVIRONMENTS = ("dev", "staging", "prod")
UNUSUAL_REGIONS = (
    "me-central-1", "me-south-1", "us-west-1", "us-gov-west-1", "cn-north-1", "us-iso-east-1",
    "eusc-de-east-1", "zz-zz-1", "",
)  # fmt: skip
ODD_TEXTS = (
    "", " ", "null", "x" * 25, "a" * 300, "ação", "١٢٣٤٥٦٧٨٩٠١٢", "¼", "prod. Advice.", "a: b. C",
    "line\nline", "\u202eevil", "\x1b[31m", "{{ .Values }}", "${AWS::AccountId}", "$(env:HOME)",
    "../../etc", "-", "a--b", "a-", "😀", "\ud800", "arn:aws:iam::111122223333:role/team",
    "arn:aws-cn:secretsmanager:cn-north-1:111122223333:secret:x-AbCdEf", "10.0.0.0/255.255.0.0",
    "240.0.0.0/16", "10.0.0.0/16 ",
)  # fmt: skip
NUMBERS = (
    0, -1, 1, 2, 3, 41, 59, 65536, 2**31, 2**63, 10**30, -(10**30), 0.5, 1e308, float("inf"),
    float("nan"),
)  # fmt: skip
OTHERS: tuple[Json, ...] = (
    None, True, False, [], {}, [[]], {"a": {"b": {"c": []}}}, [None], ["x", "x"], {"": None},
)  # fmt: skip
NAMES_OF_SERVICES = (
    "a", "a" * 24, "a" * 25, "abcdefghijkl-mnopqrstuvw", "web-api-secret", "trends-handle", "admin",
    "kong", "mysql", "cache", "Web", "x_y", "1st", "é",
)  # fmt: skip
TALKS = (
    {"catalogue": "read"}, {"catalogue": "write"}, "catalogue", "database", "cache", "events",
    "tasks", "audio", "uploads", "mail", "web-api", "playback", "trends", "notifications", "a",
    "nobody",
)  # fmt: skip
SNIPPETS = (
    "\t", "\n", "  ", ": ", "- ", "[", "]", "{", "}", "&a ", "*a", "<<: ", "!!binary x",
    "!!set {a}", "!!timestamp x", "? [a]\n: b\n", "2026-13-45", "0x_", "9" * 5000, "---\n", "...\n",
    "'", '"', "#", "%YAML 9.9\n", "\ufeff", "\x00", "\x85", "| \n", "> ",
    "@", "`", "12:30:00", "no", "1_000",
)  # fmt: skip


@cache
def shipped(environment: str) -> Json:
    """Return the document of a shipped environment."""
    return yaml.safe_load((ROOT / "environments" / f"{environment}.yaml").read_text())


@cache
def limited() -> tuple[tuple[tuple[str, ...], tuple[Json, ...]], ...]:
    """Keys of the models with limits or choices, and values at, below and above them.

    `*` is any name.
    """
    schema = Settings.model_json_schema()
    return tuple(
        (path, tuple(_at_the_limits(node)))
        for path, node in _keys(schema, schema["$defs"], ())
        if any(_at_the_limits(node))
    )


def _keys(
    node: Json, definitions: Json, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Json]]:
    if "$ref" in node:
        node = {
            **definitions[node["$ref"].rpartition("/")[2]],
            **{key: value for key, value in node.items() if key != "$ref"},
        }
    for choice in node.get("anyOf", ()):
        yield from _keys(choice, definitions, path)
    for name, below in node.get("properties", {}).items():
        yield from _keys(below, definitions, (*path, name))
    if isinstance(node.get("additionalProperties"), dict):
        yield from _keys(node["additionalProperties"], definitions, (*path, "*"))
    yield path, node


def _at_the_limits(node: Json) -> Iterator[Json]:
    for limit in ("minimum", "maximum"):
        if limit in node:
            yield from (node[limit] - 1, node[limit], node[limit] + 1)
    for length in (
        node[limit] + more
        for limit in ("maxLength", "minLength")
        if limit in node
        for more in (-1, 0, 1)
    ):
        yield "a" * max(length, 0)
    yield from node.get("enum", ())
    if node.get("type") == "boolean":
        yield from (True, False)


def _paths(node: Json, path: Path = ()) -> Iterator[Path]:
    if path:
        yield path
    for key, value in children(node):
        yield from _paths(value, (*path, key))


def _holder(document: Json, path: Path) -> Json:
    for part in path[:-1]:
        document = document[part]
    return document


def _place(draw: Draw, document: Json) -> Path:
    return tuple(draw(st.sampled_from(list(_paths(document)) or [("name",)])))


def remove(draw: Draw, document: Json) -> None:
    """Remove a key or an entry."""
    path = _place(draw, document)
    holder: Any = _holder(document, path)
    if isinstance(holder, list) or path[-1] in holder:
        del holder[path[-1]]  # type: ignore[arg-type]


def rename(draw: Draw, document: Json) -> None:
    """Misspell a key."""
    path = _place(draw, document)
    holder = _holder(document, path)
    if isinstance(holder, dict) and path[-1] in holder:
        key = str(path[-1])
        similar = [key[::-1], key.upper(), f"{key}s", f" {key}", key.replace("_", "-")]
        new = draw(st.sampled_from([*similar, *ODD_TEXTS, *NAMES_OF_SERVICES]))
        holder[new] = holder.pop(path[-1])


def retype(draw: Draw, document: Json) -> None:
    """Replace a value by a value of another type."""
    path = _place(draw, document)
    # Copied, because another mutation may change it and the next example needs the original.
    _holder(document, path)[path[-1]] = copy.deepcopy(
        draw(st.sampled_from([*OTHERS, *NUMBERS, *ODD_TEXTS, "5", "true"]))
    )


def repeat(draw: Draw, document: Json) -> None:
    """Repeat the entries of a list, or move a section into another."""
    path, other = _place(draw, document), _place(draw, document)
    holder = _holder(document, path)
    if isinstance(holder, list):
        holder.extend(copy.deepcopy(holder) * draw(st.sampled_from([1, 40])))
    else:
        holder[path[-1]] = (
            copy.deepcopy(_holder(document, other)[other[-1]])
            if other[-1] in _holder(document, other)
            else None
        )


def limit(draw: Draw, document: Json) -> None:
    """Set a key to a limit of its model, or to the next value below or above."""
    path, values = draw(st.sampled_from(limited()))
    node = document
    for number, part in enumerate(path):
        name = draw(st.sampled_from([*(node or ["a"])])) if part == "*" else part
        if number == len(path) - 1:
            node[name] = draw(st.sampled_from(values))
        elif not isinstance(node.setdefault(name, {}), dict):
            return
        else:
            node = node[name]


def region(draw: Draw, document: Json) -> None:
    """Change the region, with two, three or four zones."""
    document["region"] = where = draw(st.sampled_from([*UNUSUAL_REGIONS, *sorted(REGIONS)]))
    document["zones"] = [
        f"{where}{letter}"
        for letter in draw(st.sampled_from(["abc", "ab", "a", "", "abcd", "aa", "acé"]))
    ]
    document["edge"] = {"origin_prefix_list": draw(st.sampled_from(["pl-12345678", None, "pl-1"]))}


def services(draw: Draw, document: Json) -> None:
    """Replace the services: none, forty, or one with arbitrary name and connections."""
    if not isinstance(document.get("services"), dict):
        document["services"] = {}
    words = draw(st.lists(st.sampled_from(TALKS), max_size=5))
    count = draw(st.sampled_from([0, 1, 1, 1, 1, 19, 34, 35, 36, 40]))
    if count == 0:
        document["services"] = {}
    for number in range(count):
        name = draw(st.sampled_from(NAMES_OF_SERVICES)) if count == 1 else f"service-{number}"
        route = (
            draw(st.sampled_from([None, f"/v1/{name}", "/v1/a", "/v1/a/b/c/d/e/f/g"]))
            if count == 1
            else f"/v1/s{number}"
        )
        document["services"][name] = {
            "route": route,
            "talks_to": [*words],
            "scaling": {"min": 3, "max": 9},
        }


MUTATIONS = (remove, rename, retype, repeat, limit, limit, region, services)


@st.composite
def documents(draw: Draw) -> tuple[str, Json]:
    """Return a shipped environment with up to four mutations, and its name."""
    environment = draw(st.sampled_from(ENVIRONMENTS))
    document = copy.deepcopy(shipped(environment))
    for mutation in draw(st.lists(st.sampled_from(MUTATIONS), min_size=1, max_size=4)):
        mutation(draw, document)
    return environment, document


@st.composite
def texts(draw: Draw) -> tuple[str, str]:
    """Return the text of a shipped environment with up to three replaced spans, and its name."""
    environment = draw(st.sampled_from(ENVIRONMENTS))
    text = (ROOT / "environments" / f"{environment}.yaml").read_text()
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        length = draw(st.sampled_from([0, 0, 1, 5, 40, 400]))
        text = (
            text[:start]
            + draw(st.one_of(st.sampled_from(SNIPPETS), st.text(max_size=8)))
            + text[start + length :]
        )
    return environment, text


def written(document: Json) -> str:
    """Return the text of a document as JSON, which YAML loaders read, and read faster."""
    return json.dumps(document)

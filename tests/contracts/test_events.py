"""Schemas of events: one for each topic, compatible with the consumers of the last release."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import pytest

from spotmusic_cdk.settings.brokers import DEFAULT_TOPICS
from tools.checkout import ROOT, settings_of
from tools.model.values import Json

ENDING = ".schema.json"
FILES = sorted((ROOT / "events").glob(f"*{ENDING}"))
RELEASED = json.loads((Path(__file__).parent / "released_events.json").read_text())
"""Schemas of the last release."""


def broken(old: Json, new: Json, path: str = "") -> Iterator[str]:
    """Yield incompatibilities between two versions of a schema, in either direction."""
    if old.get("type") != new.get("type"):
        yield f"{path or 'event'}: another type"
    yield from (
        f"{path}.{name}: gone"
        for name in old.get("properties", {}).keys() - new.get("properties", {}).keys()
    )
    yield from (
        f"{path}.{name}: required now"
        for name in set(new.get("required", [])) - set(old.get("required", []))
    )
    yield from (
        f"{path}.{name}: no longer required"
        for name in set(old.get("required", [])) - set(new.get("required", []))
    )
    yield from (
        f"{path}: no {value!r}" for value in set(old.get("enum", [])) - set(new.get("enum", []))
    )
    for name in old.get("properties", {}).keys() & new.get("properties", {}).keys():
        yield from broken(old["properties"][name], new["properties"][name], f"{path}.{name}")
    if "items" in old and "items" in new:
        yield from broken(old["items"], new["items"], f"{path}[]")


def test_topics_have_schemas() -> None:
    files = sorted((ROOT / "environments").glob("*.yaml"))
    topics = {
        name
        for file in files
        for name, topic in settings_of(file.stem).kubernetes.redpanda.topics.items()
        if topic
    }
    assert [path.name.removesuffix(ENDING) for path in FILES] == sorted(
        DEFAULT_TOPICS.keys() | topics
    ), "Write the schema of each topic: events/README.md."


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
def test_schema_names_its_subject_and_key(file: Path) -> None:
    schema = json.loads(file.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["title"] == f"{file.name.removesuffix(ENDING)}-value"
    assert "additionalProperties" not in schema
    assert any(
        f"The key of the event is `{name}`." in schema["description"] for name in schema["required"]
    )


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
def test_schema_is_compatible_with_the_released_one(file: Path) -> None:
    released = RELEASED.get(file.name.removesuffix(ENDING))
    assert released is None or list(broken(released, json.loads(file.read_text()))) == []


def test_incompatible_changes_are_noticed() -> None:
    old = RELEASED["events.listening"]
    new = copy.deepcopy(old)
    new["properties"]["seconds"]["type"] = "string"
    del new["properties"]["completed"]
    new["properties"]["device"] = {"type": "string"}
    new["required"].append("device")
    assert sorted(broken(old, new)) == [
        ".completed: gone",
        ".device: required now",
        ".seconds: another type",
    ]

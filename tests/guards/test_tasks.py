"""Index of tasks: complete, two links from README, with existing commands, paths and settings."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.documents import findings
from tests.guards.test_links import DOCUMENTS
from tools.checkout import ROOT
from tools.site.pages import LINK

TASKS = ROOT / "docs" / "tasks.md"
GROUPS = ("Use", "Change", "Operate", "Ship", "Extend")
WANTED = """
add: a topic | a consumer of a topic | a service | an environment | an identity provider
change: the size of a database
choose: another region
debug: a failed deployment
find out: the effect of a change
open: Grafana
push: an image | an image from CI
read: costs
remove: a service | an environment
restore: a database
rotate: a password | a signing key
upgrade: Kubernetes | a chart | this project
use: one construct in another app
"""
NOT_THERE = {"environments/mine.yaml", "events/events.likes.schema.json"}
"""Files that a reader creates."""
SCHEMA = json.loads((ROOT / "environments" / "schema.json").read_text())
NO_SETTINGS = {"data.cache.shards", "services.internal.<domain>"}
"""Rejected alternative, and a host."""


def rows() -> dict[str, list[str]]:
    """Tasks of each group."""
    sections = re.split(r"^## (.+)$", TASKS.read_text(), flags=re.MULTILINE)
    return {
        group: re.findall(r"^\| ([^|]+) \| \[", text, flags=re.MULTILINE)
        for group, text in zip(sections[1::2], sections[2::2], strict=True)
    }


def test_tasks_are_two_links_from_readme() -> None:
    """A row has one link, so the second link leads to the page."""
    assert "(docs/tasks.md)" in (ROOT / "README.md").read_text()
    lines = [
        line
        for line in TASKS.read_text().splitlines()
        if re.match(r"\| [a-z]", line) and not line.startswith("| task ")
    ]
    assert [line for line in lines if len(LINK.findall(line)) != 1] == []
    assert len(lines) == sum(map(len, rows().values()))


def test_tasks_are_grouped_and_named_once() -> None:
    assert tuple(rows()) == GROUPS
    names = [task for tasks in rows().values() for task in tasks]
    assert len(names) >= 25
    assert sorted(names) == sorted(set(names))


def test_tasks_include_what_users_ask() -> None:
    wanted = {
        f"{verb} {task}"
        for line in WANTED.split("\n")
        if line
        for verb, _, rest in [line.partition(": ")]
        for task in rest.split(" | ")
    }
    assert wanted - {task for tasks in rows().values() for task in tasks} == set()


def test_documented_paths_exist() -> None:
    folders = "|".join(
        sorted(
            path.name for path in ROOT.iterdir() if path.is_dir() and re.match(r"[a-z]", path.name)
        )
    )
    named = re.compile(rf"`((?:{folders})/[\w./-]+)`")
    made = re.compile(r"(cdk\.out|node_modules)/")

    def absent(document: Path) -> list[str]:
        paths = named.findall(document.read_text())
        return [
            path
            for path in paths
            if not (ROOT / path).exists() and path not in NOT_THERE and not made.match(path)
        ]

    assert findings(DOCUMENTS, absent) == {}


def is_setting(schema: dict[str, Any], key: Sequence[str]) -> bool:
    """Return true if a schema has a key. Names of entries, such as topics, may have a dot."""
    if "$ref" in schema:
        return is_setting(SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]], key)
    entries = [
        *schema.get("patternProperties", {}).values(),
        *filter(bool, [schema.get("additionalProperties")]),
    ]
    return (
        not key
        or any(is_setting(each, key) for each in schema.get("anyOf", ()))
        or (key[0] in (own := schema.get("properties", {})) and is_setting(own[key[0]], key[1:]))
        or any(is_setting(each, key[skipped:]) for each in entries for skipped in (1, 2))
    )


def unknown_settings(text: str) -> list[str]:
    """Keys with dots of sections of an environment file; docs/scale.md omits `capacity`."""
    keys = re.findall(r"`([a-z_]+(?:\.[\w<>*-]+)+)(?=[`:])", text)
    return [
        key
        for key in keys
        if key.partition(".")[0] in SCHEMA["properties"]
        and key not in NO_SETTINGS
        and not any(is_setting(SCHEMA, [*top, *key.split(".")]) for top in ([], ["capacity"]))
    ]


def test_documented_settings_exist() -> None:
    documents = [path for path in DOCUMENTS if path.name != "CHANGELOG.md"]
    assert findings(documents, lambda document: unknown_settings(document.read_text())) == {}
    text = "`data.cache.node_type`, `data.cache.size: 1`, `services.<name>.image`, `edge.none`"
    assert unknown_settings(text) == ["data.cache.size", "edge.none"]

"""Index of tasks: complete, two links from README, with existing commands and paths."""

import re
from pathlib import Path

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

"""Each alarm names its subject and links to a page that covers it; the index lists each alarm
once.
"""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.alarm_index import RUNBOOKS, Entry, alarms_of, alerts, rows, section
from tests.conftest import Template, settings_of

if TYPE_CHECKING:
    from pathlib import Path

PAGES = sorted(path for path in RUNBOOKS.glob("*.md") if path.stem != "README")
VAGUE = re.compile(r"^(\[\w+\] )?(A|An|The|It|They|Somebody|Most|Many) (?!(Web API|replicas of|workspace|operator|broker of|node of)\b)")
"""Begin of a text that does not name its subject."""


@pytest.fixture(scope="module")
def entries(templates: Callable[[str], dict[str, Template]]) -> list[Entry]:
    """Alarms and alerts of production."""
    settings = settings_of("prod")
    return [*alarms_of(templates("prod"), settings.services, settings.queues), *alerts()]


def test_index_lists_every_alarm_once(entries: list[Entry]) -> None:
    listed = re.findall(r"^\| `[A-Z].*$", (RUNBOOKS / "README.md").read_text(), flags=re.MULTILINE)
    assert sorted(listed) == sorted(rows(entries)), "write these rows into docs/runbooks/README.md:\n" + "\n".join(rows(entries))


def test_page_of_an_alarm_names_it(entries: list[Entry]) -> None:
    missing = [
        (entry.name, entry.link) for entry in entries if f"`{entry.name}`" not in section(RUNBOOKS / f"{entry.page}.md", entry.anchor)
    ]
    assert missing == []


def test_alarm_texts_begin_with_their_subject(entries: list[Entry]) -> None:
    assert [entry.text for entry in entries if VAGUE.match(entry.text)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_runbook_begins_with_impact_ends_with_proof(page: "Path") -> None:
    text = page.read_text()
    assert "**Impact.**" in text[:1500]
    assert "**First five minutes.**" in text[:1500]
    assert "**How to prove it is over.**" in text


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_index_leads_to_every_page(page: "Path") -> None:
    assert f"]({page.name}" in (RUNBOOKS / "README.md").read_text()

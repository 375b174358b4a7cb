"""Alarms in the index of runbooks: subject, link to a page, and one entry each."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
import yaml

from spotmusic_cdk.settings import Settings
from tests.properties.alarms import ALARM, COMPOSITE, reaches_the_team, severity_of
from tools.checkout import ROOT, settings_of
from tools.documents.grants import every_option
from tools.model.assembly import Assembly
from tools.model.templates import Template, templates_in

RUNBOOKS = ROOT / "docs" / "runbooks"
INDEX = RUNBOOKS / "README.md"
RULES = ROOT / "charts" / "monitoring" / "rules"
PAGES = sorted(path for path in RUNBOOKS.glob("*.md") if path != INDEX)
VAGUE = re.compile(
    r"^(\[\w+\] )?(A|An|The|It|They|Somebody|Most|Many) (?!(Web API|replicas "
    r"of|workspace|operator|broker of|node of)\b)"
)
"""Beginnings of texts without a subject."""
CAMEL_CASE = re.compile(r"\b[A-Z][a-z]+[A-Z][A-Za-z]*")
LINK = re.compile(r"([\w-]+)\.md(?:#([\w-]+))?$")


@dataclass(frozen=True, kw_only=True, order=True)
class Entry:
    """Alarm or alert as in a notification.

    Args:
        name: name, with `…` for the part that differs between services, nodes, brokers, zones or
            queues.
        page: name of the runbook without its ending.
        anchor: heading in it; empty for the whole page.
    """

    name: str
    page: str
    anchor: str


Notice = tuple[str, str, str, str]
"""Name, severity, text, and link to the runbook."""


def alarms_of(platform: Assembly) -> Iterator[Notice]:
    """CloudWatch alarms with a topic."""
    for alarm in platform.some(ALARM, COMPOSITE):
        if alarm["AlarmActions"]:
            text = str(alarm["AlarmDescription"])
            yield (
                general(alarm.name.partition("/")[2], platform.settings),
                str(severity_of(alarm)),
                text,
                text,
            )


def general(name: str, settings: Settings) -> str:
    """Name without severity, and with `…` for the subject of the alarm."""
    name = re.sub(r"(Critical|Warning)BurnRate$", "…BurnRate", name)
    name = re.sub(r"(Critical|Warning)$", "", name)
    name = re.sub(
        r"(Node|Broker)\d+|(Zone)[A-Z](?=Ports|Drops)",
        lambda found: f"{found[1] or found[2]}…",
        name,
    )
    services, queues = (
        "|".join(each.replace("-", "") for each in of)
        for of in (settings.services, settings.queues)
    )
    name = re.sub(rf"^(Service|VerdictAlarms)({services})(?=[A-Z])", r"\1…", name)
    return re.sub(rf"^QueueAlarms({queues})$", "QueueAlarms…", name)


@cache
def alerts() -> tuple[Notice, ...]:
    """Alerts of Prometheus that reach the team."""
    groups = [
        group
        for file in sorted(RULES.glob("*.yaml"))
        for group in yaml.load(file.read_text(), yaml.CSafeLoader)["groups"]
    ]
    reaching = [
        rule
        for group in groups
        for rule in group["rules"]
        if "alert" in rule and reaches_the_team(rule)
    ]
    return tuple(
        (
            rule["alert"],
            rule["labels"]["severity"],
            rule["annotations"]["summary"],
            rule["annotations"]["runbook_url"],
        )
        for rule in reaching
    )


def section(entry: Entry) -> str:
    """Text of a heading up to the next heading of its level; the whole page without an anchor."""
    text = (RUNBOOKS / f"{entry.page}.md").read_text()
    for heading in re.finditer(r"^(#+) (.+)$", text, flags=re.MULTILINE):
        if re.sub(r"[^\w -]", "", heading[2].lower()).replace(" ", "-") == entry.anchor:
            return re.split(
                rf"^#{{1,{len(heading[1])}}} ",
                text[heading.end() :],
                maxsplit=1,
                flags=re.MULTILINE,
            )[0]
    return "" if entry.anchor else text


@pytest.fixture(scope="session")
def notices(templates: Callable[[str], dict[str, Template]]) -> list[Notice]:
    """Alarms and alerts of production."""
    return [
        *alarms_of(
            Assembly(name="prod", settings=settings_of("prod"), templates=templates("prod"))
        ),
        *alerts(),
    ]


@pytest.fixture(scope="session")
def entries(notices: list[Notice]) -> dict[Entry, set[str]]:
    """Severities of each entry."""
    found = defaultdict(set)
    for name, severity, _, link in notices:
        page, anchor = LINK.findall(link)[0]
        found[Entry(name=name, page=page, anchor=anchor)].add(severity)
    return found


def test_index_lists_every_alarm_once(entries: dict[Entry, set[str]]) -> None:
    rows = [
        (
            f"| `{entry.name}` | {', '.join(sorted(severities))} | "
            f"[{entry.page}]({entry.page}.md{'#' * bool(entry.anchor)}{entry.anchor}) |"
        )
        for entry, severities in entries.items()
    ]
    listed = re.findall(r"^\| `[A-Z].*$", INDEX.read_text(), flags=re.MULTILINE)
    assert sorted(listed) == sorted(rows), (
        f"write these rows into {INDEX.relative_to(ROOT)}:\n" + "\n".join(sorted(rows))
    )


def test_page_of_an_alarm_names_it(entries: dict[Entry, set[str]]) -> None:
    assert [entry for entry in entries if f"`{entry.name}`" not in section(entry)] == []


def test_alarm_texts_begin_with_their_subject(notices: list[Notice]) -> None:
    assert [text for _, _, text, _ in notices if VAGUE.match(text)] == []


def test_alarm_texts_contain_no_construct_id(with_every_option: Path) -> None:
    """Alarms of optional parts, such as separate caches, have texts too."""
    platform = Assembly(
        name="prod", settings=every_option(), templates=templates_in(with_every_option)
    )
    alarms = [
        (alarm.id, str(alarm["AlarmDescription"])) for alarm in platform.some(ALARM, COMPOSITE)
    ]
    assert [
        text for id_, text in alarms if any(word in id_ for word in CAMEL_CASE.findall(text))
    ] == []


def test_index_links_pages_without_alarms() -> None:
    """People who see a symptom do not know the name of its alarm."""
    by_symptom_and_task = INDEX.read_text().partition("## By alarm")[0]
    assert [page.name for page in PAGES if f"]({page.name}" not in by_symptom_and_task] == []


def test_runbooks_begin_with_impact_end_with_proof() -> None:
    index = INDEX.read_text()
    for page in PAGES:
        text = page.read_text()
        assert "**Impact.**" in text[:1500], page
        assert "**First five minutes.**" in text[:1500], page
        assert "**How to prove it is over.**" in text, page
        assert f"]({page.name}" in index, page


def test_pages_explain_targets_of_brokers(entries: dict[Entry, set[str]]) -> None:
    """With ready pods, the cause is between the load balancer and the pods."""
    targets = {
        entry: found[1]
        for entry in entries
        if (found := re.match(r"BrokerAlarms(\w+?)(?:Unh|H)ealthy$", entry.name))
    }
    assert set(targets.values()) == {"Amqp", "Kafka", "Management", "SchemaRegistry"}
    assert [
        entry.name
        for entry, subject in targets.items()
        if f"*{subject}" not in section(entry)
        or "load-balancer.md#targets-of-the-brokers" not in section(entry)
    ] == []

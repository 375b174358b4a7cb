"""Alarms and alerts with their runbooks, for the index of runbooks."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.conftest import ROOT

RUNBOOKS = ROOT / "docs" / "runbooks"
RULES = ROOT / "charts" / "monitoring" / "rules"
_LINK = re.compile(r"(?:Runbook: )?\S*?([\w-]+)\.md(?:#([\w-]+))?$")


@dataclass(frozen=True, kw_only=True, order=True)
class Entry:
    """Alarm or alert as in a notification.

    Args:
        name: name, with `…` for the part that differs from one service, node, broker, zone or queue to the next.
        severities: severities with which it is sent.
        page: name of the runbook without its ending.
        anchor: heading in it; empty for the whole page.
        text: one text of it.
    """

    name: str
    severities: tuple[str, ...]
    page: str
    anchor: str
    text: str = ""

    @property
    def link(self) -> str:
        """Link relative to the folder of runbooks."""
        return f"{self.page}.md" + (f"#{self.anchor}" if self.anchor else "")


def alarms_of(templates: Mapping[str, Mapping[str, Any]], services: Iterable[str], queues: Iterable[str]) -> Iterator[Entry]:
    """CloudWatch alarms with a topic, by the beginning of their names."""
    found: dict[tuple[str, str, str], set[str]] = {}
    texts: dict[tuple[str, str, str], str] = {}
    for template in templates.values():
        for id_, resource in template["Resources"].items():
            properties = resource["Properties"] if resource["Type"].startswith("AWS::CloudWatch::") else {}
            if not properties.get("AlarmActions"):
                continue
            name = _general(id_[:-8], services, queues)
            severity = re.findall(r"Severity: (\w+)", properties["AlarmDescription"])[0]
            link = _LINK.search(properties["AlarmDescription"])
            assert link, f"{id_}: {properties['AlarmDescription']}"
            key = (name, link[1], link[2] or "")
            found.setdefault(key, set()).add(severity)
            texts[key] = properties["AlarmDescription"]
    for (name, page, anchor), severities in found.items():
        yield Entry(name=name, severities=tuple(sorted(severities)), page=page, anchor=anchor, text=texts[name, page, anchor])


def _general(id_: str, services: Iterable[str], queues: Iterable[str]) -> str:
    """Name without severity, and with `…` for the subject of the alarm."""
    name = re.sub(r"(Critical|Warning)BurnRate$", "…BurnRate", id_)
    name = re.sub(r"(Critical|Warning)$", "", name)
    name = re.sub(r"(Node|Broker)\d+|(Zone)[A-Z](?=Ports|Drops)", lambda found: f"{found[1] or found[2]}…", name)
    for service in services:
        name = re.sub(rf"^(Service|VerdictAlarms){service.replace('-', '')}(?=[A-Z])", r"\1…", name)
    for queue in queues:
        name = re.sub(rf"^QueueAlarms{queue.replace('-', '')}$", "QueueAlarms…", name)
    return name


def alerts() -> Iterator[Entry]:
    """Yields alerts of Prometheus that reach the team."""
    found: dict[tuple[str, str, str], set[str]] = {}
    texts: dict[tuple[str, str, str], str] = {}
    for file in sorted(RULES.glob("*.yaml")):
        for rule in (rule for group in yaml.safe_load(file.read_text())["groups"] for rule in group["rules"] if "alert" in rule):
            link = _LINK.search(rule["annotations"]["runbook_url"])
            assert link, rule
            key = (rule["alert"], link[1], link[2] or "")
            found.setdefault(key, set()).add(rule["labels"]["severity"])
            texts[key] = rule["annotations"]["summary"]
    for (name, page, anchor), severities in found.items():
        if severities & {"critical", "warning"}:
            yield Entry(name=name, severities=tuple(sorted(severities)), page=page, anchor=anchor, text=texts[name, page, anchor])


def section(page: Path, anchor: str) -> str:
    """Text below a heading up to the next of its level; the whole page without an anchor."""
    text = page.read_text()
    if not anchor:
        return text
    lines = text.splitlines()
    for number, line in enumerate(lines):
        heading = re.match(r"(#+) (.+)$", line)
        if heading and re.sub(r"[^\w -]", "", heading[2].lower()).replace(" ", "-") == anchor:
            after = lines[number + 1 :]
            ends = (i for i, other in enumerate(after) if re.match(rf"#{{1,{len(heading[1])}}} ", other))
            return "\n".join(after[: next(ends, len(after))])
    return ""


def rows(entries: Iterable[Entry]) -> Iterator[str]:
    """Rows of the index."""
    for entry in sorted(entries):
        yield f"| `{entry.name}` | {', '.join(entry.severities)} | [{entry.page}]({entry.link}) |"

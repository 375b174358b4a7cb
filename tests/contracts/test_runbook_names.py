"""Names and name prefixes in queries of runbooks, compared with the templates."""

import re
from collections.abc import Callable, Iterable, Iterator

import pytest

from tests.documents import findings
from tests.templates import all_of
from tools.checkout import ROOT
from tools.model.templates import Template

RUNBOOKS = sorted((ROOT / "docs" / "runbooks").glob("*.md"))
Templates = Callable[[str], dict[str, Template]]
END = "…"
"""Placeholder for values known only in the account."""


@pytest.fixture(scope="module")
def groups(templates: Templates) -> set[str]:
    """Names of the log groups of production, as far as its templates show."""
    names = [
        group.get("LogGroupName")
        for template in templates("prod").values()
        for group in all_of(template["Resources"], "AWS::Logs::LogGroup")
    ]
    return {
        name if isinstance(name, str) else name["Fn::Join"][1][0] + END for name in names if name
    }


def looked_up(text: str) -> Iterator[str]:
    """Log groups in a text; END marks a name prefix."""
    for option, name in re.findall(
        r"(--log-group-name-prefix )?(/aws/[a-z]+/[\w<>/-]+)", text.replace("<env>", "prod")
    ):
        beginning, placeholder, _ = name.partition("<")
        yield beginning + END if option or placeholder else name


def is_there(name: str, groups: set[str]) -> bool:
    """Return true if a log group has the name or may have a name with this prefix."""
    if not name.endswith(END):
        return name in groups
    beginning = name.removesuffix(END)
    beginnings = [group.removesuffix(END) for group in groups if group.endswith(END)]
    return any(group.startswith(beginning) for group in groups) or any(
        beginning.startswith(group) for group in beginnings
    )


def missing(names: Callable[[str], Iterable[str]]) -> dict[str, list[str]]:
    """Names without a resource, by runbook."""
    return findings(RUNBOOKS, lambda runbook: names(runbook.read_text()))


def test_log_groups_that_runbooks_name_exist(groups: set[str]) -> None:
    problems = missing(
        lambda text: (name for name in looked_up(text) if not is_there(name, groups))
    )
    assert problems == {}


def test_runbook_logical_ids_exist(templates: Templates) -> None:
    ids = [id_ for template in templates("prod").values() for id_ in template["Resources"]]

    def ambiguous(text: str) -> list[str]:
        beginnings = re.findall(r"starts_with\(LogicalResourceId, ?[`'](\w+)[`']\)", text)
        return [
            beginning
            for beginning in beginnings
            if sum(id_.startswith(beginning) for id_ in ids) != 1
        ]

    assert missing(ambiguous) == {}


def test_runbook_release_names_exist(templates: Templates) -> None:
    custom = [
        (id_, resource["Properties"].get("Release"))
        for template in templates("prod").values()
        for id_, resource in template["Resources"].items()
        if resource["Type"].startswith("Custom::")
    ]

    def unknown(text: str) -> list[str]:
        named = re.findall(r'again="([a-zA-Z][\w/-]*) ', text)
        return [
            name
            for name in named
            if not any(
                release == name or id_[:-8] == name.replace("/", "") for id_, release in custom
            )
        ]

    assert missing(unknown) == {}

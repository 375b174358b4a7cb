"""Names and name prefixes that runbooks look up exist in the templates."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT, Template

RUNBOOKS = sorted((ROOT / "docs" / "runbooks").glob("*.md"))
Templates = Callable[[str], dict[str, Template]]
END = "…"
"""Placeholder for values known only in the account."""


@pytest.fixture(scope="module")
def groups(templates: Templates) -> set[str]:
    """Names of the log groups of production, as far as its templates show."""
    resources = [resource for template in templates("prod").values() for resource in template["Resources"].values()]
    names = [resource["Properties"].get("LogGroupName") for resource in resources if resource["Type"] == "AWS::Logs::LogGroup"]
    return {name if isinstance(name, str) else name["Fn::Join"][1][0] + END for name in names if name}


def looked_up(text: str) -> Iterator[str]:
    """Log groups in a text; END marks a name prefix."""
    for option, name in re.findall(r"(--log-group-name-prefix )?(/aws/[a-z]+/[\w<>/-]+)", text.replace("<env>", "prod")):
        beginning, placeholder, _ = name.partition("<")
        yield beginning + END if option or placeholder else name


def is_there(name: str, groups: set[str]) -> bool:
    """Return true if a log group has the name or may have a name with this prefix."""
    beginnings = [group.removesuffix(END) for group in groups if group.endswith(END)]
    if not name.endswith(END):
        return name in groups
    beginning = name.removesuffix(END)
    return any(group.startswith(beginning) for group in groups) or any(beginning.startswith(group) for group in beginnings)


@pytest.mark.parametrize("runbook", RUNBOOKS, ids=lambda path: path.stem)
def test_log_groups_that_runbooks_name_exist(groups: set[str], runbook: Path) -> None:
    assert [name for name in looked_up(runbook.read_text()) if not is_there(name, groups)] == []


@pytest.mark.parametrize("runbook", RUNBOOKS, ids=lambda path: path.stem)
def test_runbook_logical_ids_exist(templates: Templates, runbook: Path) -> None:
    beginnings = re.findall(r"starts_with\(LogicalResourceId, ?[`'](\w+)[`']\)", runbook.read_text())
    ids = [id_ for template in templates("prod").values() for id_ in template["Resources"]]
    assert [beginning for beginning in beginnings if sum(id_.startswith(beginning) for id_ in ids) != 1] == []


@pytest.mark.parametrize("runbook", RUNBOOKS, ids=lambda path: path.stem)
def test_runbook_release_names_exist(templates: Templates, runbook: Path) -> None:
    custom = [
        (id_, resource["Properties"].get("Release"))
        for template in templates("prod").values()
        for id_, resource in template["Resources"].items()
        if resource["Type"].startswith("Custom::")
    ]
    named = re.findall(r'again="([a-zA-Z][\w/-]*) ', runbook.read_text())
    unknown = [name for name in named if not any(release == name or id_[:-8] == name.replace("/", "") for id_, release in custom)]
    assert unknown == []

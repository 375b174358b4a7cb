"""Runbooks give cures that work."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.guards.test_links import DOCUMENTS

RUNBOOKS = sorted((ROOT / "docs" / "runbooks").glob("*.md"))
NOTHING_DEPLOYED = {"failed-first-deployment"}
"""Runbooks of stacks that do not exist, whose every resource a deployment creates."""
_DEPLOYS = re.compile(r"\b[Dd]eploy(?:ing)? (?:`[a-z-]+`|again|it again)")
_CHANGES = re.compile(
    r"--revert-drift|again=|commit before|rollback"
    r"|\b(?:append|add|change|correct|forget|give|lower|move|pin|put|raise|remove|rename|set|write)\b",
    flags=re.IGNORECASE,
)
"""What makes a deployment differ from the last one: without it CloudFormation calls nothing."""


def items(text: str) -> Iterator[str]:
    """Yields each paragraph, and each item of a list with what belongs to it."""
    yield from re.split(r"\n\s*\n(?! )|\n(?=(?:- |\d+\. |\*\*))", text)


def empty_cures(text: str) -> list[str]:
    """Items that tell to deploy, and name no change that would be deployed."""
    return [item for item in items(text) if _DEPLOYS.search(item) and not _CHANGES.search(item)]


@pytest.mark.parametrize("runbook", [path for path in RUNBOOKS if path.stem not in NOTHING_DEPLOYED], ids=lambda path: path.stem)
def test_runbook_deploys_only_what_changed(runbook: Path) -> None:
    assert empty_cures(runbook.read_text()) == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_documents_write_no_parameter_by_hand(document: Path) -> None:
    """Stacks and External Secrets write them, and External Secrets leaves one alone for good that it did not make."""
    assert "put-parameter" not in document.read_text()


def test_deployment_without_a_change_is_noticed() -> None:
    told = (
        "- Its role lacks a right: deploy `data`.\n- Full: raise its size, and deploy `data`.\n- Gone: deploy `data` with `--revert-drift`."
    )
    assert empty_cures(told) == ["- Its role lacks a right: deploy `data`."]


@pytest.mark.parametrize("runbook", RUNBOOKS, ids=lambda path: path.stem)
def test_runbook_with_kubectl_leads_into_the_cluster(runbook: Path) -> None:
    text = runbook.read_text()
    assert not re.search(r"\b(kubectl|helm) [a-z-]", text) or "../access.md" in text

"""Remedies in runbooks work."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.documents import code
from tests.guards.test_links import DOCUMENTS

RUNBOOKS = sorted((ROOT / "docs" / "runbooks").glob("*.md"))
NOTHING_DEPLOYED = {"failed-first-deployment"}
"""Runbooks of stacks that do not exist: a deployment creates all their resources."""
_DEPLOYS = re.compile(r"\b[Dd]eploy(?:ing)? (?:`[a-z-]+`|again|it again)")
_CHANGES = re.compile(
    r"--revert-drift|again=|commit before|rollback"
    r"|\b(?:append|add|change|correct|forget|give|lower|move|pin|put|raise|remove|rename|set|write)\b",
    flags=re.IGNORECASE,
)
"""Changes that make a deployment differ from the last one: CloudFormation calls nothing otherwise."""


def items(text: str) -> Iterator[str]:
    """Yields each paragraph, and each list item with its continuation."""
    yield from re.split(r"\n\s*\n(?! )|\n(?=(?:- |\d+\. |\*\*))", text)


def empty_cures(text: str) -> list[str]:
    """Items that say to deploy without a change to deploy."""
    return [item for item in items(text) if _DEPLOYS.search(item) and not _CHANGES.search(item)]


@pytest.mark.parametrize("runbook", [path for path in RUNBOOKS if path.stem not in NOTHING_DEPLOYED], ids=lambda path: path.stem)
def test_runbook_deploys_only_what_changed(runbook: Path) -> None:
    assert empty_cures(runbook.read_text()) == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_documents_write_no_parameter_by_hand(document: Path) -> None:
    """Stacks and External Secrets write parameters, and External Secrets never overwrites one that
    it did not create.
    """
    assert "put-parameter" not in document.read_text()


@pytest.mark.parametrize("runbook", RUNBOOKS, ids=lambda path: path.stem)
def test_runbook_with_kubectl_leads_into_the_cluster(runbook: Path) -> None:
    text = runbook.read_text()
    assert not re.search(r"\b(kubectl|helm) [a-z-]", text) or "../access.md" in text


_GIVEN = """
env | environment | region | domain | account | stack | namespace | pod | name | node | workload | queue | topic | group | partition
| offset | offset + 1 | instance | release | day | the day | day after | today | yesterday | yesterday, 2026-11-28 | ten days ago | new
| old | size | case | what is seen | owner | object | team | what | user | your role | key | user or session name | registry
| prefix, or empty | logical id | its PhysicalResourceId in the list below | name it answered | its name in that list | its name
"""
GIVEN = {name.strip() for name in _GIVEN.split("|")}
"""Placeholders that the reader knows."""
_SERVICE = r"list-services|ecs-service\.md|<its name in that list>"
SOURCES = {
    "cluster": r"list-clusters|ecs-service\.md",
    "service": _SERVICE + r"|DIMENSION,Key=SERVICE|topics-and-queues|security user",
    "family": r"services\[0\]\.taskDefinition",
    "bucket": r"list-buckets",
    "vault": r"list-backup-vaults|BackupVaultName",
    "point": r"list-recovery-points",
    "role": r"IamRoleArn|list-roles",
    "role of the plan": r"IamRoleArn",
    "volume": r"describe-volumes",
    "claim": r"get pvc",
    "replica": r"CacheClusterId",
    "snapshot": r"describe-snapshots",
    "subnet group": r"describe-cache-clusters",
    "security groups": r"describe-cache-clusters",
    "repository": r"describe-repositories",
    "zone id": r"describe-availability-zones",
    "revision": r"helm .*history",
    "revision before": r"helm .*history",
    "number before": r"list-task-definitions",
    "good version": r"list-object-versions",
    "gateway of another zone": r"describe-nat-gateways",
    "logical id of the cluster": r"list-stack-resources",
}
"""Command or page that yields a placeholder, by the placeholder."""
_LISTED = r"(?:list|describe)-[a-z-]+"
"""Sources of AWS ids and ARNs."""


def unexplained(text: str) -> set[str]:
    """Placeholders in the commands of a page without a source on that page."""
    used = {name for line in code(text) if _COMMAND.search(line) for name in re.findall(r"<([a-z][^<>|]*)>", line)}
    return {name for name in used - GIVEN if not re.search(SOURCES.get(name, _LISTED), text)}


_COMMAND = re.compile(r"\b(?:aws|kubectl|helm|npx) [a-z-]")


@pytest.mark.parametrize("runbook", RUNBOOKS, ids=lambda path: path.stem)
def test_runbook_yields_its_placeholders(runbook: Path) -> None:
    assert unexplained(runbook.read_text()) == set()


@pytest.mark.parametrize("runbook", RUNBOOKS, ids=lambda path: path.stem)
def test_runbook_is_written_in_common_words(runbook: Path) -> None:
    assert re.findall(r"\b(?:anew|whoever|bears?|worked off|for want of)\b", runbook.read_text(), flags=re.IGNORECASE) == []


@pytest.mark.parametrize("runbook", RUNBOOKS, ids=lambda path: path.stem)
def test_runbook_deletes_no_secret_of_a_certificate(runbook: Path) -> None:
    """A new key of the internal authority ends TLS between all components: only
    docs/internal-authority.md describes it.
    """
    deletions = [line for line in code(runbook.read_text()) if re.search(r"kubectl delete (-n \S+ )?secret", line)]
    assert [line for line in deletions if "owner=helm" not in line] == []

"""Remedies in runbooks."""

import re
from collections.abc import Iterator

import pytest

from tests.documents import blocks, code, findings
from tests.guards.test_links import DOCUMENTS
from tools.checkout import ROOT

RUNBOOKS = sorted((ROOT / "docs" / "runbooks").glob("*.md"))
NOTHING_DEPLOYED = {"failed-first-deployment"}
"""Runbooks of stacks that do not exist. A deployment creates all their resources."""
_DEPLOYS = re.compile(r"\b[Dd]eploy(?:ing)? (?:`[a-z-]+`|again|it again)")
_CHANGES = re.compile(
    r"--revert-drift|again=|commit before|rollback"
    r"|\b(?:append|add|change|correct|forget|give|lower|move|pin|put|raise|remove|rename)\b"
    r"|\b(?:set|write)\b",
    flags=re.IGNORECASE,
)
"""Changes that make a deployment differ from the last one. Without one, CloudFormation changes no
resource."""


def items(text: str) -> Iterator[str]:
    """Yield each paragraph, and each list item with its continuation."""
    yield from re.split(r"\n\s*\n(?! )|\n(?=(?:- |\d+\. |\*\*))", text)


def empty_cures(text: str) -> list[str]:
    """Items that require a deployment without a change to deploy."""
    return [item for item in items(text) if _DEPLOYS.search(item) and not _CHANGES.search(item)]


def test_runbooks_deploy_only_what_changed() -> None:
    deploying = [path for path in RUNBOOKS if path.stem not in NOTHING_DEPLOYED]
    assert findings(deploying, lambda runbook: empty_cures(runbook.read_text())) == {}


def wide_reverts(text: str) -> list[str]:
    """Commands that revert the drift of `ecs-services`, by name or as a dependency.

    ECS swaps the weights of blue/green rules. A revert would route requests to the group without
    tasks (docs/runbooks/drift.md).
    """
    return [
        line
        for line in code(text)
        if "cdk deploy" in line
        and "--revert-drift" in line
        and ("--exclusively" not in line or "ecs-services" in line)
    ]


def test_documents_revert_drift_of_single_stacks() -> None:
    assert findings(DOCUMENTS, lambda path: wide_reverts(path.read_text())) == {}


@pytest.mark.parametrize("stack", ["ecs-services", "observability"])
def test_wide_reverts_are_found(stack: str) -> None:
    command = f'npx cdk deploy --revert-drift -c env=<env> "<env>/{stack}"'
    assert wide_reverts(f"`{command}`") == [command]


def test_reverts_of_data_keep_grown_databases() -> None:
    """RDS refuses less storage and an older version, and the whole revert is rolled back."""

    def unsafe(text: str) -> list[str]:
        return [
            item
            for item in items(text)
            if re.search(r'--revert-drift[^`]*"<env>/data"', item) and "#databases" not in item
        ]

    assert findings(RUNBOOKS, lambda runbook: unsafe(runbook.read_text())) == {}
    assert unsafe('Revert it: `npx cdk deploy --revert-drift "<env>/secrets" "<env>/data"`.')


def test_runbooks_deploy_earlier_commits_exclusively() -> None:
    """The CLI also deploys the stacks that the named one needs."""
    wide = {
        path.stem: item
        for path in RUNBOOKS
        for item in re.split(r"\n(?=## )", path.read_text())
        if "git checkout <commit before>" in item and "--exclusively" not in item
    }
    assert wide == {}


def test_documents_never_deploy_after_scaling() -> None:
    """Helm rejects changes of replicas that `kubectl scale` owns."""
    scaled = re.compile(r"kubectl scale.*\bdeploy", flags=re.DOTALL)
    problems = findings(
        DOCUMENTS,
        lambda path: [item for item in items(path.read_text()) if scaled.search(item)],
    )
    assert problems == {}


def test_documents_write_no_parameter_by_hand() -> None:
    """Stacks and External Secrets write parameters, and External Secrets never overwrites one that
    it did not create.
    """
    assert [path for path in DOCUMENTS if "put-parameter" in path.read_text()] == []


def test_documents_subscribe_to_anomaly_monitors() -> None:
    """A monitor without a subscription sends no notification (AWS Cost Explorer API reference,
    AnomalySubscription).
    """
    assert [
        path
        for path in DOCUMENTS
        if "create-anomaly-monitor" in (text := path.read_text())
        and "create-anomaly-subscription" not in text
    ] == []


def test_runbooks_with_kubectl_lead_into_the_cluster() -> None:
    texts = {path.stem: path.read_text() for path in RUNBOOKS}
    assert [
        name
        for name, text in texts.items()
        if re.search(r"\b(kubectl|helm) [a-z-]", text) and "../access.md" not in text
    ] == []


_GIVEN = """
env | region | domain | account | stack | namespace | pod | name | node | workload | queue | topic
| group | partition | offset | offset + 1 | instance | release | day | the day | day after | today
| yesterday | yesterday, 2026-11-28 | ten days ago | new | old | size | case | what is seen | owner
| object | team | what | user | your role | key | user or session name | registry
| prefix, or empty | logical id | its PhysicalResourceId in the list below | name it answered
| its name in that list | its name | address of the team
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
    "old id": r"list-stack-resources",
    "parameter group": r"list-stack-resources",
    "user group": r"list-stack-resources",
    "security group": r"list-exports",
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
    used = {
        name
        for line in code(text)
        if _COMMAND.search(line)
        for name in re.findall(r"<([a-z][^<>|]*)>", line)
    }
    return {name for name in used - GIVEN if not re.search(SOURCES.get(name, _LISTED), text)}


_COMMAND = re.compile(r"\b(?:aws|kubectl|helm|npx) [a-z-]")


def test_runbooks_yield_their_placeholders() -> None:
    assert findings(RUNBOOKS, lambda runbook: unexplained(runbook.read_text())) == {}


def test_runbooks_are_written_in_common_words() -> None:
    odd = re.compile(r"\b(?:anew|whoever|bears?|worked off|for want of)\b", flags=re.IGNORECASE)
    assert findings(RUNBOOKS, lambda runbook: odd.findall(runbook.read_text())) == {}


def deleted_secrets(text: str) -> list[str]:
    """Commands that delete a Secret which Helm does not own."""
    return [
        line
        for line in code(text)
        if re.search(r"kubectl delete (-n \S+ )?secret", line) and "owner=helm" not in line
    ]


def test_runbooks_delete_no_secret_of_a_certificate() -> None:
    """A new key of the internal authority ends TLS between all components. Only
    docs/internal-authority.md describes it.
    """
    assert findings(RUNBOOKS, lambda runbook: deleted_secrets(runbook.read_text())) == {}


WORKS_AGAIN = {
    r"create job\b": r"-\$\(date \+%s\)",  # the cluster keeps completed jobs
    r"CallerReference=": r"-\$\(date \+%s\)",  # CloudFront ignores repeated references
    r"--final-db-snapshot-identifier\b": r"-\$\(date \+%s\)",
    # Otherwise the command reads all events of the group.
    r"filter-log-events\b": r"--start-time ",
}
"""Part of a command that makes it repeatable, by the command."""


def used_up(text: str) -> list[str]:
    """Commands that work only once, or that become slower with each use."""
    found = [
        (one, need)
        for line in code(text)
        for name, need in WORKS_AGAIN.items()
        for one in re.findall(rf"{name}[^|;&]*", line)
    ]
    return [command for command, needed in found if not re.search(needed, command)]


def test_commands_of_documents_work_each_time() -> None:
    assert findings(DOCUMENTS, lambda document: used_up(document.read_text())) == {}


def test_filters_use_documented_functions_of_jq() -> None:
    """Names with an underscore are private: jq 1.8 removed `_nwise`."""

    def private(text: str) -> list[str]:
        return [line for line in code(text) if re.search(r"\bjq .*\b_\w+\(", line)]

    assert findings(DOCUMENTS, lambda document: private(document.read_text())) == {}
    assert private("`jq '_nwise(2)'`")


_GNU_ONLY = re.compile(
    r"(?<![\w-])(?:(?:date|tail|xargs) --|(?:date -d|readlink -f|sed -i|stat -c|grep -[A-Za-z]*P)\b"
    r"|(?:base64 -w|md5sum|nproc|sha256sum|shuf|tac|timeout) )"
)


def test_commands_of_documents_run_on_macos() -> None:
    def gnu(text: str) -> list[str]:
        return [line for line in code(text) if _GNU_ONLY.search(line)]

    assert findings(DOCUMENTS, lambda document: gnu(document.read_text())) == {}
    commands = ["sha256sum *.json", "date -d yesterday", "date --utc", "timeout 30 true"]
    assert [*map(gnu, [f"`{command}`" for command in commands])] == [[each] for each in commands]


_STAYS = re.compile(r" port-forward | start-session |kubectl (?:get|logs) [^|]*-[fw]\b")
"""Commands that run until Ctrl-C."""


def waited_for(text: str) -> list[str]:
    """Commands that run until Ctrl-C before others of their block, which would never run."""
    return [
        line
        for block in blocks(text)
        for line in block[:-1]
        if _STAYS.search(line) and not line.endswith("&")
    ]


def test_commands_that_stay_end_their_block() -> None:
    assert findings(DOCUMENTS, lambda document: waited_for(document.read_text())) == {}
    port = "kubectl port-forward -n kong svc/kong 1"
    assert waited_for(f"```\n{port} &\n{port} \\\n  2\ntrue\n```\n") == [f"{port}  2"]

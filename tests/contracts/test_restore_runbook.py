"""Commands of restores and backups, compared with the templates."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import botocore.session
import jmespath
import pytest
from botocore import xform_name
from botocore.model import Shape
from botocore.validate import ParamValidator

from tests.documents import blocks, code
from tests.templates import all_of, of_type, only
from tools.checkout import ROOT
from tools.model.templates import Template

if TYPE_CHECKING:
    from tools.model.cluster import RenderedCluster

RUNBOOK = (ROOT / "docs" / "runbooks" / "restore.md").read_text()
ACCESS = (ROOT / "docs" / "access.md").read_text()
BASH = shutil.which("bash")
RDS = botocore.session.Session().get_service_model("rds")
OPERATIONS = ("RestoreDBInstanceToPointInTime", "ModifyDBInstance")
INHERITED = {
    # RDS copies these from the source, or the runbook has them as options.
    *(
        "AllocatedStorage",
        "DBInstanceIdentifier",
        "Engine",
        "EngineVersion",
        "KmsKeyId",
        "MasterUsername",
        "StorageEncrypted",
        "Tags",
    ),
    # Property of CloudFormation, not of the instance.
    "DeleteAutomatedBackups",
}
SPELT = {
    "EnableCloudwatchLogsExports": "CloudwatchLogsExportConfiguration",
    "MasterUserSecret": "MasterUserSecretKmsKeyId",
    "VPCSecurityGroups": "VpcSecurityGroupIds",
}
"""Properties with another name in the API of RDS."""
REVERTED = {
    "AutoMinorVersionUpgrade",
    "LogDeliveryConfigurations",
    "PreferredMaintenanceWindow",
    "SnapshotRetentionLimit",
    "SnapshotWindow",
    "Tags",
}
"""Properties of the cache that the revert of its drift sets."""


def sample(shape: Shape | None) -> Any:
    """Build a value with every member of a shape."""
    assert shape is not None
    match shape.type_name:
        case "structure":
            members = shape.members.items()  # type: ignore[attr-defined]
            return {name: sample(member) for name, member in members}
        case "list":
            return [sample(shape.member)]  # type: ignore[attr-defined]
        case "boolean":
            return True
        case "integer" | "long" | "double":
            return 35
        case _:
            return "text"


@pytest.fixture(scope="module")
def inputs() -> list[dict[str, Any]]:
    """Both operations' inputs, from the runbook's queries and a complete instance."""
    queries = re.findall(
        r"--query '(DBInstances\[0\]\.\{.*?)' > \w+\.json", RUNBOOK, flags=re.DOTALL
    )
    described = sample(RDS.operation_model("DescribeDBInstances").output_shape)
    return [jmespath.search(query, described) for query in queries]


def test_restore_inputs_suit_operations(inputs: list[dict[str, Any]]) -> None:
    required = {
        "RestoreDBInstanceToPointInTime": "TargetDBInstanceIdentifier",
        "ModifyDBInstance": "DBInstanceIdentifier",
    }
    for operation, given in zip(OPERATIONS, inputs, strict=True):
        assert None not in given.values()
        shape = RDS.operation_model(operation).input_shape
        assert shape is not None
        report = ParamValidator().validate({**given, required[operation]: "copy"}, shape)
        assert report.generate_report() == ""


def test_restored_database_has_every_setting(
    inputs: list[dict[str, Any]], templates: Callable[[str], dict[str, Template]]
) -> None:
    databases = all_of(templates("prod")["data"]["Resources"], "AWS::RDS::DBInstance")
    wanted = {name for database in databases for name in database}
    given = {name for each in inputs for name in each}
    assert {SPELT.get(name, name) for name in wanted - INHERITED} <= given


def test_databases_are_swapped_only_with_an_available_copy() -> None:
    """RDS renames available instances only, and clients fail between both renames."""
    waits = r'wait db-instance-available --db-instance-identifier "\$DB-new" &&\n'
    renames = r' *aws rds modify-db-instance --db-instance-identifier "\$DB" \\\n'
    assert re.search(waits + renames + r' *--new-db-instance-identifier "\$DB-old"', RUNBOOK)


def test_lost_cache_is_created_as_in_template(
    templates: Callable[[str], dict[str, Template]],
) -> None:
    """CloudFormation would replace a group with another create-only property."""
    (command,) = (
        line for line in code(RUNBOOK) if "create-replication-group" in line and "<old id>" in line
    )
    options = dict(re.findall(r'--([a-z-]+)(?: ("[^"]*"|<[^>]*>|[^ -]\S*))?', command))
    group = only(templates("prod")["data"]["Resources"], "AWS::ElastiCache::ReplicationGroup")
    needed = {xform_name(name, "-"): value for name, value in group.items() if name not in REVERTED}
    assert options.keys() == {*needed, "replication-group-id"}
    literal = {name: value for name, value in needed.items() if isinstance(value, str | int)}
    assert {name: options[name].strip('"') or "True" for name in literal} == {
        name: str(value) for name, value in literal.items()
    }, "Write the options of production into docs/runbooks/restore.md."


def test_documents_take_secrets_of_one_stack() -> None:
    """Other environments of the account, and stacks that were deleted, have secrets of the same
    descriptions.
    """
    documents = [path.read_text() for path in sorted((ROOT / "docs").rglob("*.md"))]
    commands = [line for text in documents for line in code(text) if "aws " in line]
    assert [line for line in commands if re.search(r"list-secrets.*--filters", line)] == []
    assert [line for line in commands if re.search(r"(SecretList|CacheClusters)\[0\]", line)] == []


def test_documents_name_secrets_by_logical_id(
    templates: Callable[[str], dict[str, Template]],
) -> None:
    """Rotation schedules, and master users with an option, have ids with the same beginnings."""
    text = f"{RUNBOOK}{ACCESS}".replace("<Catalogue or Identity>", "Identity")
    queries = re.findall(r"([^?]*)\bcontains\(LogicalResourceId,`(\w+)`\)", text)
    secrets = of_type(templates("prod")["data"]["Resources"], "AWS::SecretsManager::Secret")
    optional = json.loads((ROOT / "tests/stacks/optional_stateful_resources.json").read_text())
    ids = [*secrets, *(id_ for setting in optional.values() for id_ in setting)]
    assert {part for _, part in queries} == {
        "CatalogueUsers",
        "CatalogueMaster",
        "IdentityMaster",
        "Cache",
    }
    assert all("AWS::SecretsManager::Secret" in query for query, _ in queries)
    assert all(any(part in id_ for id_ in ids) for _, part in queries)


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_vault_locks_admit_backups_by_hand(
    environment: str, templates: Callable[[str], dict[str, Template]]
) -> None:
    """AWS Backup keeps a recovery point of a job without lifecycle forever, which a
    lock rejects.
    """
    vaults = all_of(templates(environment)["data"]["Resources"], "AWS::Backup::BackupVault")
    locks = [vault["LockConfiguration"] for vault in vaults]
    documents = (path.read_text() for path in (ROOT / "docs").rglob("*.md"))
    jobs = [line for text in documents for line in code(text) if "start-backup-job" in line]
    assert locks
    assert jobs
    for job in jobs:
        (days,) = re.findall(r"--lifecycle DeleteAfterDays=(\d+)", job)
        assert all(
            lock["MinRetentionDays"] <= int(days) <= lock["MaxRetentionDays"] for lock in locks
        )


def test_restored_volume_has_plan_tags(
    templates: Callable[[str], dict[str, Template]],
) -> None:
    """EKS and AWS Backup find volumes by their tags. A restore sets no tags."""
    selections = all_of(templates("prod")["data"]["Resources"], "AWS::Backup::BackupSelection")
    wanted = {
        (condition["ConditionKey"].removeprefix("aws:ResourceTag/"), condition["ConditionValue"])
        for selection in selections
        for condition in selection["BackupSelection"].get("Conditions", {}).get("StringLike", [])
    }
    (command,) = (line for line in code(RUNBOOK) if "create-tags" in line)
    given = dict(re.findall(r"Key=(\S+?),Value=(<[^>]+>|\S+)", command.replace("<env>", "prod")))
    assert wanted
    assert {
        key for key, value in wanted if value not in (given.get(key), "*") or key not in given
    } == set()


def test_restored_brokers_get_present_users_and_topics() -> None:
    """The topology operator resyncs every ten hours by default (SYNC_PERIOD of its 1.20), and the
    job of Redpanda's topics runs in deployments only.
    """
    section = RUNBOOK.partition("## A volume of Kubernetes")[2].partition("\n## ")[0]
    steps = " ".join(code(section))
    assert "rollout restart -n rabbitmq deployment/rabbitmq-operators-messaging-topology" in steps
    assert 'again="redpanda-access ' in steps


VERSIONS = [
    ("audio/lost", "old", "2026-11-01", True),
    ("audio/overwritten", "old", "2026-11-01", False),
    ("audio/overwritten", "wrong", "2026-11-29T03:05", True),
    ("audio/overwritten", "wrong again", "2026-11-29T03:06", True),
    ("audio/new", "only", "2026-11-29T03:05", True),
    ("audio/kept", "only", "2026-11-01", True),
]
MARKERS = [("audio/lost", "marker", "2026-11-29T03:05"), ("audio/gone", "marker", "2026-11-01")]
AWS = f"""#!{sys.executable}
import json, os, sys
import jmespath
words = sys.argv[1:]
if words[1] == "delete-objects":
    with open(os.environ["STATE"] + "/deleted", "a") as calls:
        calls.write(sys.stdin.read().strip() + chr(10))
elif words[1] == "list-object-versions":
    with open(os.environ["STATE"] + "/versions.json") as state:
        print(json.dumps(jmespath.search(words[words.index("--query") + 1], json.load(state))))
"""


@pytest.mark.skipif(not (BASH and shutil.which("jq")), reason="bash or jq is not installed")
def test_restored_objects_lose_only_versions_of_the_damage(tmp_path: Path) -> None:
    """AWS Backup restores no object over one that exists (AWS Backup developer guide, restore S3
    data).
    """
    (tmp_path / "aws").write_text(AWS)
    (tmp_path / "aws").chmod(0o755)
    names = ("Key", "VersionId", "LastModified", "IsLatest")
    listing = {
        "Versions": [dict(zip(names, version, strict=True)) for version in VERSIONS],
        "DeleteMarkers": [dict(zip(names, (*marker, True), strict=True)) for marker in MARKERS],
    }
    (tmp_path / "versions.json").write_text(json.dumps(listing))
    steps = ["\n".join(block) for block in blocks(RUNBOOK)]
    steps = [step for step in steps if re.search(r"(markers|wrong)\.json", step)]
    # A reader looks at the list before the versions are deleted.
    assert not [step for step in steps if "list-" in step and "delete_versions " in step]
    script = "\n".join(steps)
    values = {"<bucket>": "bucket", "<prefix, or empty>": ""}
    for placeholder, value in values.items():
        script = script.replace(placeholder, value)
    subprocess.run(
        [str(BASH), "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "STATE": str(tmp_path)},
        check=True,
    )
    deleted = map(json.loads, (tmp_path / "deleted").read_text().splitlines())
    assert [tuple(entry.values()) for call in deleted for entry in call["Objects"]] == [
        ("audio/lost", "marker"),
        ("audio/overwritten", "wrong"),
        ("audio/overwritten", "wrong again"),
    ]


STUBS = {
    "kubectl": """case $1 in
  get) cat "$STATE/set.json" ;;
  apply) cat > "$STATE/pod.json" ;;
  exec) sed "s#/opt/keycloak/bin#$STATE#" | bash -s ;;
esac""",
    "keytool": "",
    "kcadm.sh": 'echo "$*" >> "$STATE/calls"',
}


@pytest.mark.skipif(not (BASH and shutil.which("jq")), reason="bash or jq is not installed")
def test_erasures_precede_logins_after_restore(
    tmp_path: Path, deployed: Callable[[str], "RenderedCluster"]
) -> None:
    """The pod of the runbook never becomes ready, so no Service sends requests to it."""
    keycloak = [
        manifest
        for _, manifest in deployed("prod").everything()
        if manifest["metadata"]["name"].startswith("keycloak")
    ]
    (workload,) = (manifest for manifest in keycloak if manifest["kind"] == "StatefulSet")
    for name, script in STUBS.items():
        (tmp_path / name).write_text(f"#!/bin/bash\n{script}\n")
        (tmp_path / name).chmod(0o755)
    (tmp_path / "set.json").write_text(json.dumps(workload))
    (tmp_path / "erasures.txt").write_text("2026-11-28 one\n2026-11-29 two\n")
    blocks = re.findall(r"^ *```sh\n(.*?)^ *```", RUNBOOK, flags=re.MULTILINE | re.DOTALL)
    (block,) = (block for block in blocks if "erasures.txt" in block)
    environment = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "STATE": str(tmp_path),
        "KC_BOOTSTRAP_ADMIN_CLIENT_ID": "automation",
        "KC_BOOTSTRAP_ADMIN_CLIENT_SECRET": "of-a-test",
    }
    subprocess.run(
        [str(BASH), "-euo", "pipefail", "-c", dedent(block)],
        cwd=tmp_path,
        env=environment,
        check=True,
    )
    deletions = [
        line for line in (tmp_path / "calls").read_text().splitlines() if line.startswith("delete")
    ]
    assert deletions == ["delete users/one -r spotmusic", "delete users/two -r spotmusic"]
    (container,) = json.loads((tmp_path / "pod.json").read_text())["spec"]["containers"]
    assert container["readinessProbe"] == {"exec": {"command": ["false"]}}
    assert not {"livenessProbe", "startupProbe"} & container.keys()
    services = [
        manifest["spec"]
        for manifest in keycloak
        if manifest["kind"] == "Service" and manifest["spec"].get("clusterIP") != "None"
    ]
    assert services
    assert not any(spec.get("publishNotReadyAddresses") for spec in services)

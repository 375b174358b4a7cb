"""An environment with destroyable data retains nothing, and the documented commands find the
resources that AWS keeps.
"""

import json
import re
from pathlib import Path
from typing import Any

import jmespath
import pytest

from tests.conftest import ROOT, sample_of, synthesize

TEXT = (ROOT / "docs" / "deployment.md").read_text().partition("### Deleting its data as well")[2]


@pytest.fixture(scope="module")
def resources(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, dict[str, Any]]]:
    """Resources of every stack, each with the name of its stack."""
    settings = sample_of("dev")
    data = settings.data.model_copy(update={"removal_policy": "destroy", "allow_data_destruction": True})
    folder: Path = tmp_path_factory.mktemp("takedown")
    synthesize(settings.model_copy(update={"data": data}), outdir=folder, policies=False)
    manifests = [json.loads(path.read_text()) for path in folder.rglob("manifest.json")]
    stacks = {
        artifact["properties"]["templateFile"]: name
        for manifest in manifests
        for name, artifact in manifest["artifacts"].items()
        if artifact["type"] == "aws:cloudformation:stack"
    }
    templates = [(path, json.loads(path.read_text())) for path in folder.rglob("*.template.json")]
    return [(stacks[path.name], found) for path, template in templates for found in template["Resources"].values()]


def test_disposable_environment_retains_nothing(resources: list[tuple[str, dict[str, Any]]]) -> None:
    kept = [(stack, found["Type"]) for stack, found in resources if found.get("DeletionPolicy", "Delete") != "Delete"]
    assert kept == []


def test_disposable_vaults_allow_deletion(resources: list[tuple[str, dict[str, Any]]]) -> None:
    vaults = [found["Properties"] for _, found in resources if found["Type"] == "AWS::Backup::BackupVault"]
    (prefix,) = re.findall(r"starts_with\(BackupVaultName, `(\w+)`\)", TEXT)
    assert len(vaults) == 2
    for vault in vaults:
        assert vault["BackupVaultName"].startswith(prefix)
        assert not {"AccessPolicy", "LockConfiguration"} & set(vault)


def test_takedown_empties_buckets_of_every_stack(resources: list[tuple[str, dict[str, Any]]]) -> None:
    (named,) = re.findall(r"for stack in ([\w -]+); do", TEXT)
    holding = {stack for stack, found in resources if found["Type"] == "AWS::S3::Bucket"}
    assert {re.sub(r"^dev|[0-9A-F]{8}$", "", stack) for stack in holding} <= set(named.split())


@pytest.mark.parametrize("versions", [None, [{"Key": "a", "VersionId": "1", "Size": 3}]])
@pytest.mark.parametrize("markers", [None, [{"Key": "b", "VersionId": "2"}]])
def test_takedown_deletes_versions_and_markers(versions: list[Any] | None, markers: list[Any] | None) -> None:
    (query,) = re.findall(r"--query '(\{Objects: .*?\})' >", TEXT)
    found = jmespath.search(query, {"Versions": versions, "DeleteMarkers": markers})
    wanted = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in (versions or []) + (markers or [])]
    assert found == {"Objects": wanted, "Quiet": True}

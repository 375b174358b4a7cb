"""Removal of an environment with destroyable data: no retained resources, and commands for those
that AWS keeps."""

import re
from pathlib import Path
from typing import Any

import jmespath
import pytest

from tools.checkout import ROOT
from tools.model.templates import templates_in

TEXT = (ROOT / "docs" / "deployment.md").read_text().partition("### Deleting its data as well")[2]


@pytest.fixture(scope="module")
def resources(disposable: Path) -> list[tuple[str, dict[str, Any]]]:
    """Resources of every stack, each with the id of its stack."""
    return [
        (stack, found)
        for stack, template in templates_in(disposable).items()
        for found in template["Resources"].values()
    ]


def test_disposable_environment_retains_nothing(
    resources: list[tuple[str, dict[str, Any]]],
) -> None:
    kept = [
        (stack, found["Type"])
        for stack, found in resources
        if found.get("DeletionPolicy", "Delete") != "Delete"
    ]
    assert kept == []


def test_disposable_vaults_allow_deletion(resources: list[tuple[str, dict[str, Any]]]) -> None:
    vaults = [
        found["Properties"] for _, found in resources if found["Type"] == "AWS::Backup::BackupVault"
    ]
    (prefix,) = re.findall(r"starts_with\(BackupVaultName, `(\w+)`\)", TEXT)
    assert len(vaults) == 2
    for vault in vaults:
        assert vault["BackupVaultName"].startswith(prefix)
        assert not {"AccessPolicy", "LockConfiguration"} & set(vault)


def test_takedown_empties_buckets_of_every_stack(
    resources: list[tuple[str, dict[str, Any]]],
) -> None:
    (named,) = re.findall(r"for stack in ([\w -]+); do", TEXT)
    assert {stack for stack, found in resources if found["Type"] == "AWS::S3::Bucket"} <= set(
        named.split()
    )


@pytest.mark.parametrize("versions", [None, [{"Key": "a", "VersionId": "1", "Size": 3}]])
@pytest.mark.parametrize("markers", [None, [{"Key": "b", "VersionId": "2"}]])
def test_takedown_deletes_versions_and_markers(
    versions: list[Any] | None, markers: list[Any] | None
) -> None:
    (query,) = re.findall(r"--query '(\{Objects: .*?\})' >", TEXT)
    found = jmespath.search(query, {"Versions": versions, "DeleteMarkers": markers})
    wanted = [
        {"Key": each["Key"], "VersionId": each["VersionId"]}
        for each in (versions or []) + (markers or [])
    ]
    assert found == {"Objects": wanted, "Quiet": True}

"""The check of an account knows every name that a stack leaves behind and needs again."""

from collections.abc import Callable

from tests.conftest import Template
from tools.preflight.leftovers import VAULTS

NAMES = ("LogGroupName", "BackupVaultName", "BucketName", "RepositoryName", "Name", "AliasName", "DBInstanceIdentifier")


def test_preflight_knows_names_that_are_kept(templates: Callable[[str], dict[str, Template]]) -> None:
    kept = {
        resource["Properties"][name]
        for template in templates("prod").values()
        for resource in template["Resources"].values()
        if resource.get("DeletionPolicy", "Delete").startswith("Retain")
        for name in NAMES
        if isinstance(resource["Properties"].get(name), str)
    }
    vaults = {name for name in kept if name.startswith(f"prod{VAULTS}")}
    assert vaults
    assert kept - vaults == {"/aws/eks/spotmusic-prod/cluster"}

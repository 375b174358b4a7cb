"""What holds data keeps its logical id: CloudFormation would replace it under another."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Template

FROZEN = Path(__file__).parent / "stateful_resources.json"
HOLDS_DATA = {
    "AWS::Backup::BackupVault",
    "AWS::EKS::Cluster",
    "AWS::ECR::Repository",
    "AWS::ElastiCache::ReplicationGroup",
    "AWS::KMS::Key",
    "AWS::RDS::DBInstance",
    "AWS::S3::Bucket",
    "AWS::SecretsManager::Secret",
    "AWS::APS::Workspace",
}
KEPT = {"Retain", "RetainExceptOnCreate", "Snapshot"}
Templates = Callable[[str], dict[str, Template]]


def stateful(templates: dict[str, Template]) -> dict[str, str]:
    """Type by stack and logical id of everything that holds data."""
    return {
        f"{stack}/{id_}": resource["Type"]
        for stack, template in templates.items()
        for id_, resource in template["Resources"].items()
        if resource["Type"] in HOLDS_DATA
    }


def test_no_resource_that_holds_data_is_renamed_or_gone(templates: Templates) -> None:
    frozen = json.loads(FROZEN.read_text())
    now = stateful(templates("prod"))
    gone = {name: kind for name, kind in frozen.items() if now.get(name) != kind}
    assert gone == {}, "CloudFormation would delete or replace these, with the data in them"


def test_every_resource_that_holds_data_is_frozen(templates: Templates) -> None:
    new = stateful(templates("prod")).keys() - json.loads(FROZEN.read_text()).keys()
    assert sorted(new) == [], f"add them to {FROZEN.name}, for good"


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_what_holds_data_outlives_its_stack(templates: Templates, environment: str) -> None:
    """The cluster and the cache are made again from code and snapshots; the rest is kept."""
    remade = {"AWS::EKS::Cluster", "AWS::ElastiCache::ReplicationGroup"}
    for stack, template in templates(environment).items():
        for id_, resource in template["Resources"].items():
            if resource["Type"] in HOLDS_DATA - remade:
                assert resource.get("DeletionPolicy") in KEPT, f"{stack}/{id_} would be deleted with its stack"
                assert resource.get("UpdateReplacePolicy") in KEPT, f"{stack}/{id_} would be lost when it is replaced"

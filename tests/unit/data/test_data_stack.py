"""Data stack as the application creates it, with the two stacks that it consumes."""

import json
from typing import Any

import aws_cdk as cdk
import pytest

from spotmusic_cdk.settings import Settings
from spotmusic_cdk.settings.services import Word
from stacks.data import DataStack
from stacks.network import NetworkStack
from stacks.secrets import SecretsStack
from tests.conftest import feature_flags, sample_of
from tests.templates import Resources, all_of, resources_of

HOLD_DATA = {
    "AWS::Backup::BackupVault",
    "AWS::ElastiCache::ReplicationGroup",
    "AWS::RDS::DBInstance",
    "AWS::S3::Bucket",
    "AWS::SecretsManager::Secret",
}


def data_of(settings: Settings) -> Resources:
    stage = cdk.Stage(cdk.App(context=feature_flags()), settings.name)
    network, secrets = NetworkStack(stage, settings=settings), SecretsStack(stage, settings=settings)
    return resources_of(DataStack(stage, settings=settings, network=network, secrets=secrets))


@pytest.fixture(scope="module")
def prod() -> Resources:
    return data_of(sample_of("prod"))


def test_database_events_reach_every_address(prod: Resources) -> None:
    addresses = [subscription["Endpoint"] for subscription in all_of(prod, "AWS::SNS::Subscription")]
    assert addresses == list(sample_of("prod").observability.alarm_emails)


def test_backup_plan_excludes_uploads(prod: Resources) -> None:
    assert "UploadsBucket" not in json.dumps(all_of(prod, "AWS::Backup::BackupSelection"))


def test_data_deletion_requires_two_settings() -> None:
    dev = sample_of("dev")

    def with_data(**changes: Any) -> Resources:
        return data_of(dev.model_copy(update={"data": dev.data.model_copy(update=changes)}))

    def policies(resources: Resources) -> set[str]:
        return {resource["DeletionPolicy"] for resource in resources.values() if resource["Type"] in HOLD_DATA}

    kept, disposable = with_data(), with_data(removal_policy="destroy", allow_data_destruction=True)
    assert policies(kept) == {"Retain", "RetainExceptOnCreate", "Snapshot"}
    assert policies(disposable) == {"Delete"}
    assert with_data(allow_data_destruction=True) == kept


def test_services_have_roles_of_their_words() -> None:
    settings = sample_of("dev")
    both = settings.services["trends"].model_copy(update={"talks_to": (Word("database"), Word("catalogue", "read"))})
    alone = settings.services["notifications"].model_copy(update={"talks_to": (Word("database"),)})
    leaving = settings.services["playback"].model_copy(update={"retired_talks_to": (Word("catalogue", "write"),)})
    services = {**settings.services, "trends": both, "notifications": alone, "playback": leaving}
    resources = data_of(settings.model_copy(update={"services": services}).kept)
    (rights,) = [
        body["Properties"]["Rights"]
        for body in resources.values()
        if body["Type"] == "Custom::DatabaseUsers" and "Rights" in body["Properties"]
    ]
    assert rights == {
        "web-api": {"catalogue": "writer"},
        "playback": {"catalogue": "writer"},
        "recommendations": {"catalogue": "reader"},
        "trends": {"trends": "owner", "catalogue": "reader"},
        "notifications": {"notifications": "owner"},
        "catalogue-migrations": {"catalogue": "migrator"},
    }

"""Data stack as the application creates it, with the two stacks that it uses."""

import json
from typing import Any

import aws_cdk as cdk
import pytest

from spotmusic_cdk.settings import Settings
from spotmusic_cdk.settings.words import Word
from stacks.data import DataStack
from stacks.network import NetworkStack
from stacks.secrets import SecretsStack
from tests.conftest import new_app, sample_of
from tests.templates import Resources, all_of, resources_of

HOLD_DATA = {
    "AWS::Backup::BackupVault",
    "AWS::ElastiCache::ReplicationGroup",
    "AWS::RDS::DBInstance",
    "AWS::S3::Bucket",
    "AWS::SecretsManager::Secret",
}


def data_of(settings: Settings) -> Resources:
    stage = cdk.Stage(new_app(), settings.name)
    network, secrets = (
        NetworkStack(stage, settings=settings),
        SecretsStack(stage, settings=settings),
    )
    return resources_of(DataStack(stage, settings=settings, network=network, secrets=secrets))


@pytest.fixture(scope="module")
def prod() -> Resources:
    return data_of(sample_of("prod"))


def test_database_events_reach_every_address(prod: Resources) -> None:
    addresses = [
        subscription["Endpoint"] for subscription in all_of(prod, "AWS::SNS::Subscription")
    ]
    assert addresses == list(sample_of("prod").observability.alarm_emails)


def test_backup_plan_excludes_uploads(prod: Resources) -> None:
    assert "UploadsBucket" not in json.dumps(all_of(prod, "AWS::Backup::BackupSelection"))


def with_data(settings: Settings, **changes: Any) -> Settings:
    return settings.model_copy(update={"data": settings.data.model_copy(update=changes)})


@pytest.fixture(scope="module")
def disposable() -> Resources:
    """Development with disposable data, and services with several words, only a private database,
    and a retired word.
    """
    settings = with_data(sample_of("dev"), removal_policy="destroy", allow_data_destruction=True)
    both = settings.services["trends"].model_copy(
        update={"talks_to": (Word("database"), Word("catalogue", "read"))}
    )
    alone = settings.services["notifications"].model_copy(update={"talks_to": (Word("database"),)})
    leaving = settings.services["playback"].model_copy(
        update={"retired_talks_to": (Word("catalogue", "write"),)}
    )
    services = {**settings.services, "trends": both, "notifications": alone, "playback": leaving}
    return data_of(settings.model_copy(update={"services": services}).kept)


def test_data_deletion_requires_two_settings(prod: Resources, disposable: Resources) -> None:
    def policies(resources: Resources) -> set[str]:
        return {
            resource["DeletionPolicy"]
            for resource in resources.values()
            if resource["Type"] in HOLD_DATA
        }

    assert policies(prod) == {"Retain", "RetainExceptOnCreate", "Snapshot"}
    assert policies(disposable) == {"Delete"}
    assert data_of(with_data(sample_of("prod"), allow_data_destruction=True)) == prod


def test_services_have_roles_of_their_words(disposable: Resources) -> None:
    (rights,) = [
        body["Properties"]["Rights"]
        for body in disposable.values()
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

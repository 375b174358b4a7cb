"""Data stack as the application creates it, with the two stacks that it consumes."""

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template

from spotmusic_cdk.settings import Settings
from spotmusic_cdk.settings.services import Word
from stacks.data import DataStack
from stacks.network import NetworkStack
from stacks.secrets import SecretsStack
from tests.conftest import feature_flags, sample_of
from tests.templates import Resources, all_of

FROZEN = {
    "AudioBucket": "AWS::S3::Bucket",
    "UploadsBucket": "AWS::S3::Bucket",
    "WebBucket": "AWS::S3::Bucket",
    "LogsBucket": "AWS::S3::Bucket",
    "CatalogueInstance": "AWS::RDS::DBInstance",
    "IdentityInstance": "AWS::RDS::DBInstance",
    "CacheReplicationGroup": "AWS::ElastiCache::ReplicationGroup",
    "BackupVault": "AWS::Backup::BackupVault",
    "BackupCopies": "AWS::Backup::BackupVault",
}


def stack_of(settings: Settings) -> DataStack:
    stage = cdk.Stage(cdk.App(context=feature_flags()), settings.name)
    network, secrets = NetworkStack(stage, settings=settings), SecretsStack(stage, settings=settings)
    return DataStack(stage, settings=settings, network=network, secrets=secrets)


def resources_of(settings: Settings) -> Resources:
    resources: Resources = Template.from_stack(stack_of(settings)).to_json()["Resources"]
    return resources


@pytest.fixture(scope="module")
def prod() -> Resources:
    return resources_of(sample_of("prod"))


@pytest.fixture(scope="module")
def dev() -> Resources:
    return resources_of(sample_of("dev"))


@pytest.fixture(scope="module")
def disposable() -> Resources:
    """Environment in which both settings allow the deletion of data."""
    settings = sample_of("dev")
    data = settings.data.model_copy(update={"removal_policy": "destroy", "allow_data_destruction": True})
    return resources_of(settings.model_copy(update={"data": data}))


def test_stateful_resources_have_frozen_ids(prod: Resources) -> None:
    found = {id_[:-8]: r["Type"] for id_, r in prod.items() if r["Type"] in set(FROZEN.values())}
    assert found == FROZEN


def test_data_stack_names_are_known_before_deployment(prod: Resources) -> None:
    text = json.dumps(prod)
    assert "Fn::ImportValue" in text
    assert "Fn::GetStackOutput" not in text


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_services_have_users_in_their_stores(environment: str) -> None:
    settings = sample_of(environment)
    data = stack_of(settings)

    def talking_to(store: str) -> set[str]:
        return {name for name, service in settings.services.items() if store in service.talks_to}

    assert set(data.catalogue.users) == talking_to("catalogue") | talking_to("database") | {"catalogue-migrations"}
    assert set(data.identity.users) == {"keycloak", "grafana"}
    assert set(data.cache.users) == talking_to("cache") | {"kong"}


def test_production_vault_is_locked(prod: Resources, dev: Resources) -> None:
    assert all_of(prod, "AWS::Backup::BackupVault")[0]["LockConfiguration"]["ChangeableForDays"] == 7
    assert "ChangeableForDays" not in all_of(dev, "AWS::Backup::BackupVault")[0]["LockConfiguration"]


def test_backup_plan_excludes_uploads(prod: Resources) -> None:
    (selected,) = [
        s["BackupSelection"] for s in all_of(prod, "AWS::Backup::BackupSelection") if s["BackupSelection"]["SelectionName"] == "Data"
    ]
    text = json.dumps(selected["Resources"])
    assert all(name in text for name in ("CatalogueInstance", "IdentityInstance", "AudioBucket", "WebBucket"))
    assert "UploadsBucket" not in text


def test_upload_bucket_cors_admits_domain_only(prod: Resources, dev: Resources) -> None:
    def origins(resources: Resources) -> list[Any]:
        return [
            b["CorsConfiguration"]["CorsRules"][0]["AllowedOrigins"]
            for b in all_of(resources, "AWS::S3::Bucket")
            if "CorsConfiguration" in b
        ]

    assert origins(prod) == [["https://spotmusic.example"]]
    assert origins(dev) == []


def test_data_deletion_requires_two_settings(dev: Resources, disposable: Resources) -> None:
    kinds = set(FROZEN.values()) | {"AWS::SecretsManager::Secret"}
    assert {r["DeletionPolicy"] for r in dev.values() if r["Type"] in kinds} == {"Retain", "RetainExceptOnCreate", "Snapshot"}
    assert {r["DeletionPolicy"] for r in disposable.values() if r["Type"] in kinds} == {"Delete"}
    settings = sample_of("dev")
    allowed = settings.data.model_copy(update={"allow_data_destruction": True})
    assert resources_of(settings.model_copy(update={"data": allowed})) == dev


def test_log_bucket_has_waf_prefix(prod: Resources) -> None:
    (name,) = [b["BucketName"] for b in all_of(prod, "AWS::S3::Bucket") if "BucketName" in b]
    prefix, creation = name["Fn::Join"][1]
    assert prefix == "aws-waf-logs-spotmusic-prod-111122223333-"
    assert "AWS::StackId" in str(creation), "a bucket that was kept would stand in the way of the next creation of the stack"


def test_services_have_roles_of_their_words() -> None:
    settings = sample_of("dev")
    both = settings.services["trends"].model_copy(update={"talks_to": (Word("database"), Word("catalogue", "read"))})
    alone = settings.services["notifications"].model_copy(update={"talks_to": (Word("database"),)})
    leaving = settings.services["playback"].model_copy(update={"retired_talks_to": (Word("catalogue", "write"),)})
    services = {**settings.services, "trends": both, "notifications": alone, "playback": leaving}
    resources = resources_of(settings.model_copy(update={"services": services}).kept)
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

"""Updates from the last release: no deletion or replacement of resources with data."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from tools.changes.replacement import replaced
from tools.changes.resources import HOLDS_DATA
from tools.model.templates import RELEASE, Template
from tools.releases import ENVIRONMENTS, FOLDER, checkout_version, previous, versions

Templates = Callable[[str], dict[str, Template]]

RELEASES = {
    "cert-manager",
    "external-secrets",
    "ground",
    "monitoring",
    "prometheus-operator-crds",
    "rabbitmq",
    "rabbitmq-operators",
    "redpanda",
}
"""Releases with volumes, storage classes or custom resource definitions. Their deletion deletes all
instances."""
ANSWERS = ("Custom::DatabaseUsers", "Custom::SigningKeyPair")
"""Custom resources with data: users of databases, and the keys that sign audio URLs."""


def stateful(release: dict[str, Template]) -> list[tuple[str, str]]:
    """Stack and logical id of all resources with data."""
    return [
        (stack, id_)
        for stack, template in release.items()
        for id_, resource in template["Resources"].items()
        if resource["Type"] in HOLDS_DATA
        or resource["Type"] in ANSWERS
        or resource["Properties"].get("Release") in RELEASES
    ]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_update_replaces_no_stateful_resource(templates: Templates, environment: str) -> None:
    before = previous(environment)
    lost = [
        reason
        for stack, id_ in stateful(before)
        for reason in replaced(before, templates(environment), stack, id_)
    ]
    assert lost == [], (
        "CloudFormation would replace or delete these: "
        "restore what they were, or migrate the data in a release of its own"
    )
    assert len(stateful(before)) > 50


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_retained_resources_stay_retained(templates: Templates, environment: str) -> None:
    before, now = previous(environment), templates(environment)
    for stack, id_ in stateful(before):
        old, new = before[stack]["Resources"][id_], now[stack]["Resources"].get(id_, {})
        for policy in ("DeletionPolicy", "UpdateReplacePolicy"):
            assert new.get(policy, "Delete") != "Delete" or old.get(policy, "Delete") == "Delete", (
                f"{stack}/{id_}: {policy} was {old[policy]}"
            )


def storage_classes(resource: dict[str, Any]) -> set[str]:
    """Storage classes in the values of a release. The class of a volume cannot change."""
    return set(
        re.findall(
            r"storageClass(?:Name)?\W+([\w-]+)",
            json.dumps(resource["Properties"].get("Values", "")),
        )
    )


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_volumes_stay_in_their_storage_class(templates: Templates, environment: str) -> None:
    before, now = previous(environment), templates(environment)
    releases = [
        (stack, id_)
        for stack, id_ in stateful(before)
        if before[stack]["Resources"][id_]["Type"] == RELEASE
    ]
    classes = {
        id_: (
            storage_classes(before[stack]["Resources"][id_]),
            storage_classes(now[stack]["Resources"][id_]),
        )
        for stack, id_ in releases
    }
    assert {id_: pair for id_, pair in classes.items() if pair[0] != pair[1]} == {}
    assert len(releases) == len(RELEASES)
    assert any(was for was, _ in classes.values())


FAULTS: dict[str, tuple[str, str, dict[str, Any], str]] = {
    "a database that is encrypted no more": (
        "data",
        "CatalogueInstance4AD361ED",
        {"StorageEncrypted": False},
        "StorageEncrypted was true and",
    ),
    "subnets by a name of their own": (
        "data",
        "CatalogueSubnetGroup53C49B28",
        {"DBSubnetGroupName": "named"},
        (
            "CatalogueInstance4AD361ED: DBSubnetGroupName references a replaced resource: "
            "data/CatalogueSubnetGroup53C49B28"
        ),
    ),
    "a key of another kind": (
        "secrets",
        "DatabaseKey7576F140",
        {"KeySpec": "RSA_2048"},
        (
            "CatalogueInstance4AD361ED: KmsKeyId references a replaced resource: "
            "secrets/DatabaseKey7576F140: KeySpec was null"
        ),
    ),
    "a bucket with another name": (
        "data",
        "AudioBucket3176805C",
        {"BucketName": "tracks"},
        'AudioBucket3176805C: BucketName was null and is "tracks"',
    ),
    "a secret with another recipe": (
        "secrets",
        "ComponentsRedpandaAdminD8BACC99",
        {"GenerateSecretString": {}},
        "secrets/ComponentsRedpandaAdminD8BACC99: GenerateSecretString was",
    ),
    "a release under another name": (
        "eks-platform",
        "RedpandaReleaseChart6A02F8C5",
        {"Release": "events"},
        'RedpandaReleaseChart6A02F8C5: Release was "redpanda" and is "events"',
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_replacement_names_resource_and_property(fault: str) -> None:
    stack, id_, properties, detail = FAULTS[fault]
    before = previous("prod")
    resource = before[stack]["Resources"][id_]
    changed = {**resource, "Properties": {**resource["Properties"], **properties}}
    now = {
        **before,
        stack: {**before[stack], "Resources": {**before[stack]["Resources"], id_: changed}},
    }
    reasons = [
        reason
        for where, other in stateful(before)
        for reason in replaced(before, now, where, other)
    ]
    assert any(detail in reason for reason in reasons), reasons


def test_missing_resource_is_reported() -> None:
    before = previous("prod")
    resources = dict(before["data"]["Resources"])
    resources["Renamed"] = resources.pop("CatalogueInstance4AD361ED")
    now = {**before, "data": {**before["data"], "Resources": resources}}
    assert replaced(before, now, "data", "CatalogueInstance4AD361ED") == [
        "data/CatalogueInstance4AD361ED is gone"
    ]


def test_last_release_precedes_checkout() -> None:
    assert versions(), f"run `make release-templates`: {FOLDER} has none"
    assert tuple(map(int, versions()[-1].split("."))) <= tuple(
        map(int, checkout_version().split("."))
    )

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk.assertions import Template

from spotmusic_constructs.registry.service_repositories import ServiceRepositories
from tests.conftest import new_stack

KEY = "arn:aws:kms:sa-east-1:111122223333:key/1"


def made(stack: cdk.Stack, **more: Any) -> ServiceRepositories:
    key = kms.Key.from_key_arn(stack, "Key", KEY)
    return ServiceRepositories(stack, "Services", services=["playback", "web-api"], key=key, **more)


def repositories(stack: cdk.Stack) -> list[dict[str, Any]]:
    return [r for r in Template.from_stack(stack).to_json()["Resources"].values() if r["Type"] == "AWS::ECR::Repository"]


@pytest.fixture(scope="module")
def minimal() -> list[dict[str, Any]]:
    stack = new_stack()
    made(stack)
    return repositories(stack)


def test_services_have_own_repositories(minimal: list[dict[str, Any]], stack: cdk.Stack) -> None:
    assert len(minimal) == 2
    assert list(made(stack).repositories) == ["playback", "web-api"]


def test_service_repositories_are_immutable_and_encrypted(minimal: list[dict[str, Any]]) -> None:
    for repository in minimal:
        properties = repository["Properties"]
        assert properties["ImageTagMutability"] == "IMMUTABLE"
        assert properties["ImageScanningConfiguration"] == {"ScanOnPush": True}
        assert properties["EncryptionConfiguration"] == {"EncryptionType": "KMS", "KmsKey": KEY}


def test_service_repositories_have_no_policies(minimal: list[dict[str, Any]]) -> None:
    assert not any("RepositoryPolicyText" in repository["Properties"] for repository in minimal)


def test_service_repositories_are_retained(minimal: list[dict[str, Any]]) -> None:
    for repository in minimal:
        assert repository["DeletionPolicy"] == repository["UpdateReplacePolicy"] == "Retain"
        assert repository["Properties"]["EmptyOnDelete"] is False


def test_service_repositories_can_be_deleted(stack: cdk.Stack) -> None:
    made(stack, removal_policy=cdk.RemovalPolicy.DESTROY)
    for repository in repositories(stack):
        assert repository["DeletionPolicy"] == "Delete"
        assert repository["Properties"]["EmptyOnDelete"] is True


def test_service_images_expire_by_count(stack: cdk.Stack) -> None:
    made(stack, keep_images=7, untagged_days=3)
    rules = json.loads(repositories(stack)[0]["Properties"]["LifecyclePolicy"]["LifecyclePolicyText"])["rules"]
    assert [(r["selection"]["tagStatus"], r["selection"]["countType"], r["selection"]["countNumber"]) for r in rules] == [
        ("untagged", "sinceImagePushed", 3),
        ("tagged", "imageCountMoreThan", 7),
    ]


def test_service_repository_outputs_describe_push(stack: cdk.Stack) -> None:
    made(stack)
    descriptions = {output["Description"] for output in Template.from_stack(stack).to_json()["Outputs"].values()}
    assert descriptions == {"Where to push images of playback", "Where to push images of web-api"}


def test_pull_grant_changes_reader_only(stack: cdk.Stack) -> None:
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("ecs-tasks.amazonaws.com"))
    made(stack).repositories["playback"].grant_pull(role)
    assert not any("RepositoryPolicyText" in repository["Properties"] for repository in repositories(stack))

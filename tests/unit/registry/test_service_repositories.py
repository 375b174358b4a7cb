"""Options of the services' repositories; P-016 to P-021 decide their tags, keys and policies."""

import json
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Template

from spotmusic_constructs.registry.service_repositories import ServiceRepositories
from tests.templates import of_type, resources_of
from tests.unit.imported import key_of
from tools.model.values import Json


def made(stack: cdk.Stack, **more: Any) -> ServiceRepositories:
    return ServiceRepositories(
        stack, "Services", services=["playback", "web-api"], key=key_of(stack), **more
    )


def repositories(stack: cdk.Stack) -> list[Json]:
    return list(of_type(resources_of(stack), "AWS::ECR::Repository").values())


def test_services_have_own_repositories(stack: cdk.Stack) -> None:
    assert list(made(stack).repositories) == ["playback", "web-api"]
    assert len(repositories(stack)) == 2


def test_service_repositories_can_be_deleted(stack: cdk.Stack) -> None:
    made(stack, removal_policy=cdk.RemovalPolicy.DESTROY)
    for repository in repositories(stack):
        assert repository["DeletionPolicy"] == "Delete"
        assert repository["Properties"]["EmptyOnDelete"] is True


def test_service_images_expire_by_count(stack: cdk.Stack) -> None:
    made(stack, keep_images=7, untagged_days=3)
    rules = json.loads(
        repositories(stack)[0]["Properties"]["LifecyclePolicy"]["LifecyclePolicyText"]
    )["rules"]
    assert [
        (r["selection"]["tagStatus"], r["selection"]["countType"], r["selection"]["countNumber"])
        for r in rules
    ] == [
        ("untagged", "sinceImagePushed", 3),
        ("tagged", "imageCountMoreThan", 7),
    ]


def test_service_repository_outputs_describe_push(stack: cdk.Stack) -> None:
    made(stack)
    descriptions = {
        output["Description"] for output in Template.from_stack(stack).to_json()["Outputs"].values()
    }
    assert descriptions == {"Where to push images of playback", "Where to push images of web-api"}


def test_pull_grant_changes_reader_only(stack: cdk.Stack) -> None:
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("ecs-tasks.amazonaws.com"))
    made(stack).repositories["playback"].grant_pull(role)
    assert not any(
        "RepositoryPolicyText" in repository["Properties"] for repository in repositories(stack)
    )

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Annotations, Match, Template

from spotmusic_constructs.registry.pull_through_cache import PullThroughCache
from stacks import compliance
from tests.conftest import new_app, new_stack
from tests.templates import Resources, all_of, of_type, only, resources_of
from tests.unit.imported import key_of

ENV = cdk.Environment(account="111122223333", region="sa-east-1")
OURS = "111122223333.dkr.ecr.sa-east-1.amazonaws.com"
SECRETS = "arn:aws:secretsmanager:sa-east-1:111122223333:secret:ecr-pullthroughcache"
CREDENTIALS = {
    "docker.io": f"{SECRETS}/docker-hub-a1b2c3",
    "ghcr.io": f"{SECRETS}/github-a1b2c3",
}


def made(stack: cdk.Stack, **more: Any) -> PullThroughCache:
    return PullThroughCache(stack, "Images", namespace="dev", key=key_of(stack), **more)


def cached(**more: Any) -> Resources:
    stack = new_stack()
    made(stack, **more)
    return resources_of(stack)


@pytest.fixture(scope="module")
def full() -> Resources:
    return cached(credentials=CREDENTIALS, keep_images=7, untagged_days=3)


def credentials(resources: Resources) -> dict[str, str | None]:
    """ARN of the credentials by registry."""
    return {
        rule["UpstreamRegistryUrl"]: rule.get("CredentialArn")
        for rule in all_of(resources, "AWS::ECR::PullThroughCacheRule")
    }


def warnings(stack: cdk.Stack) -> list[str]:
    return [
        str(found.entry.data)
        for found in Annotations.from_stack(stack).find_warning("*", Match.any_value())
    ]


def test_registries_are_cached_with_credentials(full: Resources) -> None:
    anonymous = dict.fromkeys(("public.ecr.aws", "quay.io", "registry.k8s.io"))
    assert credentials(cached()) == anonymous
    assert credentials(full) == {
        **anonymous,
        "registry-1.docker.io": CREDENTIALS["docker.io"],
        "ghcr.io": CREDENTIALS["ghcr.io"],
    }


def test_cache_rules_depend_on_templates(full: Resources) -> None:
    templates = of_type(full, "AWS::ECR::RepositoryCreationTemplate")
    for rule in of_type(full, "AWS::ECR::PullThroughCacheRule").values():
        (needed,) = rule["DependsOn"]
        assert rule["Properties"]["EcrRepositoryPrefix"].startswith("dev/")
        found = templates[needed]["Properties"]["Prefix"]
        assert found == rule["Properties"]["EcrRepositoryPrefix"]


def test_cached_images_expire_by_age_and_count(full: Resources) -> None:
    for template in all_of(full, "AWS::ECR::RepositoryCreationTemplate"):
        assert [
            rule["selection"]["countNumber"]
            for rule in json.loads(template["LifecyclePolicy"])["rules"]
        ] == [3, 7]


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("quay.io/keycloak/keycloak:26.8.2", "dev/quay/keycloak/keycloak:26.8.2"),
        (
            "registry.k8s.io/ingress/controller:v1@sha256:ab",
            "dev/k8s/ingress/controller:v1@sha256:ab",
        ),
        (
            "public.ecr.aws/docker/library/rabbitmq:4.3.5",
            "dev/ecr-public/docker/library/rabbitmq:4.3.5",
        ),
        ("docker.io/kong/kong:3.9.3", "dev/docker-hub/kong/kong:3.9.3"),
        ("kong/kong:3.9.3", "dev/docker-hub/kong/kong:3.9.3"),
        ("rabbitmq:4.3.5", "dev/docker-hub/library/rabbitmq:4.3.5"),
        (
            "ghcr.io/external-secrets/external-secrets:v2.9.0",
            "dev/github/external-secrets/external-secrets:v2.9.0",
        ),
    ],
)
def test_upstream_image_maps_to_own_registry(stack: cdk.Stack, reference: str, name: str) -> None:
    images = made(stack, credentials=CREDENTIALS)
    assert images.image(reference) == f"{OURS}/{name}"
    assert warnings(stack) == []


def test_upstream_registry_maps_to_prefix(stack: cdk.Stack) -> None:
    assert made(stack).registry("quay.io") == f"{OURS}/dev/quay"


def test_image_names_create_no_stack_dependency() -> None:
    app = new_app()
    registry, consumer = cdk.Stack(app, "registry"), cdk.Stack(app, "consumer")
    cdk.CfnOutput(consumer, "Image", value=made(registry).image("quay.io/keycloak/keycloak:26.8.2"))
    value = Template.from_stack(consumer).to_json()["Outputs"]["Image"]["Value"]
    assert "AWS::AccountId" in json.dumps(value)
    assert consumer.dependencies == []


@pytest.mark.parametrize(
    "reference",
    ["quay.io/keycloak/keycloak", "quay.io/keycloak/keycloak:latest", "quay.io:5000/keycloak"],
)
def test_image_without_exact_version_is_rejected(stack: cdk.Stack, reference: str) -> None:
    with pytest.raises(ValueError, match="names no exact image"):
        made(stack).image(reference)


@pytest.mark.parametrize(
    ("reference", "name", "expected"),
    [
        (
            "docker.io/kong/kong:3.9.3",
            "docker.io/kong/kong:3.9.3",
            "Set registry.docker_hub_credentials.",
        ),
        (
            "rabbitmq:4.3.5",
            "docker.io/library/rabbitmq:4.3.5",
            "take public.ecr.aws/docker/library/rabbitmq:4.3.5",
        ),
        (
            "docker.redpanda.com/redpanda:v26",
            "docker.redpanda.com/redpanda:v26",
            "ECR has no cache for it",
        ),
    ],
    ids=["without-credentials", "official", "unsupported"],
)
def test_uncached_image_warns_with_remedy(
    stack: cdk.Stack, reference: str, name: str, expected: str
) -> None:
    found = made(stack, settings_keys={"docker.io": "registry.docker_hub_credentials"}).image(
        reference
    )
    assert found == name
    (warning,) = warnings(stack)
    assert expected in warning


def test_pull_grant_allows_upstream_import() -> None:
    app = new_app()
    registry, consumer = cdk.Stack(app, "registry", env=ENV), cdk.Stack(app, "consumer", env=ENV)
    made(registry).grant_pull(
        iam.Role(consumer, "Nodes", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"))
    )
    images, token = only(resources_of(consumer), "AWS::IAM::ManagedPolicy")["PolicyDocument"][
        "Statement"
    ]
    assert {"ecr:BatchImportUpstreamImage", "ecr:CreateRepository"} < set(images["Action"])
    assert images["Resource"] == "arn:aws:ecr:sa-east-1:111122223333:repository/dev/*"
    assert token["Action"] == "ecr:GetAuthorizationToken"
    assert consumer.dependencies == []


@pytest.mark.parametrize("env", [ENV, cdk.Environment(region="sa-east-1"), None])
def test_cache_findings_are_acknowledged(env: cdk.Environment | None) -> None:
    app = new_app()
    stack = cdk.Stack(app, "test", env=env)
    made(stack).grant_pull(
        iam.Role(stack, "Nodes", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"))
    )
    compliance.register(app)
    app.synth()  # Raises for each finding.

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk.assertions import Annotations, Match, Template

from spotmusic_constructs.registry.pull_through_cache import PullThroughCache
from stacks import compliance
from tests.conftest import feature_flags, new_stack
from tests.templates import all_of, resources_of

KEY = "arn:aws:kms:sa-east-1:111122223333:key/1"
OURS = "111122223333.dkr.ecr.sa-east-1.amazonaws.com"
CREDENTIALS = {
    "docker.io": "arn:aws:secretsmanager:sa-east-1:111122223333:secret:ecr-pullthroughcache/docker-hub-a1b2c3",
    "ghcr.io": "arn:aws:secretsmanager:sa-east-1:111122223333:secret:ecr-pullthroughcache/github-a1b2c3",
}


def made(stack: cdk.Stack, **more: Any) -> PullThroughCache:
    return PullThroughCache(stack, "Images", namespace="dev", key=kms.Key.from_key_arn(stack, "Key", KEY), **more)


def template_of(**more: Any) -> dict[str, Any]:
    stack = new_stack()
    made(stack, **more)
    cdk.Tags.of(stack).add("Project", "spotmusic")
    return dict(Template.from_stack(stack).to_json())


@pytest.fixture(scope="module")
def minimal() -> dict[str, Any]:
    return template_of()


@pytest.fixture(scope="module")
def full() -> dict[str, Any]:
    return template_of(credentials=CREDENTIALS, keep_images=7, untagged_days=3)


def rules(template: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {rule["UpstreamRegistryUrl"]: rule for rule in all_of(template["Resources"], "AWS::ECR::PullThroughCacheRule")}


def warnings(stack: cdk.Stack) -> list[str]:
    return [str(found.entry.data) for found in Annotations.from_stack(stack).find_warning("*", Match.any_value())]


def test_anonymous_registries_are_cached(minimal: dict[str, Any]) -> None:
    assert set(rules(minimal)) == {"public.ecr.aws", "quay.io", "registry.k8s.io"}
    assert not any("CredentialArn" in rule for rule in rules(minimal).values())


def test_private_registries_use_credentials(full: dict[str, Any]) -> None:
    assert rules(full)["registry-1.docker.io"]["CredentialArn"] == CREDENTIALS["docker.io"]
    assert rules(full)["ghcr.io"]["CredentialArn"] == CREDENTIALS["ghcr.io"]


def test_cache_rules_depend_on_templates(full: dict[str, Any]) -> None:
    templates = {id_: r for id_, r in full["Resources"].items() if r["Type"] == "AWS::ECR::RepositoryCreationTemplate"}
    for rule in (r for r in full["Resources"].values() if r["Type"] == "AWS::ECR::PullThroughCacheRule"):
        (needed,) = rule["DependsOn"]
        prefix = rule["Properties"]["EcrRepositoryPrefix"]
        assert prefix.startswith("dev/")
        assert templates[needed]["Properties"]["Prefix"] == prefix


def test_cached_images_are_encrypted_and_immutable(full: dict[str, Any]) -> None:
    for template in all_of(full["Resources"], "AWS::ECR::RepositoryCreationTemplate"):
        assert template["AppliedFor"] == ["PULL_THROUGH_CACHE"]
        assert template["EncryptionConfiguration"] == {"EncryptionType": "KMS", "KmsKey": KEY}
        assert template["ImageTagMutability"] == "IMMUTABLE"
        numbers = [rule["selection"]["countNumber"] for rule in json.loads(template["LifecyclePolicy"])["rules"]]
        assert numbers == [3, 7]


def test_cached_repositories_have_stack_tags(full: dict[str, Any]) -> None:
    for template in all_of(full["Resources"], "AWS::ECR::RepositoryCreationTemplate"):
        assert template["ResourceTags"] == [{"Key": "Project", "Value": "spotmusic"}]


def test_cache_role_is_limited_to_namespace(minimal: dict[str, Any]) -> None:
    (policy,) = all_of(minimal["Resources"], "AWS::IAM::ManagedPolicy")
    (repositories, key) = policy["PolicyDocument"]["Statement"]
    assert repositories["Resource"] == "arn:aws:ecr:sa-east-1:111122223333:repository/dev/*"
    assert key["Resource"] == KEY


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("quay.io/keycloak/keycloak:26.8.2", "dev/quay/keycloak/keycloak:26.8.2"),
        ("registry.k8s.io/ingress/controller:v1@sha256:ab", "dev/k8s/ingress/controller:v1@sha256:ab"),
        ("public.ecr.aws/docker/library/rabbitmq:4.3.5", "dev/ecr-public/docker/library/rabbitmq:4.3.5"),
        ("docker.io/kong/kong:3.9.3", "dev/docker-hub/kong/kong:3.9.3"),
        ("kong/kong:3.9.3", "dev/docker-hub/kong/kong:3.9.3"),
        ("rabbitmq:4.3.5", "dev/docker-hub/library/rabbitmq:4.3.5"),
        ("ghcr.io/external-secrets/external-secrets:v2.9.0", "dev/github/external-secrets/external-secrets:v2.9.0"),
    ],
)
def test_upstream_image_maps_to_own_registry(stack: cdk.Stack, reference: str, name: str) -> None:
    images = made(stack, credentials=CREDENTIALS)
    assert images.image(reference) == f"{OURS}/{name}"
    assert warnings(stack) == []


def test_upstream_registry_maps_to_prefix(stack: cdk.Stack) -> None:
    assert made(stack).registry("quay.io") == f"{OURS}/dev/quay"


def test_image_names_create_no_stack_dependency() -> None:
    app = cdk.App(context=feature_flags())
    registry, consumer = cdk.Stack(app, "registry"), cdk.Stack(app, "consumer")
    cdk.CfnOutput(consumer, "Image", value=made(registry).image("quay.io/keycloak/keycloak:26.8.2"))
    value = Template.from_stack(consumer).to_json()["Outputs"]["Image"]["Value"]
    assert "AWS::AccountId" in json.dumps(value)
    assert consumer.dependencies == []


@pytest.mark.parametrize("reference", ["quay.io/keycloak/keycloak", "quay.io/keycloak/keycloak:latest", "quay.io:5000/keycloak"])
def test_image_without_exact_version_is_rejected(stack: cdk.Stack, reference: str) -> None:
    with pytest.raises(ValueError, match="names no exact image"):
        made(stack).image(reference)


def test_uncached_image_warns_with_setting(stack: cdk.Stack) -> None:
    images = made(stack, settings_keys={"docker.io": "registry.docker_hub_credentials"})
    assert images.image("docker.io/kong/kong:3.9.3") == "docker.io/kong/kong:3.9.3"
    (warning,) = warnings(stack)
    assert "Images of docker.io are pulled from the Internet" in warning
    assert "Set registry.docker_hub_credentials." in warning


def test_official_image_warns_of_ecr_public(stack: cdk.Stack) -> None:
    assert made(stack).image("rabbitmq:4.3.5") == "docker.io/library/rabbitmq:4.3.5"
    (warning,) = warnings(stack)
    assert "take public.ecr.aws/docker/library/rabbitmq:4.3.5" in warning


def test_unsupported_registry_warns(stack: cdk.Stack) -> None:
    assert made(stack).image("docker.redpanda.com/redpandadata/redpanda:v26") == "docker.redpanda.com/redpandadata/redpanda:v26"
    (warning,) = warnings(stack)
    assert "ECR has no cache for it" in warning


def test_pull_grant_allows_upstream_import() -> None:
    app = cdk.App(context=feature_flags())
    env = cdk.Environment(account="111122223333", region="sa-east-1")
    registry, consumer = cdk.Stack(app, "registry", env=env), cdk.Stack(app, "consumer", env=env)
    made(registry).grant_pull(iam.Role(consumer, "Nodes", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com")))
    (policy,) = all_of(resources_of(consumer), "AWS::IAM::ManagedPolicy")
    (images, token) = policy["PolicyDocument"]["Statement"]
    assert {"ecr:BatchImportUpstreamImage", "ecr:CreateRepository"} < set(images["Action"])
    assert images["Resource"] == "arn:aws:ecr:sa-east-1:111122223333:repository/dev/*"
    assert token["Action"] == "ecr:GetAuthorizationToken"
    assert consumer.dependencies == []


@pytest.mark.parametrize("env", [cdk.Environment(account="111122223333", region="sa-east-1"), cdk.Environment(region="sa-east-1"), None])
def test_cache_findings_are_acknowledged(env: cdk.Environment | None) -> None:
    app = cdk.App(context=feature_flags())
    stack = cdk.Stack(app, "test", env=env)
    made(stack).grant_pull(iam.Role(stack, "Nodes", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com")))
    compliance.register(app)
    app.synth()  # Raises for each finding.

import json

import pytest
from aws_cdk import aws_s3 as s3

from spotmusic_constructs.services.access import Access, bucket_access, combine, parameter_access, secret_access, user_access
from spotmusic_constructs.services.image import bootstrap_image
from spotmusic_constructs.services.task_roles import TaskRoles
from tests.model.values import Json
from tests.unit.services.service_fixture import ACCOUNT, IMAGE, ServiceFixture

LOG_GROUP = f"arn:aws:logs:sa-east-1:{ACCOUNT}:log-group:playback:*"


def roles(access: Access, image: object = IMAGE) -> dict[str, Json]:
    fixture = ServiceFixture()
    TaskRoles(fixture.stack, "Roles", access=access, image=image, log_group_arn=LOG_GROUP)  # type: ignore[arg-type]
    return {name: r["Properties"] for name, r in fixture.template()["Resources"].items() if r["Type"] == "AWS::IAM::Role"}


def statements(access: Access, kind: str, image: object = IMAGE) -> list[Json]:
    (role,) = (properties for name, properties in roles(access, image).items() if kind in name)
    return [statement for policy in role.get("Policies", []) for statement in policy["PolicyDocument"]["Statement"]]


@pytest.fixture(scope="module")
def access() -> Access:
    fixture = ServiceFixture()
    audio = s3.Bucket.from_bucket_name(fixture.stack, "Audio", "audio")
    return combine(
        [
            user_access("CATALOGUE", fixture.secret("catalogue")),
            secret_access("AUDIO_SIGNING_KEY", fixture.secret("signing")),
            bucket_access("AUDIO", audio),
            parameter_access({"AUDIO_PARAMETERS": "/edge"}, ["arn:aws:ssm:us-east-1:111122223333:parameter/edge/domain-name"]),
        ]
    )


def test_service_without_connections_has_no_rights() -> None:
    assert statements(Access(), "TaskRole") == []


def test_task_roles_trust_own_ecs() -> None:
    for properties in roles(Access()).values():
        (statement,) = properties["AssumeRolePolicyDocument"]["Statement"]
        assert statement["Principal"] == {"Service": "ecs-tasks.amazonaws.com"}
        assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
        assert "ArnLike" in statement["Condition"]


def test_execution_role_reads_service_secrets_only(access: Access) -> None:
    (read,) = (s for s in statements(access, "ExecutionRole") if s["Action"] == "secretsmanager:GetSecretValue")
    assert [arn.rsplit(":", 1)[1] for arn in read["Resource"]] == ["catalogue-AbCdEf", "signing-AbCdEf"]


def test_task_role_reads_rotated_secrets(access: Access) -> None:
    read = [s["Resource"] for s in statements(access, "TaskRole") if s["Action"] == "secretsmanager:GetSecretValue"]
    assert [arn.rsplit(":", 1)[1] for arn in read] == ["catalogue-AbCdEf"]


def test_audio_access_is_read_only(access: Access) -> None:
    (objects,) = (s for s in statements(access, "TaskRole") if "s3:GetObject" in s["Action"])
    assert "s3:PutObject" not in objects["Action"]


def test_execution_role_pulls_own_image_only() -> None:
    pull = next(s for s in statements(Access(), "ExecutionRole") if "ecr:BatchGetImage" in s["Action"])
    assert pull["Resource"] == IMAGE.repository_arn
    assert "ecr:BatchImportUpstreamImage" not in pull["Action"]


def test_bootstrap_pull_can_fill_cache() -> None:
    image = bootstrap_image(
        f"{ACCOUNT}.dkr.ecr.sa-east-1.amazonaws.com/dev/ecr-public/nginx/nginx-unprivileged:1", port=8080, health_path="/healthz"
    )
    pull = next(s for s in statements(Access(), "ExecutionRole", image) if "ecr:BatchGetImage" in s["Action"])
    assert {"ecr:BatchImportUpstreamImage", "ecr:CreateRepository"} <= set(pull["Action"])
    assert json.dumps(pull["Resource"]).endswith(':repository/dev/ecr-public/nginx/nginx-unprivileged"]]}')


def test_upstream_image_needs_no_ecr_rights() -> None:
    image = bootstrap_image("public.ecr.aws/nginx/nginx-unprivileged:1", port=8080, health_path="/healthz")
    assert not any("ecr" in json.dumps(s["Action"]) for s in statements(Access(), "ExecutionRole", image))


def test_combined_access_prefers_later_values() -> None:
    fixture = ServiceFixture()
    user = user_access("CACHE", fixture.secret("cache"))
    both = combine([user, user, Access(environment={"CACHE_USER_ARN": "other"})])
    assert both.environment["CACHE_USER_ARN"] == "other"
    assert len(both.secret_arns) == 1

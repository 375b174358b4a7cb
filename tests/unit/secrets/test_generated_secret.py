import json
from datetime import date

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk.assertions import Template

from spotmusic_constructs.secrets.component_secrets import ComponentSecrets
from spotmusic_constructs.secrets.generated_secret import GeneratedSecret, ManualRotation
from tests.conftest import new_stack
from tests.model.values import Json

BY_HAND = ManualRotation(owner="platform", before=date(2027, 5, 24), runbook="docs/runbooks/secret-rotation.md")


def key_of(stack: cdk.Stack) -> kms.IKey:
    return kms.Key.from_key_arn(stack, "SecretsKey", "arn:aws:kms:sa-east-1:111122223333:key/secrets")


def secrets_of(stack: cdk.Stack) -> dict[str, Json]:
    resources = Template.from_stack(stack).to_json()["Resources"]
    return {id_: resource for id_, resource in resources.items() if resource["Type"] == "AWS::SecretsManager::Secret"}


@pytest.fixture(scope="module")
def components() -> dict[str, Json]:
    stack = new_stack()
    secrets = ComponentSecrets(
        stack, "Components", key=key_of(stack), event_users=["playback", "trends"], task_users=["web-api"], manual_rotation=BY_HAND
    )
    assert list(secrets.redpanda_users) == ["playback", "trends"]
    assert list(secrets.rabbitmq_users) == ["web-api"]
    return secrets_of(stack)


def test_generated_secret_is_encrypted_and_retained() -> None:
    stack = new_stack()
    GeneratedSecret(stack, "Secret", key=key_of(stack), description="Opens a door")
    (secret,) = secrets_of(stack).values()
    assert secret["Properties"]["KmsKeyId"] == "arn:aws:kms:sa-east-1:111122223333:key/secrets"
    assert secret["Properties"]["GenerateSecretString"] == {
        "ExcludePunctuation": True,
        "GenerateStringKey": "password",
        "PasswordLength": 40,
        "SecretStringTemplate": "{}",
    }
    assert secret["DeletionPolicy"] == secret["UpdateReplacePolicy"] == "Retain"
    assert "SecretString" not in secret["Properties"]


def test_generated_secret_accepts_unresolved_fields() -> None:
    stack = new_stack()
    GeneratedSecret(
        stack,
        "Secret",
        key=key_of(stack),
        description="Catalogue user",
        username="web-api",
        fields={"host": cdk.Fn.import_value("Host"), "port": "3306"},
        exclude_characters="\"'/@",
        length=32,
    )
    (secret,) = secrets_of(stack).values()
    generate = secret["Properties"]["GenerateSecretString"]
    assert generate["ExcludeCharacters"] == "\"'/@"
    assert "ExcludePunctuation" not in generate
    ((_, parts),) = (generate["SecretStringTemplate"]["Fn::Join"],)
    joined = json.loads("".join(part if isinstance(part, str) else "HOST" for part in parts))
    assert joined == {"username": "web-api", "host": "HOST", "port": "3306"}


def test_secret_read_grant_names_secret() -> None:
    stack = new_stack()
    secret = GeneratedSecret(stack, "Secret", key=key_of(stack), description="Opens a door")
    role = iam.Role(stack, "Reader", assumed_by=iam.AccountRootPrincipal())
    secret.secret.grant_read(role)
    resources = Template.from_stack(stack).to_json()["Resources"]
    (policy,) = (r for r in resources.values() if r["Type"] == "AWS::IAM::Policy")
    (statement,) = policy["Properties"]["PolicyDocument"]["Statement"]
    assert statement["Resource"] == {"Ref": stack.get_logical_id(secret.resource)}


def test_manual_rotation_has_owner_date_runbook() -> None:
    assert "platform" in BY_HAND.reason
    assert "2027-05-24" in BY_HAND.reason
    assert BY_HAND.runbook in BY_HAND.reason


def test_component_secrets_have_rotation_tags(components: dict[str, Json]) -> None:
    for secret in components.values():
        tags = {tag["Key"]: tag["Value"] for tag in secret["Properties"]["Tags"]}
        assert tags == {"RotationOwner": "platform", "RotateBefore": "2027-05-24"}


def test_component_users_have_own_secrets(components: dict[str, Json]) -> None:
    templates = [json.loads(s["Properties"]["GenerateSecretString"]["SecretStringTemplate"]) for s in components.values()]
    users = sorted(template["username"] for template in templates if template)
    assert users == ["admin", "admin", "admin", "automation", "operator", "playback", "queue-depth", "trends", "web-api"]


def test_keycloak_clients_share_one_secret(components: dict[str, Json]) -> None:
    (clients,) = (s for id_, s in components.items() if id_.startswith("ComponentsKeycloakClients"))
    assert clients["Properties"]["GenerateSecretString"]["GenerateStringKey"] == "grafana"

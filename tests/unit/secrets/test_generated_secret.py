"""Generated secrets and those of components; P-024, P-025 and P-027 cover keys, rotation and
length."""

import json
from datetime import date
from typing import Any

import aws_cdk as cdk
import pytest

from spotmusic_constructs.secrets.component_secrets import ComponentSecrets
from spotmusic_constructs.secrets.generated_secret import GeneratedSecret, ManualRotation
from tests.conftest import new_stack
from tests.templates import of_type, resources_of, whole
from tests.unit.imported import key_of
from tools.model.values import Json

SECRET = "AWS::SecretsManager::Secret"
BY_HAND = ManualRotation(
    owner="platform", before=date(2027, 5, 24), runbook="docs/runbooks/secret-rotation.md"
)


@pytest.fixture(scope="module")
def components() -> dict[str, Json]:
    stack = new_stack()
    secrets = ComponentSecrets(
        stack,
        "Components",
        key=key_of(stack),
        event_users=["playback", "trends"],
        task_users=["web-api"],
        manual_rotation=BY_HAND,
    )
    assert list(secrets.redpanda_users) == ["playback", "trends"]
    assert list(secrets.rabbitmq_users) == ["web-api"]
    return of_type(resources_of(stack), SECRET)


def generated(**options: Any) -> Json:
    stack = new_stack()
    GeneratedSecret(stack, "Secret", key=key_of(stack), description="Opens a door", **options)
    return whole(resources_of(stack), SECRET)


def test_generated_secret_has_defaults() -> None:
    secret = generated()
    assert secret["Properties"]["GenerateSecretString"] == {
        "ExcludePunctuation": True,
        "GenerateStringKey": "password",
        "PasswordLength": 40,
        "SecretStringTemplate": "{}",
    }
    assert secret["DeletionPolicy"] == secret["UpdateReplacePolicy"] == "Retain"


def test_generated_secret_accepts_unresolved_fields() -> None:
    secret = generated(
        username="web-api",
        fields={"host": cdk.Fn.import_value("Host"), "port": "3306"},
        exclude_characters="\"'/@",
        length=32,
    )
    generate = secret["Properties"]["GenerateSecretString"]
    assert (generate["ExcludeCharacters"], generate["PasswordLength"]) == ("\"'/@", 32)
    assert "ExcludePunctuation" not in generate
    ((_, parts),) = (generate["SecretStringTemplate"]["Fn::Join"],)
    joined = json.loads("".join(part if isinstance(part, str) else "HOST" for part in parts))
    assert joined == {"username": "web-api", "host": "HOST", "port": "3306"}


def test_component_secrets_have_rotation_tags(components: dict[str, Json]) -> None:
    for secret in components.values():
        tags = {tag["Key"]: tag["Value"] for tag in secret["Properties"]["Tags"]}
        assert tags == {"RotationOwner": "platform", "RotateBefore": "2027-05-24"}


def test_component_users_have_own_secrets(components: dict[str, Json]) -> None:
    templates = [
        json.loads(s["Properties"]["GenerateSecretString"]["SecretStringTemplate"])
        for s in components.values()
    ]
    users = sorted(template["username"] for template in templates if template)
    assert users == [
        "admin",
        "admin",
        "admin",
        "automation",
        "operator",
        "playback",
        "queue-depth",
        "trends",
        "web-api",
    ]


def test_keycloak_clients_share_one_secret(components: dict[str, Json]) -> None:
    (clients,) = (s for id_, s in components.items() if id_.startswith("ComponentsKeycloakClients"))
    assert clients["Properties"]["GenerateSecretString"]["GenerateStringKey"] == "grafana"

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template

from stacks.secrets import SecretsStack
from tests.conftest import feature_flags, settings_of

Json = dict[str, Any]


def stack_of(environment: str) -> SecretsStack:
    return SecretsStack(cdk.App(context=feature_flags()), settings=settings_of(environment))


def resources_of(stack: cdk.Stack, type_: str) -> list[Json]:
    resources = Template.from_stack(stack).to_json()["Resources"]
    return [resource for resource in resources.values() if resource["Type"] == type_]


@pytest.fixture(scope="module")
def prod() -> SecretsStack:
    return stack_of("prod")


def test_signing_keys_stand_in_the_order_of_the_environment_file(prod: SecretsStack) -> None:
    assert [pair.key_name for pair in prod.signing_keys] == list(settings_of("prod").edge.signing_keys)


def test_each_service_that_talks_to_a_broker_is_a_user_of_it(prod: SecretsStack) -> None:
    services = settings_of("prod").services
    assert set(prod.secrets.redpanda_users) == {name for name, service in services.items() if "events" in service.talks_to}
    assert set(prod.secrets.rabbitmq_users) == {name for name, service in services.items() if "tasks" in service.talks_to}


def test_configuration_names_what_services_look_for(prod: SecretsStack) -> None:
    values = {p["Properties"]["Name"]: p["Properties"]["Value"] for p in resources_of(prod, "AWS::SSM::Parameter")}
    assert values["/spotmusic/prod/kafka/bootstrap-servers"] == "brokers.internal.spotmusic.example:9093"
    assert values["/spotmusic/prod/amqp/endpoint"] == "amqps://brokers.internal.spotmusic.example:5671"
    assert values["/spotmusic/prod/identity/issuer"] == "https://spotmusic.example/auth/realms/spotmusic"


def test_every_secret_is_under_the_key_of_secrets(prod: SecretsStack) -> None:
    secrets = resources_of(prod, "AWS::SecretsManager::Secret")
    assert {secret["Properties"]["KmsKeyId"]["Fn::GetAtt"][0] for secret in secrets} == {
        id_
        for id_, r in Template.from_stack(prod).to_json()["Resources"].items()
        if r["Type"] == "AWS::KMS::Key" and id_[:-8] == "SecretsKey"
    }


def test_production_keeps_keys_and_secrets_when_the_stack_goes(prod: SecretsStack) -> None:
    kept = resources_of(prod, "AWS::KMS::Key") + resources_of(prod, "AWS::SecretsManager::Secret")
    assert {resource["DeletionPolicy"] for resource in kept} == {"Retain"}


def test_the_stack_needs_no_other(prod: SecretsStack) -> None:
    assert not prod.dependencies

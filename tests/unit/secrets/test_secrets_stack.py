import aws_cdk as cdk
import pytest

from stacks.secrets import SecretsStack
from tests.conftest import feature_flags, sample_of
from tests.templates import all_of, of_type, resources_of


def stack_of(environment: str) -> SecretsStack:
    return SecretsStack(cdk.App(context=feature_flags()), settings=sample_of(environment))


@pytest.fixture(scope="module")
def prod() -> SecretsStack:
    return stack_of("prod")


def test_signing_keys_keep_environment_order(prod: SecretsStack) -> None:
    assert [pair.key_name for pair in prod.signing_keys] == list(sample_of("prod").edge.signing_keys)


def test_broker_services_have_user_secrets(prod: SecretsStack) -> None:
    services = sample_of("prod").services
    assert set(prod.secrets.redpanda_users) == {name for name, service in services.items() if "events" in service.talks_to}
    assert set(prod.secrets.rabbitmq_users) == {name for name, service in services.items() if "tasks" in service.talks_to}


def test_parameters_contain_service_endpoints(prod: SecretsStack) -> None:
    values = {p["Name"]: p["Value"] for p in all_of(resources_of(prod), "AWS::SSM::Parameter")}
    assert values["/spotmusic/prod/kafka/bootstrap-servers"] == "brokers.internal.spotmusic.example:9093"
    assert values["/spotmusic/prod/amqp/endpoint"] == "amqps://brokers.internal.spotmusic.example:5671"
    assert values["/spotmusic/prod/identity/issuer"] == "https://spotmusic.example/auth/realms/spotmusic"


def test_secrets_use_secrets_key(prod: SecretsStack) -> None:
    resources = resources_of(prod)
    (key,) = (id_ for id_ in of_type(resources, "AWS::KMS::Key") if id_[:-8] == "SecretsKey")
    assert {secret["KmsKeyId"]["Fn::GetAtt"][0] for secret in all_of(resources, "AWS::SecretsManager::Secret")} == {key}


def test_production_keys_and_secrets_are_retained(prod: SecretsStack) -> None:
    resources = resources_of(prod)
    kept = [*of_type(resources, "AWS::KMS::Key").values(), *of_type(resources, "AWS::SecretsManager::Secret").values()]
    assert {resource["DeletionPolicy"] for resource in kept} == {"Retain"}


def test_secrets_stack_has_no_dependencies(prod: SecretsStack) -> None:
    assert not prod.dependencies

import pytest

from stacks.secrets import SecretsStack
from tests.conftest import new_app, sample_of
from tests.templates import all_of, resources_of


@pytest.fixture(scope="module")
def prod() -> SecretsStack:
    return SecretsStack(new_app(), settings=sample_of("prod"))


def test_signing_keys_keep_environment_order(prod: SecretsStack) -> None:
    assert [pair.key_name for pair in prod.signing_keys] == list(
        sample_of("prod").edge.signing_keys
    )


def test_parameters_contain_service_endpoints(prod: SecretsStack) -> None:
    values = {p["Name"]: p["Value"] for p in all_of(resources_of(prod), "AWS::SSM::Parameter")}
    kafka = values["/spotmusic/prod/kafka/bootstrap-servers"]
    amqp = values["/spotmusic/prod/amqp/endpoint"]
    issuer = values["/spotmusic/prod/identity/issuer"]
    assert kafka == "brokers.internal.spotmusic.example:9093"
    assert amqp == "amqps://brokers.internal.spotmusic.example:5671"
    assert issuer == "https://spotmusic.example/auth/realms/spotmusic"

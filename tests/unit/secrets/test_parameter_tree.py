import pytest
from aws_cdk import aws_iam as iam

from spotmusic_constructs.secrets.parameter_tree import ParameterTree
from tests.conftest import new_stack
from tests.model.values import Json
from tests.templates import resources_of


@pytest.fixture(scope="module")
def resources() -> Json:
    stack = new_stack()
    tree = ParameterTree(
        stack, "Parameters", path="/spotmusic/dev", values={"log-level": "info", "kafka/bootstrap-servers": "brokers:9093"}
    )
    tree.grant_read(iam.Role(stack, "Reader", assumed_by=iam.AccountRootPrincipal()))
    return resources_of(stack)


def test_parameters_are_plain_strings(resources: Json) -> None:
    parameters = {r["Properties"]["Name"]: r["Properties"] for r in resources.values() if r["Type"] == "AWS::SSM::Parameter"}
    assert set(parameters) == {"/spotmusic/dev/log-level", "/spotmusic/dev/kafka/bootstrap-servers"}
    assert {p["Type"] for p in parameters.values()} == {"String"}
    assert parameters["/spotmusic/dev/log-level"]["Value"] == "info"


def test_parameter_reader_has_least_rights(resources: Json) -> None:
    (policy,) = (r for r in resources.values() if r["Type"] == "AWS::IAM::Policy")
    (statement,) = policy["Properties"]["PolicyDocument"]["Statement"]
    prefix = "arn:aws:ssm:sa-east-1:111122223333:parameter/spotmusic/dev"
    assert sorted(statement["Resource"]) == [prefix, f"{prefix}/kafka/bootstrap-servers", f"{prefix}/log-level"]


def test_long_parameters_use_advanced_tier() -> None:
    stack = new_stack()
    ParameterTree(stack, "Parameters", path="/spotmusic/dev", values={"short": "a" * 4096, "long": "a" * 4097})
    tiers = {r["Properties"]["Name"]: r["Properties"].get("Tier") for r in resources_of(stack).values()}
    assert tiers == {"/spotmusic/dev/short": None, "/spotmusic/dev/long": "Advanced"}

import pytest
from aws_cdk import aws_iam as iam

from spotmusic_constructs.secrets.parameter_tree import ParameterTree
from tests.conftest import new_stack
from tests.templates import Resources, all_of, only, resources_of


@pytest.fixture(scope="module")
def resources() -> Resources:
    stack = new_stack()
    tree = ParameterTree(
        stack,
        "Parameters",
        path="/spotmusic/dev",
        parameters={"log-level": "a" * 4096, "kafka/servers": "a" * 4097},
    )
    tree.grant_read(iam.Role(stack, "Reader", assumed_by=iam.AccountRootPrincipal()))
    return resources_of(stack)


def test_long_parameters_use_advanced_tier(resources: Resources) -> None:
    tiers = {
        parameter["Name"]: parameter.get("Tier")
        for parameter in all_of(resources, "AWS::SSM::Parameter")
    }
    assert tiers == {"/spotmusic/dev/log-level": None, "/spotmusic/dev/kafka/servers": "Advanced"}


def test_parameter_reader_has_least_rights(resources: Resources) -> None:
    (statement,) = only(resources, "AWS::IAM::Policy")["PolicyDocument"]["Statement"]
    prefix = "arn:aws:ssm:sa-east-1:111122223333:parameter/spotmusic/dev"
    assert sorted(statement["Resource"]) == [
        prefix,
        f"{prefix}/kafka/servers",
        f"{prefix}/log-level",
    ]

"""Signing keys that share a function; P-032 and P-118 decide their secrets and logs."""

from datetime import date

import aws_cdk as cdk
import pytest

from spotmusic_constructs.secrets.generated_secret import ManualRotation
from spotmusic_constructs.secrets.signing_key_pair import SigningKeyPair
from spotmusic_constructs.secrets.signing_key_provider import SigningKeyProvider
from tests.conftest import new_stack
from tests.templates import Resources, of_type, resources_of
from tests.unit.imported import key_of


@pytest.fixture(scope="module")
def resources() -> Resources:
    stack = new_stack()
    by_hand = ManualRotation(
        owner="platform", before=date(2027, 5, 24), runbook="docs/runbooks/secret-rotation.md"
    )
    key = key_of(stack)
    provider = SigningKeyProvider(stack, "Provider", log_key=key)
    for name in ("first", "second"):
        pair = SigningKeyPair(
            stack, name, key_name=name, key=key, provider=provider, manual_rotation=by_hand
        )
        cdk.CfnOutput(stack, f"{name}PublicKey", value=pair.public_key_pem)
    return resources_of(stack)


def test_signing_key_pairs_share_one_function(resources: Resources) -> None:
    (function,) = of_type(resources, "AWS::Lambda::Function")
    pairs = of_type(resources, "Custom::SigningKeyPair")
    assert [pair["Properties"]["KeyName"] for pair in pairs.values()] == ["first", "second"]
    assert all(
        pair["Properties"]["ServiceToken"] == {"Fn::GetAtt": [function, "Arn"]}
        for pair in pairs.values()
    )


def test_signing_key_pairs_depend_on_rights(resources: Resources) -> None:
    (policy,) = of_type(resources, "AWS::IAM::ManagedPolicy")
    for pair in of_type(resources, "Custom::SigningKeyPair").values():
        assert policy in pair["DependsOn"]

from datetime import date

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms

from spotmusic_constructs.secrets.generated_secret import ManualRotation
from spotmusic_constructs.secrets.signing_key_pair import SigningKeyPair
from spotmusic_constructs.secrets.signing_key_provider import SigningKeyProvider
from tests.conftest import new_stack
from tests.model.values import Json
from tests.templates import of_type, resources_of


@pytest.fixture(scope="module")
def resources() -> Json:
    stack = new_stack()
    key = kms.Key.from_key_arn(stack, "Key", "arn:aws:kms:sa-east-1:111122223333:key/secrets")
    by_hand = ManualRotation(owner="platform", before=date(2027, 5, 24), runbook="docs/runbooks/secret-rotation.md")
    provider = SigningKeyProvider(stack, "Provider", log_key=key)
    for name in ("first", "second"):
        pair = SigningKeyPair(stack, name, key_name=name, key=key, provider=provider, manual_rotation=by_hand)
        cdk.CfnOutput(stack, f"{name}PublicKey", value=pair.public_key_pem)
    return resources_of(stack)


def test_signing_key_pairs_share_one_function(resources: Json) -> None:
    (function,) = of_type(resources, "AWS::Lambda::Function")
    pairs = of_type(resources, "Custom::SigningKeyPair")
    assert [pair["Properties"]["KeyName"] for pair in pairs.values()] == ["first", "second"]
    assert all(pair["Properties"]["ServiceToken"] == {"Fn::GetAtt": [function, "Arn"]} for pair in pairs.values())


def test_private_key_is_absent_from_template(resources: Json) -> None:
    for secret in of_type(resources, "AWS::SecretsManager::Secret").values():
        assert not {"SecretString", "GenerateSecretString"} & set(secret["Properties"])
        assert secret["Properties"]["KmsKeyId"]
        assert secret["DeletionPolicy"] == secret["UpdateReplacePolicy"] == "Retain"


def test_signing_key_function_has_least_rights(resources: Json) -> None:
    (policy,) = of_type(resources, "AWS::IAM::ManagedPolicy").values()
    logs, secrets = policy["Properties"]["PolicyDocument"]["Statement"]
    assert secrets["Action"] == ["secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"]
    assert secrets["Resource"] == [{"Ref": id_} for id_ in of_type(resources, "AWS::SecretsManager::Secret")]
    assert logs["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]


def test_signing_key_pairs_depend_on_rights(resources: Json) -> None:
    (policy,) = of_type(resources, "AWS::IAM::ManagedPolicy")
    for pair in of_type(resources, "Custom::SigningKeyPair").values():
        assert policy in pair["DependsOn"]


def test_signing_key_role_trusts_own_account(resources: Json) -> None:
    (role,) = of_type(resources, "AWS::IAM::Role").values()
    (statement,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": "111122223333"}}


def test_signing_key_log_is_encrypted_and_retained(resources: Json) -> None:
    (group,) = of_type(resources, "AWS::Logs::LogGroup").values()
    assert group["Properties"]["RetentionInDays"] == 365
    assert group["Properties"]["KmsKeyId"]

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Template

from spotmusic_constructs.secrets.data_keys import USES, DataKeys, create_data_keys
from spotmusic_constructs.secrets.encryption_key import EncryptionKey, KeyUse
from tests.conftest import new_stack
from tests.model.values import Json
from tests.templates import of_type, resources_of


@pytest.fixture(scope="module")
def stack() -> cdk.Stack:
    return new_stack()


@pytest.fixture(scope="module")
def data_keys(stack: cdk.Stack) -> DataKeys:
    return create_data_keys(stack)


@pytest.fixture(scope="module")
def template(stack: cdk.Stack, data_keys: DataKeys) -> Json:
    role = iam.Role(stack, "Reader", assumed_by=iam.AccountRootPrincipal())
    data_keys.database.grant_decrypt(role)
    return dict(Template.from_stack(stack).to_json())


def statements(template: Json, data_class: str) -> list[Json]:
    keys = of_type(template["Resources"], "AWS::KMS::Key")
    (key,) = (key for id_, key in keys.items() if id_.startswith(f"{data_class.capitalize()}Key"))
    found: list[Json] = key["Properties"]["KeyPolicy"]["Statement"]
    return found


def test_data_classes_have_key_aliases(template: Json) -> None:
    aliases = {alias["Properties"]["AliasName"] for alias in of_type(template["Resources"], "AWS::KMS::Alias").values()}
    assert aliases == {f"alias/test/{name}" for name in USES}


def test_keys_rotate_and_are_retained(template: Json) -> None:
    for key in of_type(template["Resources"], "AWS::KMS::Key").values():
        assert key["Properties"]["EnableKeyRotation"] is True
        assert key["Properties"]["PendingWindowInDays"] == 30
        assert key["DeletionPolicy"] == key["UpdateReplacePolicy"] == "Retain"


@pytest.mark.parametrize("data_class", USES)
def test_key_principals_have_account_condition(template: Json, data_class: str) -> None:
    root, *others = (statement for statement in statements(template, data_class) if statement["Effect"] == "Allow")
    assert root["Principal"] == {"AWS": "arn:aws:iam::111122223333:root"}
    for statement in others:
        assert statement["Action"] != "kms:*"
        assert "111122223333" in str(statement["Condition"])


@pytest.mark.parametrize("data_class", USES.keys() - {"kubernetes", "logs"})
def test_key_grants_are_limited_to_services(template: Json, data_class: str) -> None:
    (denied,) = (statement for statement in statements(template, data_class) if statement["Effect"] == "Deny")
    assert denied["Principal"] == {"AWS": "*"}
    assert denied["Action"] == "kms:CreateGrant"
    assert denied["Condition"] == {"BoolIfExists": {"aws:PrincipalIsAWSService": "false", "kms:GrantIsForAWSResource": "false"}}


def test_kubernetes_key_grants_require_aws_service(template: Json) -> None:
    found = statements(template, "kubernetes")
    assert "kms:GrantIsForAWSResource" not in str(found), "Amazon EKS makes no cluster with such a key"
    (denied,) = (statement for statement in found if statement["Effect"] == "Deny")
    assert denied["Action"] == "kms:CreateGrant"
    assert denied["Condition"] == {"BoolIfExists": {"aws:PrincipalIsAWSService": "false", "aws:ViaAWSService": "false"}}
    (grant,) = (statement for statement in found if statement["Effect"] == "Allow" and statement["Action"] == "kms:CreateGrant")
    assert grant["Condition"]["StringEquals"]["kms:ViaService"] == ["ec2.sa-east-1.amazonaws.com", "eks.sa-east-1.amazonaws.com"]


def test_logs_key_admits_prometheus_grants(template: Json) -> None:
    """Grants of a workspace are for the service, which KMS may not treat as an AWS resource."""
    found = statements(template, "logs")
    assert "kms:GrantIsForAWSResource" not in str(found)
    (denied,) = (statement for statement in found if statement["Effect"] == "Deny")
    assert denied["Condition"] == {"BoolIfExists": {"aws:PrincipalIsAWSService": "false", "aws:ViaAWSService": "false"}}
    (grant,) = (statement for statement in found if statement["Effect"] == "Allow" and statement["Action"] == "kms:CreateGrant")
    assert grant["Condition"]["StringEquals"]["kms:ViaService"] == ["aps.sa-east-1.amazonaws.com", "s3.sa-east-1.amazonaws.com"]


def test_database_key_requires_regional_rds(template: Json) -> None:
    through = {
        "kms:CallerAccount": "111122223333",
        "kms:ViaService": ["rds.sa-east-1.amazonaws.com", "secretsmanager.sa-east-1.amazonaws.com"],
    }
    _, _, use, grant = statements(template, "database")
    assert use["Condition"] == {"StringEquals": through}
    assert grant["Action"] == "kms:CreateGrant"
    assert grant["Condition"] == {"StringEquals": through, "Bool": {"kms:GrantIsForAWSResource": "true"}}


def test_audio_key_admits_own_distributions(template: Json) -> None:
    *_, cloudfront = statements(template, "audio")
    assert cloudfront["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert cloudfront["Action"] == ["kms:Decrypt"]
    assert cloudfront["Condition"] == {"ArnLike": {"aws:SourceArn": "arn:aws:cloudfront::111122223333:distribution/*"}}


def test_logs_key_admits_own_log_groups(template: Json) -> None:
    (logs,) = (s for s in statements(template, "logs") if s["Principal"] == {"Service": "logs.sa-east-1.amazonaws.com"})
    assert logs["Condition"] == {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:sa-east-1:111122223333:*"}}


def test_notifications_key_admits_publishers(template: Json) -> None:
    services = {s["Principal"].get("Service") for s in statements(template, "notifications")}
    expected = {f"{name}.amazonaws.com" for name in ("budgets", "cloudwatch", "events", "events.rds")}
    assert expected <= services


def test_decrypt_grant_changes_reader_only(template: Json) -> None:
    assert "Reader" not in str(of_type(template["Resources"], "AWS::KMS::Key"))
    (policy,) = of_type(template["Resources"], "AWS::IAM::Policy").values()
    (statement,) = policy["Properties"]["PolicyDocument"]["Statement"]
    assert statement["Action"] == "kms:Decrypt"


def test_key_can_be_deleted_with_stack() -> None:
    stack = new_stack(region="us-east-1")
    EncryptionKey(
        stack,
        "Key",
        data_class="trial",
        use=KeyUse(description="Trial", via=()),
        pending_window_days=7,
        removal_policy=cdk.RemovalPolicy.DESTROY,
    )
    (key,) = of_type(resources_of(stack), "AWS::KMS::Key").values()
    assert key["DeletionPolicy"] == "Delete"
    assert key["Properties"]["PendingWindowInDays"] == 7
    assert [statement["Effect"] for statement in key["Properties"]["KeyPolicy"]["Statement"]] == ["Allow", "Deny"]

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


def test_every_class_of_data_has_a_key_and_an_alias_named_after_stack_and_class(template: Json) -> None:
    aliases = {alias["Properties"]["AliasName"] for alias in of_type(template["Resources"], "AWS::KMS::Alias").values()}
    assert aliases == {f"alias/test/{name}" for name in USES}


def test_keys_rotate_outlive_their_stack_and_leave_a_month_to_call_off_a_deletion(template: Json) -> None:
    for key in of_type(template["Resources"], "AWS::KMS::Key").values():
        assert key["Properties"]["EnableKeyRotation"] is True
        assert key["Properties"]["PendingWindowInDays"] == 30
        assert key["DeletionPolicy"] == key["UpdateReplacePolicy"] == "Retain"


@pytest.mark.parametrize("data_class", USES)
def test_whoever_is_not_the_account_is_confined_by_a_condition(template: Json, data_class: str) -> None:
    root, *others = (statement for statement in statements(template, data_class) if statement["Effect"] == "Allow")
    assert root["Principal"] == {"AWS": "arn:aws:iam::111122223333:root"}
    for statement in others:
        assert statement["Action"] != "kms:*"
        assert "111122223333" in str(statement["Condition"])


@pytest.mark.parametrize("data_class", USES.keys() - {"kubernetes", "logs"})
def test_nobody_but_services_passes_a_key_on_by_a_grant(template: Json, data_class: str) -> None:
    (denied,) = (statement for statement in statements(template, data_class) if statement["Effect"] == "Deny")
    assert denied["Principal"] == {"AWS": "*"}
    assert denied["Action"] == "kms:CreateGrant"
    assert denied["Condition"] == {"BoolIfExists": {"aws:PrincipalIsAWSService": "false", "kms:GrantIsForAWSResource": "false"}}


def test_a_cluster_can_be_made_with_its_key_and_people_still_cannot_pass_it_on(template: Json) -> None:
    found = statements(template, "kubernetes")
    assert "kms:GrantIsForAWSResource" not in str(found), "Amazon EKS makes no cluster with such a key"
    (denied,) = (statement for statement in found if statement["Effect"] == "Deny")
    assert denied["Action"] == "kms:CreateGrant"
    assert denied["Condition"] == {"BoolIfExists": {"aws:PrincipalIsAWSService": "false", "aws:ViaAWSService": "false"}}
    (grant,) = (statement for statement in found if statement["Effect"] == "Allow" and statement["Action"] == "kms:CreateGrant")
    assert grant["Condition"]["StringEquals"]["kms:ViaService"] == ["ec2.sa-east-1.amazonaws.com", "eks.sa-east-1.amazonaws.com"]


def test_logs_key_lets_prometheus_make_grants(template: Json) -> None:
    """A workspace's grants are for the service itself, which KMS may not count as an AWS resource."""
    found = statements(template, "logs")
    assert "kms:GrantIsForAWSResource" not in str(found)
    (denied,) = (statement for statement in found if statement["Effect"] == "Deny")
    assert denied["Condition"] == {"BoolIfExists": {"aws:PrincipalIsAWSService": "false", "aws:ViaAWSService": "false"}}
    (grant,) = (statement for statement in found if statement["Effect"] == "Allow" and statement["Action"] == "kms:CreateGrant")
    assert grant["Condition"]["StringEquals"]["kms:ViaService"] == ["aps.sa-east-1.amazonaws.com", "s3.sa-east-1.amazonaws.com"]


def test_a_database_key_is_used_through_rds_of_the_region_by_this_account_only(template: Json) -> None:
    through = {
        "kms:CallerAccount": "111122223333",
        "kms:ViaService": ["rds.sa-east-1.amazonaws.com", "secretsmanager.sa-east-1.amazonaws.com"],
    }
    _, _, use, grant = statements(template, "database")
    assert use["Condition"] == {"StringEquals": through}
    assert grant["Action"] == "kms:CreateGrant"
    assert grant["Condition"] == {"StringEquals": through, "Bool": {"kms:GrantIsForAWSResource": "true"}}


def test_only_distributions_of_this_account_decrypt_audio(template: Json) -> None:
    *_, cloudfront = statements(template, "audio")
    assert cloudfront["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert cloudfront["Action"] == ["kms:Decrypt"]
    assert cloudfront["Condition"] == {"ArnLike": {"aws:SourceArn": "arn:aws:cloudfront::111122223333:distribution/*"}}


def test_log_groups_of_this_account_and_region_use_the_log_key(template: Json) -> None:
    (logs,) = (s for s in statements(template, "logs") if s["Principal"] == {"Service": "logs.sa-east-1.amazonaws.com"})
    assert logs["Condition"] == {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:sa-east-1:111122223333:*"}}


def test_alarms_budgets_and_events_can_reach_an_encrypted_topic(template: Json) -> None:
    services = {s["Principal"].get("Service") for s in statements(template, "notifications")}
    expected = {f"{name}.amazonaws.com" for name in ("budgets", "cloudwatch", "events", "events.rds")}
    assert expected <= services


def test_a_grant_writes_to_the_reader_and_leaves_the_key_alone(template: Json) -> None:
    assert "Reader" not in str(of_type(template["Resources"], "AWS::KMS::Key"))
    (policy,) = of_type(template["Resources"], "AWS::IAM::Policy").values()
    (statement,) = policy["Properties"]["PolicyDocument"]["Statement"]
    assert statement["Action"] == "kms:Decrypt"


def test_a_key_for_nobody_but_the_account_may_go_with_its_stack() -> None:
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

"""Options and grants of keys; P-028 to P-030 decide the policies of the data keys."""

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from spotmusic_constructs.secrets.data_keys import create_data_keys
from spotmusic_constructs.secrets.encryption_key import EncryptionKey, KeyUse
from tests.conftest import new_stack
from tests.templates import Resources, only, properties_of, resources_of, whole

KEY = "AWS::KMS::Key"


@pytest.fixture(scope="module")
def resources() -> Resources:
    stack = new_stack()
    create_data_keys(stack).database.grant_decrypt(
        iam.Role(stack, "Reader", assumed_by=iam.AccountRootPrincipal())
    )
    return resources_of(stack)


def test_notifications_key_admits_publishers(resources: Resources) -> None:
    (key,) = (
        key
        for id_, key in properties_of(resources, KEY).items()
        if id_.startswith("NotificationsKey")
    )
    services = {
        statement["Principal"].get("Service") for statement in key["KeyPolicy"]["Statement"]
    }
    assert services >= {
        f"{name}.amazonaws.com" for name in ("budgets", "cloudwatch", "events", "events.rds")
    }


def test_decrypt_grant_changes_reader_only(resources: Resources) -> None:
    assert "Reader" not in str(properties_of(resources, KEY))
    (statement,) = only(resources, "AWS::IAM::Policy")["PolicyDocument"]["Statement"]
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
    key = whole(resources_of(stack), KEY)
    assert key["DeletionPolicy"] == "Delete"
    assert key["Properties"]["PendingWindowInDays"] == 7
    assert [statement["Effect"] for statement in key["Properties"]["KeyPolicy"]["Statement"]] == [
        "Allow",
        "Deny",
    ]

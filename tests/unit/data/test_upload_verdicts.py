from typing import Any

import pytest
from aws_cdk import aws_s3 as s3

from spotmusic_constructs.data.upload_verdicts import UploadVerdicts
from tests.conftest import new_stack
from tests.templates import Resources, all_of, only, resources_of
from tests.unit.imported import key_of

QUEUE = "AWS::SQS::Queue"


@pytest.fixture(scope="module")
def made() -> Resources:
    stack = new_stack()
    UploadVerdicts(
        stack,
        "Verdicts",
        bucket=s3.Bucket.from_bucket_name(stack, "Uploads", "uploads"),
        key=key_of(stack),
    )
    return resources_of(stack)


def named(made: Resources, name: str) -> str:
    """Logical id of a queue or a rule."""
    (found,) = (
        id_
        for id_, body in made.items()
        if id_.startswith(f"Verdicts{name}") and "Policy" not in body["Type"]
    )
    return found


def arn(made: Resources, name: str) -> dict[str, Any]:
    return {"Fn::GetAtt": [named(made, name), "Arn"]}


def queue(made: Resources, name: str) -> dict[str, Any]:
    return dict(made[named(made, name)]["Properties"])


@pytest.mark.walk("artist")
def test_upload_verdicts_reach_queue(made: Resources) -> None:
    rule = only(made, "AWS::Events::Rule")
    assert rule["EventPattern"]["detail"] == {"s3ObjectDetails": {"bucketName": ["uploads"]}}
    (target,) = rule["Targets"]
    assert target["Arn"] == arn(made, "Queue")
    assert target["DeadLetterConfig"] == {"Arn": arn(made, "DeadLetters")}


def test_failed_messages_become_dead_letters(made: Resources) -> None:
    redrive = queue(made, "Queue")["RedrivePolicy"]
    assert redrive == {"deadLetterTargetArn": arn(made, "DeadLetters"), "maxReceiveCount": 5}
    assert "RedrivePolicy" not in queue(made, "DeadLetters")


def test_queues_are_encrypted_and_keep_messages(made: Resources) -> None:
    for found in all_of(made, QUEUE):
        assert found["KmsMasterKeyId"]
        assert found["MessageRetentionPeriod"] == 14 * 24 * 3600

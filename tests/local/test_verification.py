"""Verification of a deployment against its templates."""

from tests.local.stacks import stack_of
from tools.local_aws.cloudformation import DeployedResource, incomplete

TOPIC = {"Type": "AWS::SNS::Topic"}
STACK = stack_of(Topic=TOPIC, Lost=TOPIC, Metadata={**TOPIC, "Condition": "Never"})


def resource(logical_id: str, status: str, identifier: str = "arn") -> DeployedResource:
    return DeployedResource(
        stack=STACK, logical_id=logical_id, identifier=identifier, status=status, definition=TOPIC
    )


def test_verification_reports_missing_and_failed_resources() -> None:
    assert incomplete(STACK, [resource("Topic", "CREATE_FAILED")]) == [
        "dev/data Lost: not created",
        "dev/data Topic (AWS::SNS::Topic): CREATE_FAILED",
    ]


def test_verification_requires_a_physical_id() -> None:
    resources = [
        resource("Topic", "CREATE_COMPLETE"),
        resource("Lost", "CREATE_COMPLETE", identifier=""),
    ]
    assert incomplete(STACK, resources) == ["dev/data Lost (AWS::SNS::Topic): CREATE_COMPLETE"]

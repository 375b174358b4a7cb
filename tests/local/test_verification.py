"""Verification of a deployment against its templates."""

from pathlib import Path

from tools.local_aws.assembly import SynthesizedStack
from tools.local_aws.cloudformation import DeployedResource, incomplete

TOPIC = {"Type": "AWS::SNS::Topic"}
STACK = SynthesizedStack(
    id="dev/data",
    account="111122223333",
    template=Path("data.template.json"),
    dependencies=set(),
    protected=False,
    name="spotmusic-dev-data",
    region="sa-east-1",
    resources={"Topic": TOPIC, "Lost": TOPIC, "Metadata": {**TOPIC, "Condition": "Never"}},
)


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

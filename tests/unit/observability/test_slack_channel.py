import pytest

from spotmusic_constructs.observability.slack_channel import SlackChannel
from tests.conftest import new_stack
from tests.model.values import Json
from tests.templates import only, resources_of

TOPICS = ["arn:aws:sns:sa-east-1:111122223333:alarms", "arn:aws:sns:us-east-1:111122223333:alarms"]


@pytest.fixture(scope="module")
def resources() -> Json:
    stack = new_stack()
    SlackChannel(stack, "Slack", name="spotmusic-prod", workspace="T0123ABCD", channel="C0123ABCD", topic_arns=TOPICS)
    return resources_of(stack)


def test_slack_channel_subscribes_to_every_topic(resources: Json) -> None:
    assert only(resources, "AWS::Chatbot::SlackChannelConfiguration")["SnsTopicArns"] == TOPICS


def test_slack_channel_grants_no_rights(resources: Json) -> None:
    """Without a guardrail policy, channel members with their own role have all of its rights."""
    channel = only(resources, "AWS::Chatbot::SlackChannelConfiguration")
    assert [policy["Fn::Join"][1][-1] for policy in channel["GuardrailPolicies"]] == [":iam::aws:policy/AWSDenyAll"]
    assert only(resources, "AWS::IAM::Role").keys() == {"AssumeRolePolicyDocument", "Description"}
    assert {resource["Type"] for resource in resources.values()} == {"AWS::Chatbot::SlackChannelConfiguration", "AWS::IAM::Role"}


def test_slack_channel_name_follows_workspace() -> None:
    """Names are unique in an account.

    CloudFormation creates the new configuration before it deletes the old one.
    """
    names = set()
    for workspace in ("T0123ABCD", "T4567EFGH"):
        stack = new_stack()
        SlackChannel(stack, "Slack", name="spotmusic-prod", workspace=workspace, channel="C0123ABCD", topic_arns=TOPICS)
        names.add(only(resources_of(stack), "AWS::Chatbot::SlackChannelConfiguration")["ConfigurationName"])
    assert len(names) == 2

"""Recipients of alarms: topics, pagers, budgets and Slack; P-119 and P-122 cover their rights."""

import pytest

from spotmusic_constructs.observability.alarm_topic import AlarmTopic
from spotmusic_constructs.observability.slack_channel import SlackChannel
from tests.conftest import new_stack
from tests.templates import Resources, all_of, only, resources_of, whole
from tests.unit.imported import key_of
from tools.model.values import Json

ADDRESS = "https://events.pagerduty.com/integration/0123key/enqueue"
SUBSCRIPTION = "AWS::SNS::Subscription"


@pytest.mark.parametrize(
    ("addresses", "expected"),
    [
        ({}, []),
        (
            {"emails": ["a@x.example", "b@x.example"]},
            [("email", "a@x.example"), ("email", "b@x.example")],
        ),
        ({"endpoints": [ADDRESS]}, [("https", ADDRESS)]),
    ],
)
def test_alarm_topic_subscribes_every_address(
    addresses: Json, expected: list[tuple[str, str]]
) -> None:
    stack = new_stack()
    AlarmTopic(stack, "Alarms", key=key_of(stack), **addresses)
    found = resources_of(stack)
    assert [(s["Protocol"], s["Endpoint"]) for s in all_of(found, SUBSCRIPTION)] == expected
    assert not [id_ for id_ in found if "0123key" in id_], "the id would reveal the key"


def test_pagers_subscribe_to_critical_topic() -> None:
    stack = new_stack()
    alarms = AlarmTopic(stack, "Alarms", key=key_of(stack), pagers=[ADDRESS])
    topic = only(resources_of(stack), SUBSCRIPTION)["TopicArn"]
    assert topic == stack.resolve(alarms.pager.topic_arn) != stack.resolve(alarms.topic.topic_arn)


def slack(workspace: str) -> Resources:
    stack = new_stack()
    SlackChannel(
        stack,
        "Slack",
        name="spotmusic-prod",
        slack_workspace_id=workspace,
        slack_channel_id="C0123ABCD",
        topic_arns=["arn:topic"],
    )
    return resources_of(stack)


def test_slack_channel_grants_no_rights() -> None:
    """Without a guardrail policy, members of the channel have all rights of its role."""
    found = slack("T0123ABCD")
    (policy,) = only(found, "AWS::Chatbot::SlackChannelConfiguration")["GuardrailPolicies"]
    assert policy["Fn::Join"][1][-1] == ":iam::aws:policy/AWSDenyAll"
    assert whole(found, "AWS::IAM::Role")["Properties"].keys() == {
        "AssumeRolePolicyDocument",
        "Description",
    }
    assert len(found) == 2


def test_slack_channel_name_follows_workspace() -> None:
    """Names are unique in an account.

    CloudFormation creates the new configuration before it deletes the old one.
    """
    found = [
        only(slack(workspace), "AWS::Chatbot::SlackChannelConfiguration")
        for workspace in ("T0123ABCD", "T4567EFGH")
    ]
    assert len({configuration["ConfigurationName"] for configuration in found}) == 2

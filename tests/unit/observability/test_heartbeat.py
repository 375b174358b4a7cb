import pytest
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns

from spotmusic_constructs.observability.alarm import Audience
from spotmusic_constructs.observability.heartbeat import Heartbeat
from tests.conftest import new_stack
from tests.model.values import Json
from tests.templates import only, resources_of

KEY = "arn:aws:kms:sa-east-1:111122223333:key/0"
TOPIC = "arn:aws:sns:sa-east-1:111122223333:alarms"


@pytest.fixture(scope="module")
def resources() -> Json:
    stack = new_stack()
    Heartbeat(
        stack,
        "Heartbeat",
        audience=Audience(topic=sns.Topic.from_topic_arn(stack, "Topic", TOPIC)),
        key=kms.Key.from_key_arn(stack, "Key", KEY),
    )
    return resources_of(stack)


def test_heartbeat_alarm_fires_on_silence(resources: Json) -> None:
    alarm = only(resources, "AWS::CloudWatch::Alarm")
    assert (alarm["Namespace"], alarm["MetricName"], alarm["Statistic"]) == ("AWS/SNS", "NumberOfMessagesPublished", "Sum")
    (topic,) = (id_ for id_, resource in resources.items() if resource["Type"] == "AWS::SNS::Topic")
    assert alarm["Dimensions"] == [{"Name": "TopicName", "Value": {"Fn::GetAtt": [topic, "TopicName"]}}]
    assert (alarm["ComparisonOperator"], alarm["Threshold"], alarm["TreatMissingData"]) == ("LessThanThreshold", 1, "breaching")
    assert (alarm["Period"], alarm["EvaluationPeriods"], alarm["DatapointsToAlarm"]) == (300, 3, 3)
    assert alarm["AlarmActions"] == [TOPIC]


def test_heartbeat_topic_is_encrypted(resources: Json) -> None:
    assert "KmsMasterKeyId" in only(resources, "AWS::SNS::Topic")


def test_heartbeat_topic_requires_tls(resources: Json) -> None:
    (statement,) = only(resources, "AWS::SNS::TopicPolicy")["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})

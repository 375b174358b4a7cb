"""Dead man's switch of Prometheus and Alertmanager."""

from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct

from spotmusic_constructs.arns import key_arn, topic_handle
from spotmusic_constructs.location import location_of
from spotmusic_constructs.observability.alarm import AlarmGroup, AlarmRule, MetricSource, Recipients
from spotmusic_constructs.observability.alarm_topic import topic_policy

PERIOD_SECONDS = 300
SILENT_PERIODS = 3
"""Periods without a message before the alarm; Alertmanager sends one in each
(`alertmanager.HEARTBEAT`)."""


class Heartbeat(Construct):
    """Encrypted SNS topic for the heartbeat of Alertmanager, and an alarm on its absence.

    Creates the topic, its policy, and a critical alarm on `NumberOfMessagesPublished` of the topic;
    missing data is breaching. SNS counts accepted messages. The alarm therefore covers Prometheus,
    Alertmanager, its Pod Identity, the route to SNS and the key. The topic needs no subscription.

    Args:
        recipients: topics of the alarm.
        key: customer-managed key of the data class "notifications".

    Example:
        heartbeat = Heartbeat(self, "Heartbeat", recipients=recipients, key=keys.notifications)
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, recipients: Recipients, key: kms.IKey
    ) -> None:
        super().__init__(scope, construct_id)
        resource = sns.CfnTopic(self, "Resource", kms_master_key_id=key_arn(key))
        arn = resource.ref
        sns.CfnTopicPolicy(
            self, "Policy", topics=[arn], policy_document=topic_policy(location_of(scope), arn)
        )
        self.topic = topic_handle(self, "Handle", arn)
        silence = AlarmRule(
            name="Silence",
            summary=(
                "Alertmanager: no heartbeat for 15 minutes, "
                "so that no alert of Prometheus reaches the team."
            ),
            watch=MetricSource(
                namespace="AWS/SNS",
                name="NumberOfMessagesPublished",
                dimensions={"TopicName": resource.attr_topic_name},
                statistic="Sum",
                period=PERIOD_SECONDS,
            ),
            thresholds={"critical": 1},
            comparison="<",
            periods=SILENT_PERIODS,
            missing_data="breaching",
        )
        AlarmGroup(self, "Alarms", recipients=recipients, runbook="monitoring", rules=[silence])

"""SNS topics of alarms."""

from collections.abc import Sequence
from typing import Any

from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct

from spotmusic_constructs.arns import key_arn, topic_handle
from spotmusic_constructs.https_subscriptions import subscribe_endpoints
from spotmusic_constructs.location import Location, location_of
from spotmusic_constructs.observability.alarm import Recipients


class AlarmTopic(Construct):
    """Two encrypted SNS topics: for alarms and budgets of this account, and for critical alarms.

    CloudWatch sends no message attributes that a subscription could filter by, so a pager
    subscribes to the second topic. Creates the topics, their policies and a subscription for each
    address, which its owner confirms once by the link in a mail. The policies require TLS. They do
    not admit EventBridge, because its requests have no condition key that restricts them to this
    account: rules publish through a role.

    Args:
        key: customer-managed key of the data class "notifications", in the topic's region; its
            policy must admit CloudWatch and AWS Budgets (`NOTIFICATIONS` in
            `secrets/data_keys.py`).
        emails: addresses for all alarms.
        endpoints: HTTPS addresses of on-call services, for all alarms.
        pagers: HTTPS addresses of on-call services, for critical alarms.
        environment_name: name of the environment, the first word of the text of each alarm.
        runbooks: folder or address of the runbooks.

    Attributes:
        topic: topic of all alarms.
        pager: topic of critical alarms.
        recipients: both, for constructs that create alarms.

    Example:
        alarms = AlarmTopic(self, "AlarmTopic", key=keys.notifications,
                            emails=["platform@spotmusic.example"])
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        key: kms.IKey,
        emails: Sequence[str] = (),
        endpoints: Sequence[str] = (),
        pagers: Sequence[str] = (),
        environment_name: str = "",
        runbooks: str = "docs/runbooks",
    ) -> None:
        super().__init__(scope, construct_id)
        location = location_of(scope)
        arn = sns.CfnTopic(self, "Resource", kms_master_key_id=key_arn(key)).ref
        sns.CfnTopicPolicy(
            self,
            "Policy",
            topics=[arn],
            policy_document=topic_policy(location, arn, "budgets", "cloudwatch"),
        )
        for email in emails:
            # The address is part of the id: with a number, a removed address would replace all
            # later ones.
            sns.CfnSubscription(
                self, f"Email-{email}", topic_arn=arn, protocol="email", endpoint=email
            )
        subscribe_endpoints(self, arn, endpoints)
        self.topic = topic_handle(self, "Handle", arn)

        urgent = Construct(self, "Pager")
        pager_arn = sns.CfnTopic(urgent, "Resource", kms_master_key_id=key_arn(key)).ref
        sns.CfnTopicPolicy(
            urgent,
            "Policy",
            topics=[pager_arn],
            policy_document=topic_policy(location, pager_arn, "cloudwatch"),
        )
        subscribe_endpoints(urgent, pager_arn, pagers)
        self.pager = topic_handle(urgent, "Handle", pager_arn)
        self.recipients = Recipients(
            topic=self.topic, pager=self.pager, environment_name=environment_name, runbooks=runbooks
        )


def topic_policy(location: Location, topic_arn: str, *publishers: str) -> dict[str, Any]:
    """Return a policy that requires TLS, and admits AWS services on behalf of this account."""
    this_account = {"StringEquals": {"aws:SourceAccount": location.account}}
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": f"{service.capitalize()}OfThisAccountPublishes",
                "Effect": "Allow",
                "Principal": {"Service": f"{service}.amazonaws.com"},
                "Action": "sns:Publish",
                "Resource": topic_arn,
                "Condition": this_account,
            }
            for service in publishers
        ]
        + [
            {
                "Sid": "NobodyPublishesWithoutTls",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "sns:Publish",
                "Resource": topic_arn,
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        ],
    }

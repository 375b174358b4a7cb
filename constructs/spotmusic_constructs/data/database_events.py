"""What RDS has to say about its instances: failover, failure, low storage, maintenance."""

from collections.abc import Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_rds as rds
from aws_cdk import aws_sns as sns
from constructs import Construct

from spotmusic_constructs.https_subscriptions import subscribe_endpoints

CATEGORIES = (
    "availability",
    "configuration change",
    "deletion",
    "failover",
    "failure",
    "low storage",
    "maintenance",
    "notification",
    "recovery",
)
"""Categories of events of an instance (Amazon RDS user guide, event categories) that somebody has to read."""


class DatabaseEvents(Construct):
    """A topic on which RDS tells what happens to database instances, and who reads it.

    Creates an encrypted topic that only RDS of this account and only over TLS writes to, the event subscriptions, and a
    subscription for each address. It stands with the databases, so that nothing of it waits for the alarms of the platform.

    Args:
        instances: the instances, by the name that the subscription has in the template.
        key: customer-managed key of the data class "notifications", whose policy admits `events.rds.amazonaws.com`.
        emails: who reads the events; each address has to confirm its subscription once.
        endpoints: HTTPS addresses of services of on-call that read them as well.

    Example:
        events = DatabaseEvents(self, "DatabaseEvents", instances={"Catalogue": catalogue.instance}, key=keys.notifications)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        instances: Mapping[str, rds.IDatabaseInstance],
        key: kms.IKey,
        emails: Sequence[str] = (),
        endpoints: Sequence[str] = (),
    ) -> None:
        super().__init__(scope, construct_id)

        self.topic = sns.Topic(self, "Topic", display_name="Database events", master_key=key, enforce_ssl=True)
        self.topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="DatabasesOfThisAccountTell",
                actions=["sns:Publish"],
                resources=[self.topic.topic_arn],
                principals=[iam.ServicePrincipal("events.rds.amazonaws.com")],
                conditions={"StringEquals": {"aws:SourceAccount": cdk.Stack.of(self).account}},
            )
        )
        for email in emails:
            sns.Subscription(self, email, topic=self.topic, protocol=sns.SubscriptionProtocol.EMAIL, endpoint=email)
        subscribe_endpoints(self, self.topic.topic_arn, endpoints)
        for name, instance in instances.items():
            subscription = rds.CfnEventSubscription(
                self,
                name,
                sns_topic_arn=self.topic.topic_arn,
                source_type="db-instance",
                source_ids=[instance.instance_identifier],
                event_categories=list(CATEGORIES),
                enabled=True,
            )
            # RDS sends a test event when the subscription is made.
            subscription.node.add_dependency(self.topic)

"""RDS event notifications: failover, failure, low storage, maintenance."""

from collections.abc import Mapping, Sequence

from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_rds as rds
from aws_cdk import aws_sns as sns
from constructs import Construct

from spotmusic_constructs.arns import topic_arn
from spotmusic_constructs.https_subscriptions import subscribe_endpoints
from spotmusic_constructs.location import location_of

CATEGORIES = (
    "availability",
    "configuration change",
    "deletion",
    "failover",
    "failure",
    "low storage",
    "maintenance",
    "notification",
    "read replica",
    "recovery",
)
"""Categories of events of an instance (Amazon RDS user guide, event categories) that require
attention."""


class DatabaseEvents(Construct):
    """SNS topic for RDS events of database instances, with its subscribers.

    Creates an encrypted topic that accepts only RDS of this account over TLS, the event
    subscriptions, and an SNS subscription for each address. The topic belongs to the databases'
    stack, so that it does not depend on the stack of the alarms.

    Args:
        instances: database instances with their replicas by construct id of their subscription.
        key: customer-managed key of the data class "notifications", with a policy that admits
            `events.rds.amazonaws.com`.
        emails: recipients of the events; each must confirm its subscription once.
        endpoints: HTTPS endpoints of on-call services that receive the events as well.

    Example:
        events = DatabaseEvents(self, "DatabaseEvents", key=keys.notifications,
                                instances={"Catalogue": [catalogue.instance]})
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        instances: Mapping[str, Sequence[rds.IDatabaseInstance]],
        key: kms.IKey,
        emails: Sequence[str] = (),
        endpoints: Sequence[str] = (),
    ) -> None:
        super().__init__(scope, construct_id)

        self.topic = sns.Topic(
            self, "Topic", display_name="Database events", master_key=key, enforce_ssl=True
        )
        self.topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="DatabasesOfThisAccountTell",
                actions=["sns:Publish"],
                resources=[topic_arn(self.topic)],
                principals=[iam.ServicePrincipal("events.rds.amazonaws.com")],
                conditions={"StringEquals": {"aws:SourceAccount": location_of(scope).account}},
            )
        )
        for email in emails:
            sns.Subscription(
                self,
                email,
                topic=self.topic,
                protocol=sns.SubscriptionProtocol.EMAIL,
                endpoint=email,
            )
        subscribe_endpoints(self, topic_arn(self.topic), endpoints)
        for name, members in instances.items():
            subscription = rds.CfnEventSubscription(
                self,
                name,
                sns_topic_arn=topic_arn(self.topic),
                source_type="db-instance",
                source_ids=[member.instance_identifier for member in members],
                event_categories=list(CATEGORIES),
                enabled=True,
            )
            # RDS sends a test event when the subscription is created.
            subscription.node.add_dependency(self.topic)

"""Events of AWS services in one region for the rules of another."""

from collections.abc import Sequence

from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from constructs import Construct

from spotmusic_constructs.location import location_of


class EventForwarding(Construct):
    """Rule that sends events of this region to the default event bus of another region.

    Rules match events of their own region. Those of global services, such as CloudFront, are in
    us-east-1 (AWS Health user guide, choosing a Region). Rules of an `EventLog` in the other region
    record forwarded events. Creates the rule and its role.

    Args:
        region: region that receives the events.
        sources: services of the events, such as `aws.health`.

    Raises:
        ValueError: if the region is that of the stack.

    Example:
        EventForwarding(self, "Events", region="us-east-1", sources=["aws.health", "aws.kms"])
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, region: str, sources: Sequence[str]
    ) -> None:
        super().__init__(scope, construct_id)
        location = location_of(scope)
        if region == location.region:
            raise ValueError(
                f"region: {region} is that of the stack, so the rule would match its own events. "
                "Use another region."
            )
        bus = location.arn("events", "event-bus/default", region=region)
        role = iam.CfnRole(
            self,
            "Role",
            description=f"Sends events to {region}",
            assume_role_policy_document={
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "events.amazonaws.com"},
                        "Action": "sts:AssumeRole",
                        "Condition": {
                            "StringEquals": {"aws:SourceAccount": location.account},
                            "ArnLike": {"aws:SourceArn": location.arn("events", "rule/*")},
                        },
                    }
                ],
            },
        )
        # Managed: NIST 800-53 AC-3 rules reject inline policies.
        iam.CfnManagedPolicy(
            self,
            "Policy",
            roles=[role.ref],
            policy_document={
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Action": "events:PutEvents", "Resource": bus}],
            },
        )
        events.CfnRule(
            self,
            "Rule",
            description=f"Sends events to {region}: {', '.join(sources)}",
            event_pattern={"source": list(sources)},
            targets=[events.CfnRule.TargetProperty(arn=bus, id="EventBus", role_arn=role.attr_arn)],
        )

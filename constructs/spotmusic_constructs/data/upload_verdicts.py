"""Verdicts of the malware scan, in a queue of the service that waits for them."""

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

DETAIL_TYPE = "GuardDuty Malware Protection Object Scan Result"
"""Type of the event of one scanned object (Amazon GuardDuty user guide, monitoring S3 object scans with EventBridge)."""
RETENTION_DAYS = 14
"""The most that SQS keeps a message (Amazon SQS developer guide, message quotas), and as long as an upload waits by default."""
VISIBILITY_SECONDS = 300
"""Time for the copy of one track: S3 copies 5 GB, the most that one call takes, within it."""
RECEIVES = 5
"""Times that a message is given out before it is a dead letter."""


class UploadVerdicts(Construct):
    """A queue to which EventBridge sends the verdict on each upload, whatever it is.

    Creates the queue, a queue for what was received five times or could not be delivered, their policies and the rule. Both keep messages
    for 14 days under your key, and take them from this rule alone and over TLS only. A message is the event as EventBridge writes it;
    an event may come twice (Amazon EventBridge user guide, event delivery).

    Attributes:
        queue: queue with the verdicts.
        dead_letters: queue of verdicts that failed five times, or could not be delivered.

    Args:
        bucket: bucket of the uploads.
        key: customer-managed key of the data class "notifications", whose policy admits EventBridge for queues.

    Example:
        verdicts = UploadVerdicts(self, "Verdicts", bucket=uploads.bucket, key=keys.notifications)
    """

    def __init__(self, scope: Construct, construct_id: str, *, bucket: s3.IBucket, key: kms.IKey) -> None:
        super().__init__(scope, construct_id)
        self.dead_letters = _queue(self, "DeadLetters", key)
        self.queue = _queue(
            self,
            "Queue",
            key,
            visibility_timeout=VISIBILITY_SECONDS,
            redrive_policy={"deadLetterTargetArn": self.dead_letters.attr_arn, "maxReceiveCount": RECEIVES},
        )
        rule = events.CfnRule(
            self,
            "Rule",
            description="Sends the verdict on each upload to its service",
            event_pattern={
                "source": ["aws.guardduty"],
                "detail-type": [DETAIL_TYPE],
                "detail": {"s3ObjectDetails": {"bucketName": [bucket.bucket_name]}},
            },
            targets=[
                events.CfnRule.TargetProperty(
                    arn=self.queue.attr_arn,
                    id="Queue",
                    dead_letter_config=events.CfnRule.DeadLetterConfigProperty(arn=self.dead_letters.attr_arn),
                )
            ],
        )
        for name, queue in (("DeadLettersPolicy", self.dead_letters), ("QueuePolicy", self.queue)):
            sqs.CfnQueuePolicy(self, name, queues=[queue.ref], policy_document=_policy(queue.attr_arn, rule.attr_arn))


def _queue(
    scope: Construct, name: str, key: kms.IKey, *, visibility_timeout: int | None = None, redrive_policy: object = None
) -> sqs.CfnQueue:
    return sqs.CfnQueue(
        scope,
        name,
        kms_master_key_id=key.key_arn,
        message_retention_period=cdk.Duration.days(RETENTION_DAYS).to_seconds(),
        visibility_timeout=visibility_timeout,
        redrive_policy=redrive_policy,
    )


def _policy(queue_arn: str, rule_arn: str) -> dict[str, object]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "TheRuleSends",
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": queue_arn,
                "Condition": {"ArnEquals": {"aws:SourceArn": rule_arn}},
            },
            {
                "Sid": "NobodyComesWithoutTls",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "sqs:*",
                "Resource": queue_arn,
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            },
        ],
    }

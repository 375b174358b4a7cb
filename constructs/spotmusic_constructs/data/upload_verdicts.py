"""Queue of malware scan results for the service that processes uploads."""

from aws_cdk import aws_events as events
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from spotmusic_constructs.arns import bucket_name, key_arn

DETAIL_TYPE = "GuardDuty Malware Protection Object Scan Result"
"""Type of the event of one scanned object (Amazon GuardDuty user guide, monitoring S3 object scans
with EventBridge)."""
RETENTION_DAYS = 14
"""Maximum retention of SQS messages (Amazon SQS developer guide, message quotas), and the default
lifetime of an upload."""
VISIBILITY_SECONDS = 300
"""Time to copy one track: enough for 5 GB, the maximum of one S3 copy request."""
RECEIVES = 5
"""Receives of a message before it moves to the dead-letter queue."""


class UploadVerdicts(Construct):
    """SQS queue that receives the scan result of each upload from EventBridge.

    Creates the queue, a dead-letter queue for messages that were received five times or not
    delivered, their policies and the rule. Both queues keep encrypted messages for 14 days and
    accept them from this rule over TLS only. A message is the unmodified EventBridge event; an
    event may arrive twice (Amazon EventBridge user guide, event delivery).

    Args:
        bucket: uploads bucket.
        key: customer-managed key of the data class "notifications", with a policy that allows
            EventBridge to encrypt for queues.

    Attributes:
        queue: queue of scan results.
        dead_letters: queue of results that failed five times or were not delivered.

    Example:
        verdicts = UploadVerdicts(self, "Verdicts", bucket=uploads.bucket, key=keys.notifications)
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, bucket: s3.IBucket, key: kms.IKey
    ) -> None:
        super().__init__(scope, construct_id)
        self.dead_letters = _queue(self, "DeadLetters", key)
        dead_letters_arn = self.dead_letters.attr_arn
        self.queue = _queue(
            self,
            "Queue",
            key,
            visibility_timeout=VISIBILITY_SECONDS,
            redrive_policy={"deadLetterTargetArn": dead_letters_arn, "maxReceiveCount": RECEIVES},
        )
        queue_arn = self.queue.attr_arn
        rule = events.CfnRule(
            self,
            "Rule",
            description="Sends the verdict on each upload to its service",
            event_pattern={
                "source": ["aws.guardduty"],
                "detail-type": [DETAIL_TYPE],
                "detail": {"s3ObjectDetails": {"bucketName": [bucket_name(bucket)]}},
            },
            targets=[
                events.CfnRule.TargetProperty(
                    arn=queue_arn,
                    id="Queue",
                    dead_letter_config=events.CfnRule.DeadLetterConfigProperty(
                        arn=dead_letters_arn
                    ),
                )
            ],
        )
        rule_arn = rule.attr_arn
        for name, queue, arn in (
            ("DeadLettersPolicy", self.dead_letters, dead_letters_arn),
            ("QueuePolicy", self.queue, queue_arn),
        ):
            sqs.CfnQueuePolicy(
                self, name, queues=[queue.ref], policy_document=_policy(arn, rule_arn)
            )


def _queue(
    scope: Construct,
    name: str,
    key: kms.IKey,
    *,
    visibility_timeout: int | None = None,
    redrive_policy: object = None,
) -> sqs.CfnQueue:
    return sqs.CfnQueue(
        scope,
        name,
        kms_master_key_id=key_arn(key),
        message_retention_period=RETENTION_DAYS * 86_400,
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

"""Handle for other stacks, EventBridge events and CloudFront access of buckets."""

from collections.abc import Mapping
from typing import cast

from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

from spotmusic_constructs.arns import bucket_arn, bucket_name, objects_arn
from spotmusic_constructs.location import location_of
from spotmusic_constructs.resource import resource_of


def handle_of(bucket: s3.Bucket) -> s3.IBucket:
    """Return a reference to the bucket for other stacks; grants on it change only the grantee.

    The reference has no key. The key policy allows use through S3, so readers need no rights on the
    key.
    """
    return s3.Bucket.from_bucket_attributes(
        bucket,
        "Handle",
        bucket_arn=bucket_arn(bucket),
        # Without the name, CDK would split it out of the ARN with functions that do not accept a
        # cross-stack reference.
        bucket_name=bucket_name(bucket),
        bucket_regional_domain_name=bucket.bucket_regional_domain_name,
        region=location_of(bucket).region,
    )


def send_events(bucket: s3.Bucket) -> None:
    """Send every event of the bucket to EventBridge, for AWS Backup and GuardDuty.

    Both services would enable this outside CloudFormation, and the next deployment would disable it
    again: continuous backups would stop (AWS Backup developer guide, Amazon S3 backups). CDK's own
    option adds a Lambda function; CloudFormation needs none.
    """
    resource_of(
        bucket, s3.CfnBucket
    ).notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
        event_bridge_configuration=s3.CfnBucket.EventBridgeConfigurationProperty(
            event_bridge_enabled=True
        )
    )


def add_to_policy(bucket: s3.Bucket, *statements: iam.PolicyStatement) -> None:
    """Add statements to the policy of a bucket, which `enforce_ssl` has created."""
    policy = cast("s3.BucketPolicy", bucket.policy)
    policy.document.add_statements(*statements)


def admission(
    sid: str, service: str, action: str, resource: str, conditions: Mapping[str, object]
) -> iam.PolicyStatement:
    """Return a statement that allows an AWS service one action on a bucket or its objects."""
    return iam.PolicyStatement.from_json(
        {
            "Sid": sid,
            "Effect": "Allow",
            "Action": action,
            "Resource": resource,
            "Principal": {"Service": service},
            "Condition": conditions,
        }
    )


def admit_cloudfront(bucket: s3.Bucket) -> None:
    """Allow all distributions of this account to read objects.

    Naming one distribution would create a dependency cycle with the edge stack. The ARN contains
    the account; that CloudFront also sends `aws:SourceAccount` is not documented (Amazon CloudFront
    developer guide, restrict access to an Amazon S3 origin, 2026-11).
    """
    location = location_of(bucket)
    distributions = location.arn("cloudfront", "distribution/*", region="")
    conditions = {"ArnLike": {"AWS:SourceArn": distributions}}
    add_to_policy(
        bucket,
        admission(
            "DistributionsOfThisAccountRead",
            "cloudfront.amazonaws.com",
            "s3:GetObject",
            objects_arn(bucket),
            conditions,
        ),
    )

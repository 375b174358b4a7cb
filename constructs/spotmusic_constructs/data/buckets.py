"""What some buckets do beside holding data: a handle for other stacks, events, and how CloudFront reads."""

from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3


def handle_of(bucket: s3.Bucket) -> s3.IBucket:
    """Returns the bucket as other stacks may know it: a grant on it writes to the reader's side only.

    It knows no key either. The key's policy admits whoever S3 serves, so a reader needs no rights on the key.
    """
    return s3.Bucket.from_bucket_attributes(
        bucket,
        "Handle",
        bucket_arn=bucket.bucket_arn,
        # Without it the name would be cut out of the ARN, by functions that a reference to another stack may not stand in.
        bucket_name=bucket.bucket_name,
        bucket_regional_domain_name=bucket.bucket_regional_domain_name,
        region=cdk.Stack.of(bucket).region,
    )


def send_events(bucket: s3.Bucket) -> None:
    """Sends every event of the bucket to EventBridge, where AWS Backup and GuardDuty listen.

    Both would turn it on by themselves, and the next deployment would turn it off again: continuous backups would stop
    (AWS Backup developer guide, Amazon S3 backups). CDK's own switch adds a function for it; CloudFormation needs none.
    """
    resource = cast("s3.CfnBucket", bucket.node.default_child)
    resource.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
        event_bridge_configuration=s3.CfnBucket.EventBridgeConfigurationProperty(event_bridge_enabled=True)
    )


def admit_cloudfront(bucket: s3.Bucket) -> None:
    """Lets the distributions of this account read objects: naming one would tie this stack to the edge stack, which needs this one."""
    stack = cdk.Stack.of(bucket)
    bucket.add_to_resource_policy(
        iam.PolicyStatement(
            sid="DistributionsOfThisAccountRead",
            actions=["s3:GetObject"],
            resources=[bucket.arn_for_objects("*")],
            principals=[iam.ServicePrincipal("cloudfront.amazonaws.com")],
            conditions={
                "ArnLike": {"AWS:SourceArn": f"arn:{stack.partition}:cloudfront::{stack.account}:distribution/*"},
                "StringEquals": {"AWS:SourceAccount": stack.account},
            },
        )
    )

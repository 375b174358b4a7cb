"""Bucket for the static files of the web client."""

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from spotmusic_constructs import durations
from spotmusic_constructs.data.buckets import admit_cloudfront, handle_of, send_events
from spotmusic_constructs.data.private_bucket import PrivateBucket


class WebBucket(Construct):
    """Versioned, encrypted bucket of static web content that only CloudFront can read.

    Creates the bucket and a policy that allows all distributions of this account to read
    (docs/adr/0006). Files replaced by a release are kept for `noncurrent_days`, so that the release
    can be rolled back. Other stacks cannot change the bucket policy through the handle `bucket`.

    Args:
        key: customer-managed key of the data class "audio", with a policy that allows CloudFront to
            decrypt.
        access_logs: bucket that receives the server access logs, under `web/`.
        noncurrent_days: days until a replaced file is deleted, which bounds rollbacks.
        removal_policy: policy of the bucket when its stack is deleted; its objects are never
            deleted automatically.

    Example:
        web = WebBucket(self, "Web", key=keys.audio, access_logs=logs.bucket)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        key: kms.IKey,
        access_logs: s3.IBucket,
        noncurrent_days: int = 30,
        removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.RETAIN,
    ) -> None:
        super().__init__(scope, construct_id)

        bucket = PrivateBucket(
            self,
            "Bucket",
            key=key,
            access_logs=access_logs,
            access_logs_prefix="web/",
            lifecycle=s3.LifecycleRule(
                noncurrent_version_expiration=durations.days(noncurrent_days),
                abort_incomplete_multipart_upload_after=durations.days(7),
            ),
            unreplicated=(
                "A release of the web client can be built again from its source; "
                "versioning and AWS Backup cover mistakes."
            ),
            removal_policy=removal_policy,
        )
        admit_cloudfront(bucket)
        send_events(bucket)
        self.bucket = handle_of(bucket)

"""Bucket for the audio library."""

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from spotmusic_constructs import durations
from spotmusic_constructs.data.buckets import admit_cloudfront, handle_of, send_events
from spotmusic_constructs.data.private_bucket import PrivateBucket


class AudioLibrary(Construct):
    """Versioned, encrypted bucket of audio files that only CloudFront can read.

    Creates the bucket and a policy that allows all distributions of this account to read
    (docs/adr/0006 explains why, and how to narrow it). Objects move to Intelligent-Tiering on
    arrival. Noncurrent versions are deleted after `noncurrent_days`, which bounds how long an
    erased track survives. Other stacks cannot change the bucket policy through the handle `bucket`;
    services of this account that manage tracks are granted rights on their own roles.

    Args:
        key: customer-managed key of the data class "audio", with a policy that allows CloudFront to
            decrypt.
        access_logs: bucket that receives the server access logs, under `audio/`.
        noncurrent_days: days until a noncurrent version is deleted. LGPD art. 16 requires a bound.
        removal_policy: policy of the bucket when its stack is deleted; its objects are never
            deleted automatically.

    Example:
        library = AudioLibrary(self, "Audio", key=keys.audio, access_logs=logs.bucket)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        key: kms.IKey,
        access_logs: s3.IBucket,
        noncurrent_days: int = 90,
        removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.RETAIN,
    ) -> None:
        super().__init__(scope, construct_id)

        bucket = PrivateBucket(
            self,
            "Bucket",
            key=key,
            access_logs=access_logs,
            access_logs_prefix="audio/",
            lifecycle=_tiering(noncurrent_days),
            unreplicated=_UNREPLICATED,
            removal_policy=removal_policy,
        )
        admit_cloudfront(bucket)
        send_events(bucket)
        self.bucket = handle_of(bucket)


_UNREPLICATED = (
    "Durability comes from versioning and AWS Backup in the same region; "
    "copies abroad need a legal basis (LGPD art. 33)."
)


def _tiering(noncurrent_days: int) -> s3.LifecycleRule:
    return s3.LifecycleRule(
        transitions=[
            s3.Transition(
                storage_class=s3.StorageClass.INTELLIGENT_TIERING,
                transition_after=durations.days(0),
            )
        ],
        noncurrent_version_expiration=durations.days(noncurrent_days),
        abort_incomplete_multipart_upload_after=durations.days(7),
    )

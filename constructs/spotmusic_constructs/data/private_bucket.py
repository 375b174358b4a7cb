"""Base class of all buckets with data of the platform."""

from collections.abc import Sequence
from functools import cache

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from spotmusic_constructs.acknowledge import acknowledge
from spotmusic_constructs.arns import bucket_name
from spotmusic_constructs.resource import resource_of


@cache
def no_public_access() -> s3.BlockPublicAccess:
    """Block of all public access, for every bucket."""
    return s3.BlockPublicAccess.BLOCK_ALL


class PrivateBucket(s3.Bucket):
    """Versioned, private bucket with a customer-managed key that requires TLS 1.2.

    Creates the bucket and a policy that denies other connections. Another bucket receives its
    server access logs.

    Args:
        key: customer-managed key of its data class.
        access_logs: bucket that receives the server access logs. Its policy must allow the buckets
            of this account.
        access_logs_prefix: prefix of their keys, with a trailing slash.
        lifecycle: expiration of versions, incomplete uploads and, optionally, objects.
        unreplicated: reason for the missing replication, for auditors.
        cors: rules for pages of other origins. Default: none.
        removal_policy: policy of the bucket when its stack is deleted; its objects are never
            deleted automatically.

    Example:
        lifecycle = s3.LifecycleRule(noncurrent_version_expiration=cdk.Duration.days(30))
        PrivateBucket(self, "Bucket", key=keys.audio, access_logs=logs.bucket,
                      access_logs_prefix="covers/", lifecycle=lifecycle,
                      unreplicated="Covers are made again from the originals in AWS Backup.")
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        key: kms.IKey,
        access_logs: s3.IBucket,
        access_logs_prefix: str,
        lifecycle: s3.LifecycleRule,
        unreplicated: str,
        cors: Sequence[s3.CorsRule] = (),
        removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.RETAIN,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            encryption=s3.BucketEncryption.KMS,
            encryption_key=key,
            bucket_key_enabled=True,
            versioned=True,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            block_public_access=no_public_access(),
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            cors=list(cors),
            lifecycle_rules=[lifecycle],
            removal_policy=removal_policy,
        )
        # CDK's own argument would add a statement to the log bucket's policy for each bucket, or
        # warn that it cannot.
        resource_of(
            self, s3.CfnBucket
        ).logging_configuration = s3.CfnBucket.LoggingConfigurationProperty(
            destination_bucket_name=bucket_name(access_logs), log_file_prefix=access_logs_prefix
        )
        acknowledge(
            self, {"NIST.800.53.R5::NIST.800.53.R5-S3BucketReplicationEnabled": unreplicated}
        )

"""Bucket for access logs of S3, load balancers, CloudFront and WAF."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from spotmusic_constructs import durations
from spotmusic_constructs.acknowledge import acknowledge
from spotmusic_constructs.arns import bucket_arn, objects_arn
from spotmusic_constructs.data.buckets import add_to_policy, admission, handle_of
from spotmusic_constructs.data.private_bucket import no_public_access
from spotmusic_constructs.location import facts_of, location_of

_NONCURRENT_DAYS = 7
"""Days until a noncurrent version is deleted. Log objects are written once; an overwritten one is a
mistake, noticed within a week."""
REQUEST_DAYS = 7
"""Days that logs with query strings are kept, noncurrent versions included. Query strings contain
login codes, keys sent by mail and search terms, and Elastic Load Balancing cannot omit them.
CloudFront's log has no query strings and is kept for longer."""
_SIX_MONTHS = 185
"""Days. Six months have at most 184; one day more keeps records of the first day until the last day
ends."""


class LogBucket(Construct):
    """Bucket that accepts access logs from AWS services of this account only.

    Creates the bucket and its policy: S3 server access logs, access, connection and health check
    logs of Application Load Balancers, and logs delivered by `delivery.logs.amazonaws.com` (Network
    Load Balancers, CloudFront standard logging v2, WAF). Encryption uses S3-managed keys, because
    load balancers support no others. Other stacks cannot change the bucket policy through the
    handle `bucket`.

    Args:
        retention_days: days until a log is deleted. Marco Civil da Internet (art. 15) requires six
            months.
        query_prefixes: key prefixes, with a trailing slash, of logs with query strings, such as
            access logs of Application Load Balancers. These are deleted after `REQUEST_DAYS`.
            Default: none.
        only_other_stacks: whether no bucket of its stack logs to it. The policy packs then miss its
            own server access logs.
        bucket_name: name of the bucket. WAF requires the prefix `aws-waf-logs-`. Default:
            generated.
        removal_policy: policy of the bucket when its stack is deleted; its objects are never
            deleted automatically.

    Raises:
        ValueError: if access records would be deleted within six months.

    Example:
        logs = LogBucket(self, "Logs", retention_days=365)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        retention_days: int = 365,
        query_prefixes: Sequence[str] = (),
        only_other_stacks: bool = False,
        bucket_name: str | None = None,
        removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.RETAIN,
    ) -> None:
        super().__init__(scope, construct_id)
        if retention_days < _SIX_MONTHS:
            raise ValueError(
                f"retention_days: {retention_days} is less than six months. "
                f"Use {_SIX_MONTHS} or more (Marco Civil da Internet, art. 15)."
            )

        bucket = s3.Bucket(
            self,
            "Bucket",
            bucket_name=bucket_name,
            encryption=s3.BucketEncryption.S3_MANAGED,
            versioned=True,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            block_public_access=no_public_access(),
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            lifecycle_rules=[
                s3.LifecycleRule(
                    expiration=durations.days(retention_days),
                    noncurrent_version_expiration=durations.days(_NONCURRENT_DAYS),
                    abort_incomplete_multipart_upload_after=durations.days(1),
                ),
                *(
                    s3.LifecycleRule(
                        prefix=prefix,
                        expiration=durations.days(REQUEST_DAYS - 1),
                        noncurrent_version_expiration=durations.days(1),
                    )
                    for prefix in query_prefixes
                ),
            ],
            removal_policy=removal_policy,
        )
        add_to_policy(bucket, *_deliveries(bucket))
        self.bucket = handle_of(bucket)
        acknowledge(bucket, {**_ACKNOWLEDGED, **(_NOT_LOGGED if only_other_stacks else {})})


def _deliveries(bucket: s3.Bucket) -> list[iam.PolicyStatement]:
    location = location_of(bucket)
    this_account = {"aws:SourceAccount": location.account}
    objects = objects_arn(bucket)
    deliveries = {
        "StringEquals": this_account,
        # The ARN of a delivery has the region of its source: us-east-1 for CloudFront and its web
        # ACLs.
        "ArnLike": {"aws:SourceArn": location.arn("logs", "*", region="*")},
    }
    return [
        admission(
            "S3ServerAccessLogs",
            "logging.s3.amazonaws.com",
            "s3:PutObject",
            objects,
            {"StringEquals": this_account},
        ),
        *_load_balancers(bucket),
        admission(
            "LogDeliveryWrites", "delivery.logs.amazonaws.com", "s3:PutObject", objects, deliveries
        ),
        admission(
            "LogDeliveryChecks",
            "delivery.logs.amazonaws.com",
            "s3:GetBucketAcl",
            bucket_arn(bucket),
            deliveries,
        ),
        admission(
            "LogDeliveryLists",
            "delivery.logs.amazonaws.com",
            "s3:ListBucket",
            bucket_arn(bucket),
            deliveries,
        ),
    ]


def _load_balancers(bucket: s3.Bucket) -> list[iam.PolicyStatement]:
    """Allow Application Load Balancers to write: a service, and an AWS account in old regions.

    Regions launched before August 2022 have such an account.
    """
    location = location_of(bucket)
    # The object key contains the account of the load balancer after an optional prefix, which
    # excludes other accounts.
    logs = objects_arn(bucket, f"*AWSLogs/{location.account}/*")
    ours = {"ArnLike": {"aws:SourceArn": location.arn("elasticloadbalancing", "loadbalancer/*")}}
    service = admission(
        "LoadBalancerLogs",
        "logdelivery.elasticloadbalancing.amazonaws.com",
        "s3:PutObject",
        logs,
        ours,
    )
    facts = facts_of(location.region)
    account = facts.elbv2_account if facts else None
    if account is None:
        return [service]
    return [
        service,
        iam.PolicyStatement(
            sid="LoadBalancerLogsOfOldRegions",
            actions=["s3:PutObject"],
            resources=[logs],
            principals=[iam.AccountPrincipal(account)],
        ),
    ]


_LOGS_OF_LOGS = (
    "Its requests are deliveries of logs; a trail records who reads it "
    "(docs/deployment.md, after the first deployment)."
)
_NOT_LOGGED = {
    "AwsSolutions::AwsSolutions-S1": _LOGS_OF_LOGS,
    "NIST.800.53.R5::NIST.800.53.R5-S3BucketLoggingEnabled": _LOGS_OF_LOGS,
}
_ACKNOWLEDGED = {
    "NIST.800.53.R5::NIST.800.53.R5-S3BucketReplicationEnabled": (
        "Logs hold addresses of listeners: copies abroad need a legal basis (LGPD art. 33), "
        "and versioning covers mistakes."
    ),
    "NIST.800.53.R5::NIST.800.53.R5-S3DefaultEncryptionKMS": (
        "Load balancers write access logs only to buckets that are encrypted with keys of S3 "
        "(Elastic Load Balancing user guide)."
    ),
}

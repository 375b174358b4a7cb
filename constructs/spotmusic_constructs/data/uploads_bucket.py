"""Bucket for uploads until a malware scan passes them."""

from collections.abc import Iterator, Sequence

import aws_cdk as cdk
from aws_cdk import aws_guardduty as guardduty
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from spotmusic_constructs import durations
from spotmusic_constructs.arns import bucket_name, objects_arn
from spotmusic_constructs.data.buckets import add_to_policy, handle_of, send_events
from spotmusic_constructs.data.malware_scan_role import MalwareScanRole
from spotmusic_constructs.data.private_bucket import PrivateBucket

_SCAN_RESULT = "GuardDutyMalwareScanStatus"
"""Tag that GuardDuty puts on an object when it has scanned it (GuardDuty user guide, Malware
Protection for S3)."""
_NONCURRENT_DAYS = 1
"""Shortest time that S3 accepts: uploads are copies."""


class UploadsBucket(Construct):
    """Bucket for uploads that are unreadable until GuardDuty finds no threat in them.

    Creates the bucket, its policy, a malware protection plan and the scan role. GuardDuty scans
    every object on arrival and tags it with the result; the policy denies reading an object without
    a clean result to all principals except the scan role. Services promote uploads to the audio
    library: `UploadVerdicts` delivers the results. Other stacks cannot change the bucket policy
    through the handle `bucket`.

    GuardDuty may refuse a role that is younger than a few minutes (GuardDuty user guide,
    troubleshooting IAM role permissions error, 2026-11). Let `plan` depend on a resource of the
    stack that takes minutes.

    Args:
        key: customer-managed key of the data class "audio".
        access_logs: bucket that receives the server access logs, under `uploads/`.
        allowed_origins: web origins with pages that may upload, such as
            `https://spotmusic.example`. Default: none.
        expiration_days: days until an upload is deleted.
        removal_policy: policy of the bucket when its stack is deleted; its objects are never
            deleted automatically.

    Raises:
        ValueError: if an origin contains a wildcard.

    Example:
        uploads = UploadsBucket(self, "Uploads", key=keys.audio, access_logs=logs.bucket,
                                allowed_origins=["https://spotmusic.example"])
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        key: kms.IKey,
        access_logs: s3.IBucket,
        allowed_origins: Sequence[str] = (),
        expiration_days: int = 14,
        removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.RETAIN,
    ) -> None:
        super().__init__(scope, construct_id)
        if any("*" in origin for origin in allowed_origins):
            raise ValueError(
                "allowed_origins: a wildcard would allow any page to upload with a listener's "
                "rights. List each origin."
            )

        bucket = PrivateBucket(
            self,
            "Bucket",
            key=key,
            access_logs=access_logs,
            access_logs_prefix="uploads/",
            cors=_cors(allowed_origins),
            lifecycle=s3.LifecycleRule(
                expiration=durations.days(expiration_days),
                noncurrent_version_expiration=durations.days(_NONCURRENT_DAYS),
                abort_incomplete_multipart_upload_after=durations.days(1),
            ),
            unreplicated=(
                f"An upload is kept for at most {expiration_days} days and promoted after a clean "
                "scan; infected files must not be copied."
            ),
            removal_policy=removal_policy,
        )
        send_events(bucket)
        scan = MalwareScanRole(self, "ScanRole", bucket=bucket, key=key)
        scanner = scan.role.role_arn
        add_to_policy(bucket, *_denials(bucket, scanner))
        self.plan = guardduty.CfnMalwareProtectionPlan(
            self,
            "MalwareProtectionPlan",
            role=scanner,
            protected_resource=guardduty.CfnMalwareProtectionPlan.CFNProtectedResourceProperty(
                s3_bucket=guardduty.CfnMalwareProtectionPlan.S3BucketProperty(
                    bucket_name=bucket_name(bucket)
                )
            ),
            actions=guardduty.CfnMalwareProtectionPlan.CFNActionsProperty(
                tagging=guardduty.CfnMalwareProtectionPlan.CFNTaggingProperty(status="ENABLED")
            ),
        )
        # GuardDuty writes a test object when the plan is created, which requires role, rights and
        # bucket policy.
        self.plan.node.add_dependency(scan, bucket)
        self.bucket = handle_of(bucket)


def _cors(origins: Sequence[str]) -> list[s3.CorsRule]:
    if not origins:
        return []
    return [
        s3.CorsRule(
            allowed_origins=list(origins),
            allowed_methods=[s3.HttpMethods.PUT, s3.HttpMethods.POST],
            allowed_headers=["content-type", "content-md5", "x-amz-*"],
            exposed_headers=["ETag"],
            max_age=3600,
        )
    ]


def _denials(bucket: s3.Bucket, scanner: str) -> Iterator[iam.PolicyStatement]:
    not_the_scan = {"ArnNotEquals": {"aws:PrincipalArn": scanner}}
    clean = {f"s3:ExistingObjectTag/{_SCAN_RESULT}": "NO_THREATS_FOUND"}
    yield _deny(
        "NobodyReadsBeforeTheScan",
        ["s3:GetObject", "s3:GetObjectVersion"],
        objects_arn(bucket),
        {"StringNotEquals": clean, **not_the_scan},
    )
    yield _deny(
        "OnlyTheScanWritesItsResult",
        ["s3:PutObject", "s3:PutObjectTagging", "s3:PutObjectVersionTagging"],
        objects_arn(bucket),
        {
            "ForAnyValue:StringEquals": {"s3:RequestObjectTagKeys": [_SCAN_RESULT]},
            **not_the_scan,
        },
    )


def _deny(
    sid: str, actions: list[str], resource: str, conditions: dict[str, object]
) -> iam.PolicyStatement:
    return iam.PolicyStatement.from_json(
        {
            "Sid": sid,
            "Effect": "Deny",
            "Action": actions,
            "Resource": resource,
            "Principal": {"AWS": "*"},
            "Condition": conditions,
        }
    )

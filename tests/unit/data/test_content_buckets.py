"""Buckets that CloudFront reads: tracks and the web client."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_s3 as s3

from spotmusic_constructs.data.audio_library import AudioLibrary
from spotmusic_constructs.data.web_bucket import WebBucket
from tests.conftest import new_stack
from tests.templates import Resources, only, resources_of, whole
from tests.unit.data.templates import KEY, key_of, statements

BUCKET = "AWS::S3::Bucket"
Bucket = Callable[..., AudioLibrary | WebBucket]


def synthesized(kind: Bucket, **options: Any) -> Resources:
    stack = new_stack()
    kind(stack, "Content", key=key_of(stack), access_logs=s3.Bucket.from_bucket_name(stack, "Logs", "logs"), **options)
    return resources_of(stack)


@pytest.fixture(scope="module", params=[AudioLibrary, WebBucket])
def minimal(request: pytest.FixtureRequest) -> Resources:
    return synthesized(request.param)


@pytest.fixture(scope="module", params=[AudioLibrary, WebBucket])
def full(request: pytest.FixtureRequest) -> Resources:
    return synthesized(request.param, noncurrent_days=3, removal_policy=cdk.RemovalPolicy.DESTROY)


def test_content_bucket_admits_own_cloudfront_only(minimal: Resources) -> None:
    (allowed,) = [s for s in statements(minimal).values() if s["Effect"] == "Allow"]
    assert allowed["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert allowed["Action"] == "s3:GetObject"
    assert allowed["Condition"]["StringEquals"] == {"AWS:SourceAccount": "111122223333"}
    assert allowed["Condition"]["ArnLike"]["AWS:SourceArn"] == "arn:aws:cloudfront::111122223333:distribution/*"


def test_content_bucket_requires_tls_1_2(minimal: Resources) -> None:
    conditions = [s["Condition"] for s in statements(minimal).values() if s["Effect"] == "Deny"]
    assert {"Bool": {"aws:SecureTransport": "false"}} in conditions
    assert {"NumericLessThan": {"s3:TlsVersion": 1.2}} in conditions


def test_content_bucket_uses_bucket_key(minimal: Resources) -> None:
    (rule,) = only(minimal, BUCKET)["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {"KMSMasterKeyID": KEY, "SSEAlgorithm": "aws:kms"}
    assert rule["BucketKeyEnabled"] is True


def test_content_bucket_is_versioned_and_logged(minimal: Resources) -> None:
    bucket = only(minimal, BUCKET)
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert bucket["LoggingConfiguration"]["DestinationBucketName"] == "logs"
    assert bucket["LoggingConfiguration"]["LogFilePrefix"] in {"audio/", "web/"}


def test_continuous_backups_hear_of_every_change(minimal: Resources) -> None:
    assert only(minimal, BUCKET)["NotificationConfiguration"] == {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}


def test_content_bucket_blocks_public_access_and_acls(minimal: Resources) -> None:
    bucket = only(minimal, BUCKET)
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]


def test_content_bucket_deletes_noncurrent_versions(full: Resources) -> None:
    (rule,) = only(full, BUCKET)["LifecycleConfiguration"]["Rules"]
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 3}
    assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}


def test_audio_library_uses_intelligent_tiering_immediately() -> None:
    (rule,) = only(synthesized(AudioLibrary), BUCKET)["LifecycleConfiguration"]["Rules"]
    assert rule["Transitions"] == [{"StorageClass": "INTELLIGENT_TIERING", "TransitionInDays": 0}]
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 90}


def test_content_bucket_is_retained_by_default(minimal: Resources, full: Resources) -> None:
    assert whole(minimal, BUCKET)["DeletionPolicy"] == whole(minimal, BUCKET)["UpdateReplacePolicy"] == "Retain"
    assert whole(full, BUCKET)["DeletionPolicy"] == "Delete"
    assert not any(resource["Type"].startswith("Custom::") for resource in full.values())

from typing import Any

import pytest
from aws_cdk import aws_s3 as s3

from spotmusic_constructs.data.uploads_bucket import UploadsBucket
from tests.conftest import new_stack
from tests.templates import Resources, only, resources_of, whole
from tests.unit.data.templates import key_of, statements

BUCKET = "AWS::S3::Bucket"
ORIGIN = "https://spotmusic.example"


def synthesized(**options: Any) -> Resources:
    stack = new_stack()
    UploadsBucket(stack, "Uploads", key=key_of(stack), access_logs=s3.Bucket.from_bucket_name(stack, "Logs", "logs"), **options)
    return resources_of(stack)


@pytest.fixture(scope="module")
def minimal() -> Resources:
    return synthesized()


@pytest.fixture(scope="module")
def full() -> Resources:
    return synthesized(allowed_origins=[ORIGIN], days=3)


def test_guardduty_scans_and_tags_every_object(minimal: Resources) -> None:
    plan = only(minimal, "AWS::GuardDuty::MalwareProtectionPlan")
    assert plan["Actions"] == {"Tagging": {"Status": "ENABLED"}}
    assert plan["ProtectedResource"] == {"S3Bucket": {"BucketName": {"Ref": next(i for i, r in minimal.items() if r["Type"] == BUCKET)}}}


def test_malware_plan_depends_on_role_policy(minimal: Resources) -> None:
    awaited = {minimal[id_]["Type"] for id_ in whole(minimal, "AWS::GuardDuty::MalwareProtectionPlan")["DependsOn"]}
    assert awaited >= {"AWS::IAM::Role", "AWS::IAM::ManagedPolicy", "AWS::S3::BucketPolicy"}


def test_scan_role_trusts_own_guardduty(minimal: Resources) -> None:
    (trust,) = only(minimal, "AWS::IAM::Role")["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "malware-protection-plan.guardduty.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": "111122223333"}}


def test_unscanned_uploads_are_unreadable(minimal: Resources) -> None:
    deny = statements(minimal)["NobodyReadsBeforeTheScan"]
    assert deny["Effect"] == "Deny"
    assert deny["Condition"]["StringNotEquals"] == {"s3:ExistingObjectTag/GuardDutyMalwareScanStatus": "NO_THREATS_FOUND"}
    assert "aws:PrincipalArn" in deny["Condition"]["ArnNotEquals"]


def test_scan_tag_is_reserved(minimal: Resources) -> None:
    deny = statements(minimal)["OnlyTheScanWritesItsResult"]
    assert deny["Condition"]["ForAnyValue:StringEquals"] == {"s3:RequestObjectTagKeys": ["GuardDutyMalwareScanStatus"]}
    assert set(deny["Action"]) == {"s3:PutObject", "s3:PutObjectTagging", "s3:PutObjectVersionTagging"}


def test_uploads_cors_requires_named_origin(minimal: Resources, full: Resources) -> None:
    assert "CorsConfiguration" not in only(minimal, BUCKET)
    (rule,) = only(full, BUCKET)["CorsConfiguration"]["CorsRules"]
    assert rule["AllowedOrigins"] == [ORIGIN]
    assert "*" not in rule["AllowedHeaders"]


@pytest.mark.parametrize("origin", ["*", "https://*.spotmusic.example"])
def test_upload_bucket_rejects_wildcard_origin(origin: str) -> None:
    with pytest.raises(ValueError, match="List each origin"):
        synthesized(allowed_origins=[origin])


def test_unpromoted_upload_expires(full: Resources) -> None:
    (rule,) = only(full, BUCKET)["LifecycleConfiguration"]["Rules"]
    assert rule["ExpirationInDays"] == 3
    assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}


def test_results_reach_the_services_through_eventbridge(minimal: Resources) -> None:
    assert only(minimal, BUCKET)["NotificationConfiguration"] == {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}


def test_uploads_bucket_policy_only_denies(minimal: Resources) -> None:
    assert {s["Effect"] for s in statements(minimal).values()} == {"Deny"}

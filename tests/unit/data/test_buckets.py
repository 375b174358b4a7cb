"""Options of the buckets; P-056 to P-065 decide their policies, keys and lifecycles."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from spotmusic_constructs.data.audio_library import AudioLibrary
from spotmusic_constructs.data.log_bucket import LogBucket
from spotmusic_constructs.data.uploads_bucket import UploadsBucket
from spotmusic_constructs.data.web_bucket import WebBucket
from tests.conftest import new_stack
from tests.templates import Resources, of_type, only, resources_of, whole
from tests.unit.imported import key_of, logs_of
from tools.model.values import Json

BUCKET = "AWS::S3::Bucket"
ORIGIN = "https://spotmusic.example"


def made(kind: Any, **options: Any) -> Resources:
    stack = new_stack()
    arguments = {} if kind is LogBucket else {"key": key_of(stack), "access_logs": logs_of(stack)}
    kind(stack, "Bucket", **arguments, **options)
    return resources_of(stack)


def lifecycle(resources: Resources) -> list[Json]:
    rules: list[Json] = only(resources, BUCKET)["LifecycleConfiguration"]["Rules"]
    return rules


@pytest.mark.parametrize("kind", [AudioLibrary, WebBucket, UploadsBucket, LogBucket])
def test_bucket_is_retained_by_default(kind: Any) -> None:
    kept, destroyed = made(kind), made(kind, removal_policy=cdk.RemovalPolicy.DESTROY)
    assert (
        whole(kept, BUCKET)["DeletionPolicy"]
        == whole(kept, BUCKET)["UpdateReplacePolicy"]
        == "Retain"
    )
    assert whole(destroyed, BUCKET)["DeletionPolicy"] == "Delete"
    assert not any(resource["Type"].startswith("Custom::") for resource in destroyed.values())


@pytest.mark.parametrize("kind", [AudioLibrary, WebBucket])
def test_content_bucket_deletes_noncurrent_versions(kind: Any) -> None:
    (rule,) = lifecycle(made(kind, noncurrent_days=3))
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 3}


def test_unpromoted_upload_expires() -> None:
    (rule,) = lifecycle(made(UploadsBucket, expiration_days=3))
    assert rule["ExpirationInDays"] == 3


def test_malware_plan_depends_on_role_policy() -> None:
    uploads = made(UploadsBucket)
    awaited = {
        uploads[id_]["Type"]
        for id_ in whole(uploads, "AWS::GuardDuty::MalwareProtectionPlan")["DependsOn"]
    }
    assert awaited >= {"AWS::IAM::Role", "AWS::IAM::ManagedPolicy", "AWS::S3::BucketPolicy"}


def test_uploads_send_events_to_eventbridge() -> None:
    notifications = only(made(UploadsBucket), BUCKET)["NotificationConfiguration"]
    assert notifications == {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}


def test_uploads_cors_requires_named_origin() -> None:
    assert "CorsConfiguration" not in only(made(UploadsBucket), BUCKET)
    (rule,) = only(made(UploadsBucket, allowed_origins=[ORIGIN]), BUCKET)["CorsConfiguration"][
        "CorsRules"
    ]
    assert rule["AllowedOrigins"] == [ORIGIN]
    assert "*" not in rule["AllowedHeaders"]


@pytest.mark.parametrize("origin", ["*", "https://*.spotmusic.example"])
def test_upload_bucket_rejects_wildcard_origin(origin: str) -> None:
    with pytest.raises(ValueError, match="List each origin"):
        made(UploadsBucket, allowed_origins=[origin])


def test_log_bucket_takes_name_and_retention() -> None:
    named = made(LogBucket, retention_days=200, bucket_name="aws-waf-logs-example")
    assert only(named, BUCKET)["BucketName"] == "aws-waf-logs-example"
    assert [rule["ExpirationInDays"] for rule in lifecycle(named)] == [200]
    assert [rule["ExpirationInDays"] for rule in lifecycle(made(LogBucket))] == [365]


def test_access_logs_are_kept_six_months() -> None:
    with pytest.raises(ValueError, match="185 or more"):
        made(LogBucket, retention_days=90)


def test_logs_with_queries_go_after_a_week() -> None:
    _, rule = lifecycle(made(LogBucket, query_prefixes=["gateway-access/"]))
    assert rule["Prefix"] == "gateway-access/"
    assert rule["ExpirationInDays"] + rule["NoncurrentVersionExpiration"]["NoncurrentDays"] == 7


def test_unresolved_region_has_no_log_account() -> None:
    """Elastic Load Balancing writes as a separate account in old regions (user guide,
    access logs).
    """
    anywhere = cdk.Stack(cdk.App(), "anywhere")
    LogBucket(anywhere, "Bucket")
    assert "LoadBalancerLogsOfOldRegions" not in str(
        of_type(resources_of(anywhere), "AWS::S3::BucketPolicy")
    )
    assert "507241528517" in str(of_type(made(LogBucket), "AWS::S3::BucketPolicy"))


def test_log_bucket_policy_is_complete() -> None:
    logs = LogBucket(new_stack(), "Logs")
    added = logs.bucket.add_to_resource_policy(
        iam.PolicyStatement(principals=[iam.AnyPrincipal()], actions=["s3:*"], resources=["*"])
    )
    assert not added.statement_added

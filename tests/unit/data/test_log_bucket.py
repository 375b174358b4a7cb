import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from spotmusic_constructs.data.log_bucket import LogBucket
from tests.conftest import new_stack
from tests.templates import Resources, only, resources_of, whole
from tests.unit.data.templates import statements

BUCKET = "AWS::S3::Bucket"


@pytest.fixture(scope="module")
def minimal() -> Resources:
    stack = new_stack()
    LogBucket(stack, "Logs")
    return resources_of(stack)


@pytest.fixture(scope="module")
def full() -> Resources:
    stack = new_stack()
    LogBucket(stack, "Logs", retention_days=200, bucket_name="aws-waf-logs-example", removal_policy=cdk.RemovalPolicy.DESTROY)
    return resources_of(stack)


def test_log_bucket_deletes_after_one_year(minimal: Resources) -> None:
    (rule,) = only(minimal, BUCKET)["LifecycleConfiguration"]["Rules"]
    assert rule["ExpirationInDays"] == 365
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 7}


def test_logs_with_queries_go_after_a_week() -> None:
    stack = new_stack()
    LogBucket(stack, "Logs", query_prefixes=["gateway-access/"])
    _, rule = only(resources_of(stack), BUCKET)["LifecycleConfiguration"]["Rules"]
    assert rule["Prefix"] == "gateway-access/"
    assert rule["ExpirationInDays"] + rule["NoncurrentVersionExpiration"]["NoncurrentDays"] == 7


def test_log_bucket_uses_s3_managed_keys(minimal: Resources) -> None:
    (rule,) = only(minimal, BUCKET)["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule == {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}


def test_log_bucket_blocks_public_access_and_acls(minimal: Resources) -> None:
    bucket = only(minimal, BUCKET)
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]


def test_log_bucket_admits_own_log_services(minimal: Resources) -> None:
    allowed = {sid: s for sid, s in statements(minimal).items() if s["Effect"] == "Allow"}
    services = {sid: s["Principal"]["Service"] for sid, s in allowed.items() if "Service" in s["Principal"]}
    assert services == {
        "S3ServerAccessLogs": "logging.s3.amazonaws.com",
        "LoadBalancerLogs": "logdelivery.elasticloadbalancing.amazonaws.com",
        "LogDeliveryWrites": "delivery.logs.amazonaws.com",
        "LogDeliveryChecks": "delivery.logs.amazonaws.com",
        "LogDeliveryLists": "delivery.logs.amazonaws.com",
    }
    assert all("111122223333" in str(allowed[sid]["Condition"]) for sid in services)


def test_log_bucket_admits_deliveries_of_edge_region(minimal: Resources) -> None:
    source = statements(minimal)["LogDeliveryWrites"]["Condition"]["ArnLike"]["aws:SourceArn"]
    assert source == "arn:aws:logs:*:111122223333:*"


def test_load_balancer_logs_use_account_prefix(minimal: Resources) -> None:
    old = statements(minimal)["LoadBalancerLogsOfOldRegions"]
    assert "507241528517" in str(old["Principal"])  # sa-east-1 (Elastic Load Balancing user guide, access logs)
    assert old["Resource"]["Fn::Join"][1][-1] == "/*AWSLogs/111122223333/*"


def test_unresolved_region_has_no_log_account() -> None:
    stack = cdk.Stack(cdk.App(), "anywhere")
    LogBucket(stack, "Logs")
    assert "LoadBalancerLogsOfOldRegions" not in statements(resources_of(stack))


def test_log_bucket_requires_waf_prefix(full: Resources) -> None:
    assert only(full, BUCKET)["BucketName"] == "aws-waf-logs-example"


def test_log_bucket_is_retained_by_default(minimal: Resources, full: Resources) -> None:
    assert whole(minimal, BUCKET)["DeletionPolicy"] == whole(minimal, BUCKET)["UpdateReplacePolicy"] == "Retain"
    assert whole(full, BUCKET)["DeletionPolicy"] == "Delete"


def test_log_bucket_policy_is_complete() -> None:
    stack = new_stack()
    logs = LogBucket(stack, "Logs")
    added = logs.bucket.add_to_resource_policy(iam.PolicyStatement(principals=[iam.AnyPrincipal()], actions=["s3:*"], resources=["*"]))
    assert not added.statement_added


def test_access_logs_are_kept_six_months() -> None:
    with pytest.raises(ValueError, match="185 or more"):
        LogBucket(new_stack(), "Logs", retention_days=90)

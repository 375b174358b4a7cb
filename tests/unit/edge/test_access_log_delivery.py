import pytest
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Template

from spotmusic_constructs.edge.access_log_delivery import AccessLogDelivery
from tests.conftest import new_stack
from tests.model.values import Json


def deliver(name: str) -> Json:
    stack = new_stack(region="us-east-1")
    distribution = cloudfront.Distribution(
        stack, "Distribution", default_behavior=cloudfront.BehaviorOptions(origin=origins.HttpOrigin("origin.example"))
    )
    bucket = s3.Bucket.from_bucket_attributes(stack, "Logs", bucket_name="logs", region="sa-east-1")
    AccessLogDelivery(stack, "AccessLogs", name=name, distribution=distribution, bucket=bucket)
    return dict(Template.from_stack(stack).to_json())


@pytest.fixture(scope="module")
def template() -> Json:
    return deliver("example-edge")


def one(template: Json, type_: str) -> Json:
    (found,) = (r["Properties"] for r in template["Resources"].values() if r["Type"] == f"AWS::Logs::{type_}")
    properties: Json = found
    return properties


def test_access_logs_reach_the_bucket(template: Json) -> None:
    source, destination, delivery = one(template, "DeliverySource"), one(template, "DeliveryDestination"), one(template, "Delivery")
    assert source["LogType"] == "ACCESS_LOGS"
    assert source["ResourceArn"]["Fn::Join"][1][0] == "arn:aws:cloudfront::111122223333:distribution/"
    assert destination["DestinationResourceArn"] == "arn:aws:s3:::logs"
    assert template["Resources"][delivery["DeliverySourceName"]["Ref"]]["Type"] == "AWS::Logs::DeliverySource"
    assert template["Resources"][delivery["DeliveryDestinationArn"]["Fn::GetAtt"][0]]["Type"] == "AWS::Logs::DeliveryDestination"


def test_access_logs_omit_credentials(template: Json) -> None:
    fields = one(template, "Delivery")["RecordFields"]
    assert {"c-ip", "cs-uri-stem", "sc-status", "time-taken"} <= set(fields)
    assert not {"cs-uri-query", "cs(Cookie)", "cs(Referer)"} & set(fields)


def test_access_logs_are_partitioned_by_day(template: Json) -> None:
    assert one(template, "Delivery")["S3SuffixPath"] == "{DistributionId}/{yyyy}/{MM}/{dd}/{HH}"


def test_log_delivery_rejects_invalid_name() -> None:
    with pytest.raises(ValueError, match="up to 60 letters"):
        deliver("no spaces")

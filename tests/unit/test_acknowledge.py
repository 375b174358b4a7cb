"""Acknowledgements of policy findings."""

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3

from spotmusic_constructs.acknowledge import acknowledge, wildcard_finding, without_acknowledgements
from spotmusic_constructs.location import location_of
from tests.conftest import new_stack

FINDING = {"AwsSolutions::AwsSolutions-S1": "Holds the access logs of other buckets."}


def recorded(bucket: s3.CfnBucket) -> list[object]:
    return [
        entry.data
        for entry in bucket.node.metadata
        if entry.type == cdk.Validations.ACKNOWLEDGED_RULES_METADATA_KEY
    ]


def test_acknowledgements_are_recorded() -> None:
    bucket = s3.CfnBucket(new_stack(), "Bucket")
    acknowledge(bucket, FINDING)
    assert recorded(bucket) == [FINDING]


def test_acknowledgements_are_skipped_on_demand() -> None:
    bucket = s3.CfnBucket(new_stack(), "Bucket")
    with without_acknowledgements():
        acknowledge(bucket, FINDING)
    assert recorded(bucket) == []
    acknowledge(bucket, FINDING)
    assert recorded(bucket) == [FINDING]


def test_wildcard_findings_show_pseudo_parameters() -> None:
    stack = cdk.Stack(cdk.App(), "Anywhere")
    rules = location_of(stack).arn("events", "rule/*")
    assert wildcard_finding(rules) == (
        "AwsSolutions::AwsSolutions-IAM5"
        "[Resource::arn:<AWS::Partition>:events:<AWS::Region>:<AWS::AccountId>:rule/*]"
    )

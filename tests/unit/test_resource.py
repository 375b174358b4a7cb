"""Resources behind constructs of CDK."""

import pytest
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns

from spotmusic_constructs.resource import logical_id, resource_of
from tests.conftest import new_stack


def test_resource_has_the_asked_type() -> None:
    bucket = s3.Bucket(new_stack(), "Bucket")
    resource = resource_of(bucket, s3.CfnBucket)
    assert resource.node.path == f"{bucket.node.path}/Resource"
    assert logical_id(bucket).startswith("Bucket")
    with pytest.raises(TypeError, match=r"Bucket creates no CfnTopic\. Install"):
        resource_of(bucket, sns.CfnTopic)

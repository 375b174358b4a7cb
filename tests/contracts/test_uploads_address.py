"""Presigned uploads of services to the address in the content security policy of the player."""

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config

from tests.templates import all_of
from tools.model.templates import Template

REGION, BUCKET = "sa-east-1", "uploads-of-the-test"
REGIONAL = f"{BUCKET}.s3.{REGION}.amazonaws.com"
"""Regional domain name of the bucket, which the content security policy of the player names
(property 112)."""
CONFIG = Config(signature_version="s3v4", s3={"addressing_style": "virtual"})
"""Configuration of boto3 in the contract of services (docs/services.md, `UPLOADS_ENDPOINT`)."""


@pytest.fixture
def endpoint(templates: Callable[[str], dict[str, Template]]) -> str:
    """S3 endpoint in the environment of services."""
    found = {
        json.dumps(value)
        for name, value in variables(templates("prod")["ecs-services"])
        if name == "UPLOADS_ENDPOINT"
    }
    (joined,) = map(json.loads, found)
    parts = joined["Fn::Join"][1]
    return "".join(
        part if isinstance(part, str) else {"AWS::URLSuffix": "amazonaws.com"}[part["Ref"]]
        for part in parts
    )


def variables(template: Template) -> Iterator[tuple[str, Any]]:
    for task in all_of(template["Resources"], "AWS::ECS::TaskDefinition"):
        for container in task["ContainerDefinitions"]:
            for variable in container.get("Environment", ()):
                yield variable["Name"], variable["Value"]


@pytest.mark.walk("artist")
@pytest.mark.parametrize("kind", ["post", "put"])
def test_signed_uploads_lead_where_pages_may_go(endpoint: str, kind: str) -> None:
    session = boto3.Session(
        aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
        aws_secret_access_key="example",
        region_name=REGION,
    )
    client = session.client("s3", endpoint_url=endpoint, config=CONFIG)
    if kind == "post":
        url = client.generate_presigned_post(
            BUCKET, "x.flac", Conditions=[["content-length-range", 1, 2**30]]
        )["url"]
    else:
        url = client.generate_presigned_url(
            "put_object", Params={"Bucket": BUCKET, "Key": "x.flac"}
        )
        assert "X-Amz-Signature" in url
    assert urlsplit(url).hostname == REGIONAL

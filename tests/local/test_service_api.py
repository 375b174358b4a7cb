"""Conversion of properties to parameters of a service's API."""

from typing import Any

import boto3
import pytest

from tools.local_aws.service_api import parameters


@pytest.fixture(scope="module")
def clients() -> Any:
    session = boto3.Session(aws_access_key_id="0", aws_secret_access_key="0", region_name="sa-east-1")
    return lambda service: session.client(service, endpoint_url="http://127.0.0.1:1")


def test_parameter_case_follows_api(clients: Any) -> None:
    given = {"ClusterName": "c", "AddonName": "a", "Tags": [{"Key": "k", "Value": "v"}]}
    assert parameters(clients("eks"), "create_addon", given) == {"clusterName": "c", "addonName": "a", "tags": {"k": "v"}}


def test_lists_of_cloudfront_get_their_quantity(clients: Any) -> None:
    config = {
        "Name": "n",
        "Arn": "a",
        "HTTPPort": "80",
        "HTTPSPort": 443,
        "OriginProtocolPolicy": "http-only",
        "OriginSSLProtocols": ["TLSv1.2"],
    }
    given = parameters(clients("cloudfront"), "create_vpc_origin", {"VpcOriginEndpointConfig": config})
    assert given["VpcOriginEndpointConfig"]["HTTPPort"] == 80
    assert given["VpcOriginEndpointConfig"]["OriginSslProtocols"] == {"Quantity": 1, "Items": ["TLSv1.2"]}


def test_unknown_properties_are_dropped(clients: Any) -> None:
    assert parameters(clients("ec2"), "create_nat_gateway", {"SubnetId": "s", "Unknown": 1}) == {"SubnetId": "s"}


def test_tag_map_becomes_list(clients: Any) -> None:
    assert parameters(clients("sns"), "create_topic", {"Tags": {"k": "v"}}) == {"Tags": [{"Key": "k", "Value": "v"}]}


def test_tags_whose_members_are_named_otherwise_arrive(clients: Any) -> None:
    given = parameters(clients("kms"), "create_key", {"Tags": [{"Key": "k", "Value": "v"}]})
    assert given == {"Tags": [{"TagKey": "k", "TagValue": "v"}]}

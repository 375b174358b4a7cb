"""Name, partition, region and account of a stack."""

import aws_cdk as cdk
import pytest
from constructs import Construct
from jsii._kernel.providers.process import _NodeProcess

from spotmusic_constructs.location import Location, location_of


def test_location_names_known_region_and_account() -> None:
    stack = cdk.Stack(
        cdk.App(), "Home", env=cdk.Environment(account="111122223333", region="sa-east-1")
    )
    location = location_of(Construct(stack, "Part"))
    assert (location.region, location.account) == ("sa-east-1", "111122223333")
    assert location_of(stack) is location


def test_locations_of_stacks_differ() -> None:
    app = cdk.App()
    regions = [
        location_of(cdk.Stack(app, region, env=cdk.Environment(region=region))).region
        for region in ("sa-east-1", "us-east-1")
    ]
    assert regions == ["sa-east-1", "us-east-1"]


def test_location_arns_leave_out_parts() -> None:
    location = Location(
        stack_name="stack", partition="aws", region="sa-east-1", account="111122223333"
    )
    assert location.arn("ecs", "cluster/a") == "arn:aws:ecs:sa-east-1:111122223333:cluster/a"
    assert location.arn("s3", "bucket/*", region="", account="") == "arn:aws:s3:::bucket/*"
    found = location.arn("ssm", "parameter/a", region="*")
    assert found == "arn:aws:ssm:*:111122223333:parameter/a"


def test_location_of_known_construct_needs_no_call(monkeypatch: pytest.MonkeyPatch) -> None:
    part = Construct(cdk.Stack(cdk.App(), "Home"), "Part")
    location = location_of(part)
    monkeypatch.delattr(_NodeProcess, "send")
    assert location_of(part) is location

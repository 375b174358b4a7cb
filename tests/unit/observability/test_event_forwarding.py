"""Forwarded events: their rule and the rights of its role."""

import aws_cdk as cdk
import pytest

from spotmusic_constructs.observability.event_forwarding import EventForwarding
from tests.templates import only, resources_of

BUS = ":events:sa-east-1:111122223333:event-bus/default"


def stack_in(region: str) -> cdk.Stack:
    return cdk.Stack(cdk.App(), "Edge", env=cdk.Environment(account="111122223333", region=region))


def test_events_are_forwarded_to_other_region() -> None:
    stack = stack_in("us-east-1")
    EventForwarding(stack, "Events", region="sa-east-1", sources=["aws.kms"])
    found = resources_of(stack)
    rule, role, policy = (
        only(found, type_)
        for type_ in ("AWS::Events::Rule", "AWS::IAM::Role", "AWS::IAM::ManagedPolicy")
    )
    assert rule["EventPattern"] == {"source": ["aws.kms"]}
    (target,), (right,) = rule["Targets"], policy["PolicyDocument"]["Statement"]
    assert BUS in str(target["Arn"])
    assert (right["Action"], right["Resource"]) == ("events:PutEvents", target["Arn"])
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert ":events:us-east-1:111122223333:rule/*" in str(trust["Condition"]["ArnLike"])


def test_forwarding_to_own_region_is_refused() -> None:
    with pytest.raises(ValueError, match="us-east-1 is that of the stack"):
        EventForwarding(stack_in("us-east-1"), "Events", region="us-east-1", sources=["aws.kms"])

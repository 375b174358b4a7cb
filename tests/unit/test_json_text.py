"""JSON as a property of a resource."""

import aws_cdk as cdk

from spotmusic_constructs.json_text import json_text


def test_json_text_equals_cdk_json() -> None:
    stack = cdk.Stack(cdk.App(), "Stack")
    topic = cdk.CfnResource(stack, "Topic", type="AWS::SNS::Topic")
    value = {
        "topic": topic.ref,
        "title": "São Paulo",
        "among": [f"{stack.partition}:{stack.account}", 1, True, 0.5],
    }
    assert stack.resolve(json_text(value)) == stack.resolve(stack.to_json_string(value))

"""How cdk-nag names what it found."""

import aws_cdk as cdk


def wildcard_finding(stack: cdk.Stack, resource: str) -> str:
    """Returns the id of the AwsSolutions finding on a resource with a wildcard in a policy.

    Args:
        stack: stack of the policy.
        resource: the resource as the policy has it. Pseudo parameters stand under their name in the finding.
    """
    shown = resource
    for value, name in ((stack.partition, "Partition"), (stack.account, "AccountId"), (stack.region, "Region")):
        if cdk.Token.is_unresolved(value):
            shown = shown.replace(value, f"<AWS::{name}>")
    return f"AwsSolutions::AwsSolutions-IAM5[Resource::{shown}]"

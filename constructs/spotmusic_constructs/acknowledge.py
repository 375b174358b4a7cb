"""Acknowledgements of policy findings, written beside the resource that they excuse."""

from collections.abc import Mapping

from aws_cdk import Acknowledgment, Stack, Token, Validations
from constructs import IConstruct


def acknowledge(construct: IConstruct, findings: Mapping[str, str]) -> None:
    """Acknowledges findings on a construct and what is below it.

    Args:
        construct: the resource that the findings name.
        findings: reason by exact finding id with its pack before it, such as `AwsSolutions::AwsSolutions-S1`.
    """
    Validations.of(construct).acknowledge(*(Acknowledgment(id=id_, reason=reason) for id_, reason in findings.items()))


def wildcard_finding(resource: str, construct: IConstruct) -> str:
    """Returns the id of the finding of AwsSolutions on a resource with a wildcard, in which pseudo parameters stand as `<AWS::AccountId>`.

    Args:
        resource: the resource as the statement names it.
        construct: the policy, or anything else of its stack.
    """
    stack = Stack.of(construct)
    shown = resource
    for value, name in ((stack.account, "AccountId"), (stack.region, "Region"), (stack.partition, "Partition")):
        if Token.is_unresolved(value):
            shown = shown.replace(value, f"<AWS::{name}>")
    return f"AwsSolutions::AwsSolutions-IAM5[Resource::{shown}]"

"""Acknowledgements of policy findings."""

from collections.abc import Mapping

from aws_cdk import Acknowledgment, Stack, Token, Validations
from constructs import IConstruct


def acknowledge(construct: IConstruct, findings: Mapping[str, str]) -> None:
    """Acknowledges findings on a construct and its children.

    Args:
        construct: resource of the findings.
        findings: reason by exact finding id with its pack before it, such as
            `AwsSolutions::AwsSolutions-S1`.
    """
    Validations.of(construct).acknowledge(*(Acknowledgment(id=id_, reason=reason) for id_, reason in findings.items()))


def wildcard_finding(resource: str, construct: IConstruct) -> str:
    """Returns the id of the AwsSolutions finding on a wildcard resource.

    Args:
        resource: resource of the statement; the finding shows pseudo parameters as
            `<AWS::AccountId>`.
        construct: policy, or any construct of its stack.
    """
    stack = Stack.of(construct)
    shown = resource
    for value, name in ((stack.account, "AccountId"), (stack.region, "Region"), (stack.partition, "Partition")):
        if Token.is_unresolved(value):
            shown = shown.replace(value, f"<AWS::{name}>")
    return f"AwsSolutions::AwsSolutions-IAM5[Resource::{shown}]"

"""Acknowledgements of policy findings, written beside the resource that they excuse."""

from collections.abc import Mapping

from aws_cdk import Acknowledgment, Validations
from constructs import IConstruct


def acknowledge(construct: IConstruct, findings: Mapping[str, str]) -> None:
    """Acknowledges findings on a construct and what is below it.

    Args:
        construct: the resource that the findings name.
        findings: reason by exact finding id with its pack before it, such as `AwsSolutions::AwsSolutions-S1`.
    """
    Validations.of(construct).acknowledge(*(Acknowledgment(id=id_, reason=reason) for id_, reason in findings.items()))

"""Acknowledgements of policy findings."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

from aws_cdk import Acknowledgment, Validations
from constructs import IConstruct

_RECORDED = ContextVar("recorded", default=True)
_PSEUDO_PARAMETER = re.compile(r"\$\{Token\[AWS\.(AccountId|Partition|Region)\.\d+\]\}")
"""Token of a pseudo parameter in a string (AWS CDK developer guide, tokens)."""


@contextmanager
def without_acknowledgements() -> Iterator[None]:
    """Record no acknowledgements, because a synthesis without policy packs reads none."""
    before = _RECORDED.set(False)
    try:
        yield
    finally:
        _RECORDED.reset(before)


def are_recorded() -> bool:
    """Return whether acknowledgements are recorded here."""
    return _RECORDED.get()


def acknowledge(construct: IConstruct, findings: Mapping[str, str]) -> None:
    """Acknowledge findings on a construct and its children.

    Args:
        construct: resource of the findings.
        findings: reason by exact finding id with its pack before it, such as
            `AwsSolutions::AwsSolutions-S1`.
    """
    if are_recorded():
        Validations.of(construct).acknowledge(
            *(Acknowledgment(id=id_, reason=reason) for id_, reason in findings.items())
        )


def wildcard_finding(resource: str) -> str:
    """Return the id of the AwsSolutions finding on a wildcard resource.

    Args:
        resource: resource of the statement; the finding shows pseudo parameters as
            `<AWS::AccountId>`.
    """
    shown = _PSEUDO_PARAMETER.sub(r"<AWS::\1>", resource)
    return f"AwsSolutions::AwsSolutions-IAM5[Resource::{shown}]"


def managed_policy_finding(name: str) -> str:
    """Return the id of the AwsSolutions finding on a managed policy of AWS.

    Args:
        name: name of the policy with its path, such as
            `service-role/AmazonRDSEnhancedMonitoringRole`.
    """
    return f"AwsSolutions::AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/{name}]"

"""CloudFormation resources behind constructs of CDK."""

from typing import TypeVar

import aws_cdk as cdk
from constructs import IConstruct

Resource = TypeVar("Resource", bound=cdk.CfnResource)


def resource_of(construct: IConstruct, kind: type[Resource]) -> Resource:
    """Return the resource that a construct of CDK creates.

    Args:
        construct: construct of CDK, such as a bucket.
        kind: type of the resource.

    Raises:
        TypeError: if the resource has another type, as after a change in a new version of CDK.
    """
    resource = construct.node.default_child
    if not isinstance(resource, kind):
        raise TypeError(
            f"{construct.node.path} creates no {kind.__name__}. "
            "Install the aws-cdk-lib of requirements.lock."
        )
    return resource


def logical_id(construct: IConstruct) -> str:
    """Return the logical id of the resource that a construct of CDK creates."""
    return cdk.Stack.of(construct).get_logical_id(resource_of(construct, cdk.CfnResource))

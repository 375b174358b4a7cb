"""State of deployed stacks, read from CloudFormation."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from tools.model.stacks import Stack


@dataclass(frozen=True, kw_only=True)
class State:
    """State of a deployed stack.

    Args:
        status: status in CloudFormation.
        outputs: values by name.
        resources: physical id and status by logical id.
    """

    status: str
    outputs: Mapping[str, str]
    resources: Mapping[str, tuple[str, str]]


def states_of(stacks: Mapping[str, Stack], client: Callable[[str], Any]) -> dict[str, State]:
    """Return the states of deployed stacks by id.

    Args:
        stacks: stacks of an assembly by id.
        client: returns the CloudFormation client of a region.
    """
    found = {id_: _state(client(stack.region), stack.name) for id_, stack in stacks.items()}
    return {id_: state for id_, state in found.items() if state}


def _state(client: Any, name: str) -> State | None:
    try:
        stack = client.describe_stacks(StackName=name)["Stacks"][0]
        pages = list(client.get_paginator("list_stack_resources").paginate(StackName=name))
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    return State(
        status=stack["StackStatus"],
        outputs={output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", ())},
        resources={
            summary["LogicalResourceId"]: (
                summary.get("PhysicalResourceId", ""),
                summary["ResourceStatus"],
            )
            for page in pages
            for summary in page["StackResourceSummaries"]
        },
    )

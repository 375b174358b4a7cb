"""Status, resources and events of CloudFormation stacks."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from tools.local_aws import session
from tools.local_aws.assembly import SynthesizedStack

_STARTS = ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS")


@dataclass(frozen=True, kw_only=True)
class DeployedResource:
    """Existing resource of a stack.

    Args:
        stack: stack of the resource.
        logical_id: id in the template.
        identifier: physical id.
        status: status in CloudFormation.
        definition: entry in the template.
    """

    stack: SynthesizedStack
    logical_id: str
    identifier: str
    status: str
    definition: dict[str, Any]

    @property
    def type(self) -> str:
        """Resource type."""
        return str(self.definition["Type"])

    @property
    def complete(self) -> bool:
        """True if the resource has a physical id and its last operation succeeded."""
        return self.status.endswith("_COMPLETE") and bool(self.identifier)


def bootstrap(endpoint: str, regions: list[str], *, template: Path) -> None:
    """Create missing bootstrap stacks with the parameters of `cdk bootstrap`.

    The command itself takes seconds to start.

    Args:
        endpoint: loopback URL of the emulator.
        regions: regions of the stacks to deploy.
        template: the CLI's template.
    """
    parameters = {
        "CloudFormationExecutionPolicies": "arn:aws:iam::aws:policy/AdministratorAccess",
        "FileAssetsBucketKmsKeyId": "AWS_MANAGED_KEY",
    }
    for region in regions:
        client = session.client("cloudformation", endpoint, region=region)
        with suppress(client.exceptions.AlreadyExistsException):
            client.create_stack(
                StackName="CDKToolkit",
                TemplateBody=template.read_text(),
                Parameters=[
                    {"ParameterKey": name, "ParameterValue": value}
                    for name, value in parameters.items()
                ],
                Capabilities=["CAPABILITY_NAMED_IAM"],
            )
        client.get_waiter("stack_create_complete").wait(
            StackName="CDKToolkit", WaiterConfig={"Delay": 1}
        )


def status(endpoint: str, stack: SynthesizedStack) -> str:
    """Return the stack's status; empty if the stack does not exist."""
    pages = _client(endpoint, stack).get_paginator("list_stacks").paginate()
    states = (
        str(summary["StackStatus"])
        for page in pages
        for summary in page["StackSummaries"]
        if summary["StackName"] == stack.name
    )
    return next((state for state in states if state != "DELETE_COMPLETE"), "")


def resources(endpoint: str, stack: SynthesizedStack) -> list[DeployedResource]:
    """Return the stack's resources with physical ids, without those with a false condition."""
    return [
        DeployedResource(
            stack=stack,
            logical_id=summary["LogicalResourceId"],
            identifier=summary.get("PhysicalResourceId", ""),
            status=summary["ResourceStatus"],
            definition=stack.resources[summary["LogicalResourceId"]],
        )
        for summary in _listed(endpoint, stack, "list_stack_resources", "StackResourceSummaries")
        if summary["LogicalResourceId"] in stack.resources
    ]


def incomplete(stack: SynthesizedStack, deployed: list[DeployedResource]) -> list[str]:
    """List resources of the template that are missing or incomplete, one line each.

    A resource with a condition may be absent.

    Args:
        stack: the stack.
        deployed: resources of the stack in CloudFormation.
    """
    found = {resource.logical_id: resource for resource in deployed}
    wanted = {name for name, resource in stack.resources.items() if "Condition" not in resource}
    return [f"{stack.id} {name}: not created" for name in sorted(wanted - found.keys())] + [
        f"{stack.id} {resource.logical_id} ({resource.type}): {resource.status}"
        for resource in deployed
        if not resource.complete
    ]


def failures(endpoint: str, stack: SynthesizedStack) -> list[str]:
    """Return the reasons of the last operation's failure, earliest first."""
    failed = [
        event for event in _events(endpoint, stack) if event["ResourceStatus"].endswith("_FAILED")
    ]
    return [
        f"{stack.id} {event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}"
        for event in reversed(failed)
    ]


def allow_deletion(endpoint: str, stack: SynthesizedStack) -> None:
    """Disable termination protection, which stacks of production have. Ignore missing stacks."""
    try:
        _client(endpoint, stack).update_termination_protection(
            EnableTerminationProtection=False, StackName=stack.name
        )
    except ClientError as error:
        if "does not exist" not in str(error):
            raise


def seconds(endpoint: str, stack: SynthesizedStack) -> float:
    """Return the duration of the stack's last operation in seconds; 0 without events."""
    last: list[Any] = []
    for event in _events(endpoint, stack):  # newest first
        last.append(event["Timestamp"])
        started = (
            event["ResourceType"] == "AWS::CloudFormation::Stack"
            and event["ResourceStatus"] in _STARTS
        )
        if started and event["LogicalResourceId"] == stack.name:
            break
    return float((last[0] - last[-1]).total_seconds()) if last else 0.0


def _client(endpoint: str, stack: SynthesizedStack) -> Any:
    return session.client("cloudformation", endpoint, region=stack.region)


def _events(endpoint: str, stack: SynthesizedStack) -> list[dict[str, Any]]:
    return _listed(endpoint, stack, "describe_stack_events", "StackEvents")


def _listed(
    endpoint: str, stack: SynthesizedStack, operation: str, member: str
) -> list[dict[str, Any]]:
    """Return the entries of a stack that an operation lists; empty without the stack."""
    pages = _client(endpoint, stack).get_paginator(operation).paginate(StackName=stack.name)
    try:
        return [entry for page in pages for entry in page[member]]
    except ClientError as error:
        if "does not exist" in str(error):
            return []
        raise

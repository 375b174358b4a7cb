"""Clients of AWS with recorded responses, in the shapes of botocore's service models."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any, ClassVar

import boto3
from botocore.stub import Stubber

SESSION = boto3.Session(aws_access_key_id="AKIAIOSFODNN7EXAMPLE", aws_secret_access_key="example")
NOW = datetime(2026, 11, 24, tzinfo=UTC)
Response = Mapping[str, Any] | str
Call = tuple[str, str, str, Response]
"""Service, region, operation, and the response or the error code."""


@cache
def client_of(service: str, region: str) -> Any:
    """Client that tests share, each with separate stubs, because botocore takes milliseconds to
    create one.
    """
    return SESSION.client(service, region_name=region)


@dataclass
class Recorded:
    """Clients that return recorded responses in order and reject any other call. The last one
    called responds.
    """

    calls: Sequence[Call]
    stubs: dict[tuple[str, str], tuple[Any, Stubber]] = field(default_factory=dict)
    responding: ClassVar[dict[tuple[str, str], Stubber]] = {}

    def __post_init__(self) -> None:
        for service, region, operation, answer in self.calls:
            stub = self._stubbed(service, region)[1]
            if isinstance(answer, str):
                stub.add_client_error(operation, answer, "refused")
            else:
                stub.add_response(operation, dict(answer))

    def _stubbed(self, service: str, region: str) -> tuple[Any, Stubber]:
        if (service, region) not in self.stubs:
            client = client_of(service, region)
            self.stubs[service, region] = client, Stubber(client)
        return self.stubs[service, region]

    def __call__(self, service: str, region: str) -> Any:
        client, stub = self._stubbed(service, region)
        if before := self.responding.get((service, region)):
            before.deactivate()
        stub.activate()
        self.responding[service, region] = stub
        return client

    def exhausted(self) -> None:
        for _, stub in self.stubs.values():
            stub.assert_no_pending_responses()


def stack(status: str = "UPDATE_COMPLETE", **outputs: str) -> dict[str, Any]:
    """Response of DescribeStacks."""
    found = [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()]
    about = {"StackName": "stack", "CreationTime": NOW, "StackStatus": status, "Outputs": found}
    return {"Stacks": [about]}


def listed(
    *resources: tuple[str, str, str], region: str = "sa-east-1", status: str = "CREATE_COMPLETE"
) -> Call:
    """Logical id, type and physical id of each resource of a stack."""
    fixed = {"LastUpdatedTimestamp": NOW, "ResourceStatus": status}
    names = ("LogicalResourceId", "ResourceType", "PhysicalResourceId")
    found = [{**fixed, **dict(zip(names, resource, strict=True))} for resource in resources]
    return ("cloudformation", region, "list_stack_resources", {"StackResourceSummaries": found})

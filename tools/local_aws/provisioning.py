"""Interface of a resource type: three functions, independent of the engine that calls them."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tools.local_aws import session
from tools.local_aws.provider_schemas import Properties


@dataclass(frozen=True, kw_only=True)
class Made:
    """Created or updated resource.

    Args:
        identifier: result of `Ref`.
        attributes: results of `Fn::GetAtt`; nested names are joined by a dot.
    """

    identifier: str
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Resource:
    """Resource of a stack with resolved properties.

    Args:
        type: for example `AWS::EKS::Addon`.
        account: account id.
        region: region of the stack.
        endpoint: loopback URL of the emulator, for calls of its service APIs.
        stack: name of the stack.
        logical_id: id in the template.
        properties: the resolved properties.
        seed: changes with every replacement, so that the new resource gets another generated name.
        creation: id of the stack, new with each creation, so that names differ from retained
            resources.
    """

    type: str
    account: str
    region: str
    endpoint: str
    stack: str
    logical_id: str
    properties: Properties
    seed: str = ""
    creation: str = ""

    def client(self, service: str) -> Any:
        """Returns a boto3 client for the resource's region."""
        return session.client(service, self.endpoint, region=self.region)

    def generated_name(self, *, limit: int = 64) -> str:
        """Returns a generated name like CloudFormation's: stack, logical id and a suffix. It is
        stable over updates.

        Args:
            limit: maximum length.
        """
        suffix = hashlib.sha256(f"{self.stack}/{self.logical_id}/{self.seed}/{self.creation}".encode()).hexdigest()[:13].upper()
        return f"{self.stack}-{self.logical_id}"[: limit - 14] + f"-{suffix}"


@dataclass(frozen=True, kw_only=True)
class Handler:
    """Functions that create, update and delete a resource type.

    Args:
        create: creates the resource.
        update: changes it in place; receives the resource with its new properties, its identifier
            and the old properties. None if the service has no update: every change replaces the
            resource.
        delete: deletes it; must not fail if it does not exist.
    """

    create: Callable[[Resource], Made]
    delete: Callable[[Resource, str], None]
    update: Callable[[Resource, str, Properties], Made] | None = None

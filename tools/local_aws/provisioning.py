"""What a resource type is to the embedded CloudFormation: three functions, independent of the engine that calls them."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tools.local_aws import session
from tools.local_aws.provider_schemas import Properties


@dataclass(frozen=True, kw_only=True)
class Made:
    """A created or updated resource.

    Args:
        identifier: what `Ref` returns.
        attributes: what `Fn::GetAtt` returns, nested names joined by a dot.
    """

    identifier: str
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One resource of one stack, its properties resolved.

    Args:
        type: for example `AWS::EKS::Addon`.
        account: account id.
        region: region of the stack.
        endpoint: loopback URL of the emulator, whose service APIs do the work.
        stack: name of the stack.
        logical_id: id in the template.
        properties: the resolved properties.
        seed: changes with every replacement, so that a successor gets another generated name.
        creation: id of the stack, which each creation has anew: what a policy kept of an earlier one has another name.
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
        """A boto3 client of the resource's region."""
        return session.client(service, self.endpoint, region=self.region)

    def generated_name(self, *, limit: int = 64) -> str:
        """A name in CloudFormation's manner, stable over updates and new with each creation: stack, logical id and a suffix.

        Args:
            limit: characters the service allows.
        """
        suffix = hashlib.sha256(f"{self.stack}/{self.logical_id}/{self.seed}/{self.creation}".encode()).hexdigest()[:13].upper()
        return f"{self.stack}-{self.logical_id}"[: limit - 14] + f"-{suffix}"


@dataclass(frozen=True, kw_only=True)
class Handler:
    """How a resource type is created, updated and deleted.

    Args:
        create: makes the resource.
        update: changes it in place; gets the resource with its new properties, its identifier and the old properties. None if the
            service can't: every change then replaces the resource.
        delete: removes it; must not fail if it is gone.
    """

    create: Callable[[Resource], Made]
    delete: Callable[[Resource, str], None]
    update: Callable[[Resource, str, Properties], Made] | None = None

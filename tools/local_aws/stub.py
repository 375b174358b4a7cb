"""Records of resource types that the emulator lacks, validated against CloudFormation's schema.

Custom resources without a backend are recorded as well; all others run their function.
"""

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from threading import Lock
from typing import Any
from uuid import uuid4

from ministack.core import responses
from ministack.services.cloudformation import provisioners

from tools.provider_schemas import Properties, PropertyPath, ResourceSchema, resource_schema

CUSTOM_TYPES = (
    "Custom::AWSCDK-EKS-HelmChart",
    "Custom::AWSCDK-EKS-KubernetesResource",
    "Custom::AWSCDK-EKS-KubernetesPatch",
    "Custom::AWSCDK-EKS-KubernetesObjectValue",
    "Custom::DatabaseUsers",
    "Custom::TaskRun",
)
"""Custom resources that require a Kubernetes API, a MySQL server or a running task."""

Handler = dict[str, Any]
"""Functions of a resource type, as in the emulator: `create`, `update` and `delete`."""

Created = tuple[str, dict[str, Any]]
"""Results of `Ref` and, by name, of `Fn::GetAtt`."""


class AlreadyExistsError(Exception):
    """Identifier of an existing record."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """Recorded resource.

    Args:
        type: resource type.
        region: region of the stack.
        stack: name of the stack.
        logical_id: id in the template.
        identifier: physical id.
        properties: resolved properties.
        attributes: results of `Fn::GetAtt`, constant while the record exists, so that dependents
            do not change.
    """

    type: str
    region: str
    stack: str
    logical_id: str
    identifier: str
    properties: Properties
    attributes: dict[str, Any]


class Register:
    """Records of one emulator by type, region and identifier, and retained resources.

    Thread-safe.
    """

    def __init__(self) -> None:
        self._records: dict[tuple[str, str, str], Record] = {}
        self._kept: list[dict[str, str]] = []
        self._lock = Lock()

    def add(self, record: Record) -> Created:
        """Add a record.

        Raises:
            AlreadyExistsError: if the identifier is taken.
        """
        key = (record.type, record.region, record.identifier)
        with self._lock:
            if key in self._records:
                raise AlreadyExistsError(
                    f"{record.type} {record.identifier} already exists "
                    f"in stack {self._records[key].stack}"
                )
            self._records[key] = record
        return record.identifier, record.attributes

    def remove(self, resource_type: str, identifier: str) -> Record | None:
        """Delete a record of the current region and return it; None if it does not exist."""
        with self._lock:
            return self._records.pop((resource_type, responses.get_region(), identifier), None)

    def keep(self, **resource: str) -> None:
        """Add a resource that CloudFormation retained by its deletion policy."""
        with self._lock:
            self._kept.append(resource)

    def kept(self) -> list[dict[str, str]]:
        """Return the retained resources of all past and present stacks."""
        with self._lock:
            return list(self._kept)

    def listing(self) -> list[dict[str, Any]]:
        """Return the records as plain data."""
        with self._lock:
            return [asdict(record) for record in self._records.values()]


def recorder(register: Register, resource_type: str) -> Handler:
    """Return a handler that records a type of CloudFormation's schemas.

    Args:
        register: register of records.
        resource_type: such as `AWS::EKS::Addon`.
    """

    def invent(logical_id: str, properties: Properties, stack: str) -> Created:
        schema = resource_schema(responses.get_region(), resource_type)
        # Loaded late: the schemas of all types would take a third of the emulator's start.
        create_only = tuple(path[0] for path in schema.create_only if len(path) == 1)
        provisioners._REPLACING_PROPERTIES.setdefault(resource_type, create_only)
        # Random, as in AWS, so that resources retained from an earlier stack do not collide.
        attributes = {
            ".".join(path): _attribute(schema, path, uuid4().hex) for path in schema.read_only
        }

        def part(path: PropertyPath) -> str:
            if isinstance(given := properties.get(path[0]), (str, int)):
                return str(given)
            limit = int(schema.definition(path).get("maxLength", 64))
            return str(
                attributes.get(".".join(path))
                or provisioners._physical_name(stack, logical_id, max_len=limit)
            )

        return "|".join(map(part, schema.identifier)), attributes

    return _handler(register, resource_type, invent)


def custom_recorder(register: Register, resource_type: str) -> Handler:
    """Return a handler that records a custom resource.

    Args:
        register: register of records.
        resource_type: one of `CUSTOM_TYPES`.
    """

    def invent(logical_id: str, _properties: Properties, stack: str) -> Created:
        name = provisioners._physical_name(stack, logical_id, lowercase=True)
        return name, {"Value": ""}  # of a Kubernetes object

    return _handler(register, resource_type, invent)


def either(
    recorder: Handler, service: Handler, *, is_recorded: Callable[[Properties], bool]
) -> Handler:
    """Return a handler that records some resources of a type; the emulator creates the others.

    Args:
        recorder: handler that records.
        service: handler of the emulator, with an update that takes a logical id.
        is_recorded: whether the emulator's service cannot store the properties.
    """

    def of(properties: Properties) -> Handler:
        return recorder if is_recorded(properties) else service

    def update(
        identifier: str, old: Properties, new: Properties, stack: str, logical_id: str
    ) -> Created:
        handler = of(new)
        if of(old) is handler:
            updated: Created = handler["update"](identifier, old, new, stack, logical_id)
            return updated
        of(old)["delete"](identifier, old)
        created: Created = handler["create"](logical_id, new, stack)
        return created

    return {
        "create": lambda logical_id, properties, stack: of(properties)["create"](
            logical_id, properties, stack
        ),
        "update": update,
        "update_with_logical_id": True,
        "delete": lambda identifier, properties: of(properties)["delete"](identifier, properties),
    }


def _handler(
    register: Register, resource_type: str, invent: Callable[[str, Properties, str], Created]
) -> Handler:
    def add(
        identifier: str,
        attributes: dict[str, Any],
        logical_id: str,
        properties: Properties,
        stack: str,
    ) -> Created:
        return register.add(
            Record(
                type=resource_type,
                region=responses.get_region(),
                stack=stack,
                logical_id=logical_id,
                identifier=identifier,
                properties=properties,
                attributes=attributes,
            )
        )

    def create(logical_id: str, properties: Properties, stack: str) -> Created:
        return add(*invent(logical_id, properties, stack), logical_id, properties, stack)

    def update(
        identifier: str, _old: Properties, new: Properties, stack: str, logical_id: str
    ) -> Created:
        before = register.remove(resource_type, identifier)
        return add(identifier, before.attributes if before else {}, logical_id, new, stack)

    return {
        "create": create,
        "update": update,
        "update_with_logical_id": True,
        "delete": lambda identifier, _properties: register.remove(resource_type, identifier),
    }


def _attribute(schema: ResourceSchema, path: PropertyPath, unique: str) -> Any:
    """Return a value of the required type and format."""
    definition, name = schema.definition(path), path[-1]
    kind = definition.get("type", "string")
    if "enum" in definition:
        return definition["enum"][0]
    if kind != "string":
        values: dict[str, Any] = {"integer": 0, "number": 0, "boolean": False, "array": []}
        return values.get(kind, {}) if isinstance(kind, str) else {}
    return _text(name, schema.name, unique[:17])


def _text(name: str, resource_type: str, unique: str) -> str:
    _, service, kind = resource_type.lower().split("::")
    region, account = responses.get_region(), responses.get_account_id()
    if re.search("arn$", name, re.IGNORECASE):
        return f"arn:aws:{service}:{region}:{account}:{kind}/{unique}"
    if re.search("account_?id$", name, re.IGNORECASE):
        return str(account)
    if re.search("(endpoint|url)$", name, re.IGNORECASE):
        return f"https://{service}.{region}.amazonaws.com/{unique}/"
    return unique

"""Stub of resource types without an engine: validated against CloudFormation's schema, recorded and
counted. Custom resources without a backend are recorded too; all others run their Lambda function.
"""

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import partial
from threading import Lock
from typing import Any
from uuid import uuid4

from tools.local_aws.provider_schemas import Properties, PropertyPath, ResourceSchema, resource_schema
from tools.local_aws.provisioning import Handler, Made, Resource

CUSTOM_TYPES = (
    "Custom::AWSCDK-EKS-HelmChart",
    "Custom::AWSCDK-EKS-KubernetesResource",
    "Custom::AWSCDK-EKS-KubernetesPatch",
    "Custom::AWSCDK-EKS-KubernetesObjectValue",
    "Custom::DatabaseUsers",
    "Custom::TaskRun",
)
"""Custom resources that need a Kubernetes API, a MySQL server or a running task."""


class AlreadyExistsError(Exception):
    """A record with this identifier already exists."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """Recorded resource.

    Args:
        type: resource type.
        region: region of its stack.
        stack: name of its stack.
        logical_id: id in the template.
        identifier: physical id.
        properties: resolved properties.
        attributes: results of `Fn::GetAtt`, constant while the record exists so that dependents do
            not change.
    """

    type: str
    region: str
    stack: str
    logical_id: str
    identifier: str
    properties: Properties
    attributes: dict[str, Any] = field(default_factory=dict)


class Register:
    """All records of one emulator by type, region and identifier, and retained resources.
    Thread-safe.
    """

    def __init__(self) -> None:
        self._records: dict[tuple[str, str, str], Record] = {}
        self._kept: list[dict[str, str]] = []
        self._lock = Lock()

    def add(self, record: Record) -> None:
        """Adds a record.

        Raises:
            AlreadyExistsError: if the identifier is taken.
        """
        key = (record.type, record.region, record.identifier)
        with self._lock:
            if key in self._records:
                raise AlreadyExistsError(f"{record.type} {record.identifier} already exists in stack {self._records[key].stack}")
            self._records[key] = record

    def change(self, record: Record) -> None:
        """Updates a record's properties."""
        with self._lock:
            self._records[(record.type, record.region, record.identifier)] = record

    def remove(self, resource: Resource, identifier: str) -> None:
        """Deletes a record, if it exists."""
        with self._lock:
            self._records.pop((resource.type, resource.region, identifier), None)

    def holds(self, resource: Resource, identifier: str) -> bool:
        """Returns True if a record exists."""
        with self._lock:
            return (resource.type, resource.region, identifier) in self._records

    def attributes(self, resource: Resource, identifier: str) -> dict[str, Any]:
        """Returns the attributes of a record."""
        with self._lock:
            return dict(self._records[(resource.type, resource.region, identifier)].attributes)

    def identifiers(self, resource_type: str, region: str) -> list[str]:
        """Returns the identifiers of one type in one region."""
        with self._lock:
            return [identifier for kind, place, identifier in self._records if (kind, place) == (resource_type, region)]

    def keep(self, *, stack: str, logical_id: str, resource_type: str, identifier: str) -> None:
        """Adds a resource that CloudFormation retained because of its deletion policy."""
        with self._lock:
            self._kept.append({"stack": stack, "logical_id": logical_id, "type": resource_type, "identifier": identifier})

    def kept(self) -> list[dict[str, str]]:
        """Returns every retained resource of all past and present stacks."""
        with self._lock:
            return list(self._kept)

    def listing(self) -> list[dict[str, Any]]:
        """Returns every record as plain data."""
        with self._lock:
            return [asdict(record) for record in self._records.values()]


Attributes = Callable[[Resource, str], dict[str, Any]]


def _no_attributes(_resource: Resource, _identifier: str) -> dict[str, Any]:
    return {}


def recorded(register: Register, *, attributes: Attributes = _no_attributes) -> Handler:
    """Returns a handler that validates and records a resource.

    Args:
        register: register of records.
        attributes: returns attributes with a required form, from the resource and its identifier;
            the schema defines the others.
    """
    return Handler(create=partial(_create, register, attributes), update=partial(_update, register, attributes), delete=register.remove)


def recorded_custom_resource(register: Register) -> Handler:
    """Returns a handler that records a custom resource.

    Args:
        register: register of records.
    """

    def record(resource: Resource, identifier: str) -> Made:
        register.change(record_of(resource, identifier))
        return Made(identifier=identifier, attributes={"Value": ""})  # of a Kubernetes object

    return Handler(
        create=lambda resource: record(resource, resource.generated_name(limit=128).lower()),
        update=lambda resource, identifier, _old: record(resource, identifier),
        delete=register.remove,
    )


def recorded_if(condition: Callable[[Resource], bool], *, otherwise: Handler, recorder: Handler, register: Register) -> Handler:
    """Returns a handler that records resources that match a condition and delegates all others.

    Args:
        condition: returns True if the service can't store the resource.
        otherwise: handler for all others.
        recorder: handler that records.
        register: register of records.
    """

    def wanted(resource: Resource) -> Handler:
        return recorder if condition(resource) else otherwise

    def present(resource: Resource, identifier: str) -> Handler:
        return recorder if register.holds(resource, identifier) else otherwise

    def update(resource: Resource, identifier: str, old: Properties) -> Made:
        before, after = present(resource, identifier), wanted(resource)
        if before is after and after.update is not None:
            return after.update(resource, identifier, old)
        before.delete(resource, identifier)
        return after.create(resource)

    return Handler(
        create=lambda resource: wanted(resource).create(resource),
        update=update,
        delete=lambda resource, identifier: present(resource, identifier).delete(resource, identifier),
    )


def _create(register: Register, special: Attributes, resource: Resource) -> Made:
    schema = resource_schema(resource.region, resource.type)
    # Random, as in a service: resources retained from an earlier stack must not collide.
    attributes = {".".join(path): _attribute(schema, path, resource, uuid4().hex) for path in schema.read_only}
    identifier = "|".join(_identifier_part(schema, path, resource, attributes) for path in schema.identifier)
    attributes.update(special(resource, identifier))
    register.add(record_of(resource, identifier, attributes))
    return Made(identifier=identifier, attributes=attributes)


def _update(register: Register, special: Attributes, resource: Resource, identifier: str, _old: Properties) -> Made:
    attributes = {**register.attributes(resource, identifier), **special(resource, identifier)}
    register.change(record_of(resource, identifier, attributes))
    return Made(identifier=identifier, attributes=attributes)


def record_of(resource: Resource, identifier: str, attributes: dict[str, Any] | None = None) -> Record:
    """Returns the record of a resource with its resolved properties."""
    return Record(
        type=resource.type,
        region=resource.region,
        stack=resource.stack,
        logical_id=resource.logical_id,
        identifier=identifier,
        properties=resource.properties,
        attributes=attributes or {},
    )


def _identifier_part(schema: ResourceSchema, path: PropertyPath, resource: Resource, attributes: dict[str, Any]) -> str:
    given = resource.properties.get(path[0])
    if isinstance(given, (str, int)):
        return str(given)
    generated = resource.generated_name(limit=int(schema.definition(path).get("maxLength", 64)))
    return str(attributes.get(".".join(path), generated))


def _attribute(schema: ResourceSchema, path: PropertyPath, resource: Resource, unique: str) -> Any:
    """Returns a value of the required type and format."""
    definition, name = schema.definition(path), path[-1]
    kind = definition.get("type", "string")
    if "enum" in definition:
        return definition["enum"][0]
    if kind != "string":
        return {"integer": 0, "number": 0, "boolean": False, "array": []}.get(kind if isinstance(kind, str) else "", {})
    return _text(name, resource, unique[:17])


def _text(name: str, resource: Resource, unique: str) -> str:
    service, kind = resource.type.split("::")[1].lower(), resource.type.split("::")[2].lower()
    if re.search("arn$", name, re.IGNORECASE):
        return f"arn:aws:{service}:{resource.region}:{resource.account}:{kind}/{unique}"
    if re.search("account_?id$", name, re.IGNORECASE):
        return resource.account
    if re.search("(endpoint|url)$", name, re.IGNORECASE):
        return f"https://{service}.{resource.region}.amazonaws.com/{unique}/"
    return unique

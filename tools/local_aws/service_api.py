"""Conversion of a resource's properties to parameters of the service's API, by botocore's shapes.

CloudFormation and the service differ in small, regular ways: capitals, text for numbers, lists of
tags for maps, and CloudFront's lists with a Quantity. One rule replaces a mapping per type.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from tools.local_aws.provider_schemas import Properties
from tools.local_aws.provisioning import Handler, Made, Resource

Answer = dict[str, Any]


def parameters(client: Any, operation: str, properties: Properties) -> dict[str, Any]:
    """Returns the parameters of an operation from properties of the same names, ignoring capitals.

    Args:
        client: boto3 client.
        operation: the client's method, for example `create_addon`.
        properties: resolved properties; unknown ones are omitted.
    """
    model = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[operation])
    return _structure(model.input_shape, properties)


def _structure(shape: Any, properties: Properties) -> dict[str, Any]:
    given = {name.lower(): value for name, value in properties.items()}
    # KMS names a tag's members TagKey and TagValue.
    names = {
        member: next((name for name in (member.lower(), member.lower().removeprefix("tag")) if name in given), None)
        for member in shape.members
    }
    return {member: _value(shape.members[member], given[name]) for member, name in names.items() if name is not None}


def _value(shape: Any, value: Any) -> Any:
    convert = _CONVERSIONS.get(shape.type_name)
    return convert(shape, value) if convert else str(value)


def _structured(shape: Any, value: Any) -> Any:
    if isinstance(value, list) and {"Quantity", "Items"} <= set(shape.members):
        items = [_value(shape.members["Items"].member, item) for item in value]
        return {"Quantity": len(items), "Items": items}
    return _structure(shape, value)


def _mapped(shape: Any, value: Any) -> Any:
    entries = {item["Key"]: item["Value"] for item in value} if isinstance(value, list) else value
    return {str(key): _value(shape.value, item) for key, item in entries.items()}


def _listed(shape: Any, value: Any) -> Any:
    if isinstance(value, Mapping):  # tags: a map in the template, a list in the API
        value = [{"Key": key, "Value": item} for key, item in value.items()]
    return [_value(shape.member, item) for item in value]


_CONVERSIONS: dict[str, Callable[[Any, Any], Any]] = {
    "structure": _structured,
    "map": _mapped,
    "list": _listed,
    "integer": lambda _shape, value: int(value),
    "long": lambda _shape, value: int(value),
    "float": lambda _shape, value: float(value),
    "double": lambda _shape, value: float(value),
    "boolean": lambda _shape, value: str(value).lower() == "true",
    "blob": lambda _shape, value: str(value).encode(),
    "timestamp": lambda _shape, value: value,
}


@dataclass(frozen=True, kw_only=True)
class ServiceResource:
    """Resource type with one create, one update and one delete operation.

    Args:
        service: boto3's name of the service.
        create: operation that creates it.
        delete: operation that deletes it.
        update: operation that changes it in place; None if changes replace it.
        made: reads identifier and attributes from the response of `create` (or `update`) and the
            resource.
        key: parameters that name an existing resource, from its identifier and properties.
        prepare: converts properties to the create operation's shape where the rules do not suffice.
    """

    service: str
    create: str
    delete: str
    update: str | None = None
    made: Callable[[Answer, Resource], Made]
    key: Callable[[str, Properties], dict[str, Any]]
    prepare: Callable[[Resource], Properties] = lambda resource: resource.properties

    def handler(self) -> Handler:
        """Returns the handler that calls these operations."""
        return Handler(create=self._create, update=self._update if self.update else None, delete=self._delete)

    def _create(self, resource: Resource) -> Made:
        client = resource.client(self.service)
        answer = getattr(client, self.create)(**parameters(client, self.create, self.prepare(resource)))
        return self.made(answer, resource)

    def _update(self, resource: Resource, identifier: str, _old: Properties) -> Made:
        client, operation = resource.client(self.service), str(self.update)
        given = {**parameters(client, operation, self.prepare(resource)), **self.key(identifier, resource.properties)}
        answer = getattr(client, operation)(**given)
        made = self.made(answer, resource)
        return Made(identifier=identifier, attributes=made.attributes)

    def _delete(self, resource: Resource, identifier: str) -> None:
        client = resource.client(self.service)
        call_unless_gone(lambda: getattr(client, self.delete)(**self.key(identifier, resource.properties)))


def call_unless_gone(operation: Callable[[], Any]) -> None:
    """Deletes a resource, ignoring not-found errors.

    Raises:
        ClientError: for every other error.
    """
    try:
        operation()
    except ClientError as error:
        code, status = error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
        if status != 404 and not any(word in code for word in ("NotFound", "NoSuch", "NonExistent")):
            raise

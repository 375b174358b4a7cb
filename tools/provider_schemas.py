"""Provider schemas of CloudFormation's resource types, as bundled with cfn-lint."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from cfnlint.jsonschema import StandardValidator
from cfnlint.jsonschema._keywords_cfn import cfn_type
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

Properties = dict[str, Any]
PropertyPath = tuple[str, ...]


class UnknownResourceTypeError(Exception):
    """Resource type that CloudFormation does not have in this region."""


def resource_types(region: str) -> list[str]:
    """Return every resource type of CloudFormation in a region."""
    return [
        name for name in PROVIDER_SCHEMA_MANAGER.get_resource_types(region) if name.count("::") == 2
    ]


def _paths(pointers: list[str] | None) -> list[PropertyPath]:
    return [tuple(pointer.split("/")[2:]) for pointer in pointers or []]


@dataclass(frozen=True)
class ResourceSchema:
    """Provider schema of a resource type.

    Args:
        name: for example `AWS::EKS::Addon`.
        document: the provider schema.
    """

    name: str
    document: dict[str, Any]

    @property
    def identifier(self) -> list[PropertyPath]:
        """Properties that identify the resource."""
        return _paths(self.document.get("primaryIdentifier"))

    @property
    def create_only(self) -> list[PropertyPath]:
        """Properties that replace the resource when changed."""
        return _paths(self.document.get("createOnlyProperties"))

    @property
    def read_only(self) -> list[PropertyPath]:
        """Read-only properties for Fn::GetAtt. Those inside a list have no attribute."""
        return [path for path in _paths(self.document.get("readOnlyProperties")) if "*" not in path]

    def definition(self, path: PropertyPath) -> dict[str, Any]:
        """Return the sub-schema of a property with references resolved; empty without one."""
        node = self.document
        for name in path:
            node = self._resolved(self._resolved(node).get("properties", {}).get(name, {}))
        return node

    def _resolved(self, node: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in node:
            target: Any = self.document
            for name in node["$ref"].lstrip("#/").split("/"):
                target = target.get(name, {})
            node = target
        return node

    def problems(self, properties: Properties) -> list[str]:
        """Return validation errors of resolved properties, most specific first."""
        found = [_sentence(error) for error in _validator(self.document).iter_errors(properties)]
        written = [
            ".".join(path) for path in self.read_only if len(path) == 1 and path[0] in properties
        ]
        return found + [f"{name}: is read-only. Remove it from the template." for name in written]


@cache
def resource_schema(region: str, resource_type: str) -> ResourceSchema:
    """Return the schema of a type in a region.

    Raises:
        UnknownResourceTypeError: if CloudFormation does not have the type there.
    """
    if resource_type not in PROVIDER_SCHEMA_MANAGER.get_resource_types(region):
        raise UnknownResourceTypeError(f"{resource_type} does not exist in {region}")
    return ResourceSchema(
        resource_type, PROVIDER_SCHEMA_MANAGER.get_resource_schema(region, resource_type).schema
    )


@cache
def _validator_class() -> Any:
    # CloudFormation accepts "80" as a number, "true" as a boolean and 80 as a string.
    return StandardValidator({}).extend(validators={"type": cfn_type})


def _validator(document: dict[str, Any]) -> Any:
    validator = _validator_class()(document)
    # The properties are resolved. The search for functions and dynamic references would take most
    # of the time.
    without_references = validator.function_filter.evolve(validate_dynamic_references=False)
    return validator.evolve(
        context=validator.context.evolve(strict_types=False, functions=[]),
        function_filter=without_references,
    )


def _sentence(error: Any) -> str:
    # A failed anyOf reports only "is not valid under any of the given schemas"; its last branch has
    # the reason.
    cause = error.context[-1] if error.context else error
    place = ".".join(str(step) for step in error.absolute_path) or "properties"
    return f"{place}: {cause.message[:300]}"

"""Queries on a template: resources by type."""

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk.assertions import Template

from tools.model.values import Json

Resources = dict[str, Json]


def resources_of(stack: cdk.Stack) -> Resources:
    """Synthesize a stack and return its resources by logical id."""
    resources: Resources = Template.from_stack(stack).to_json()["Resources"]
    return resources


def of_type(resources: Mapping[str, Json], type_: str) -> Resources:
    """Resources of a type by logical id, with their policies and dependencies."""
    return {id_: resource for id_, resource in resources.items() if resource["Type"] == type_}


def all_of(resources: Mapping[str, Json], type_: str) -> list[Json]:
    """Properties of each resource of a type."""
    return list(properties_of(resources, type_).values())


def whole(resources: Mapping[str, Json], type_: str) -> Json:
    """Only resource of a type, with its policies and dependencies."""
    (resource,) = of_type(resources, type_).values()
    return resource


def only(resources: Mapping[str, Json], type_: str) -> Json:
    """Properties of the only resource of a type."""
    properties: Json = whole(resources, type_)["Properties"]
    return properties


def properties_of(resources: Mapping[str, Json], type_: str) -> Resources:
    """Properties of the resources of a type by logical id."""
    return {id_: resource["Properties"] for id_, resource in of_type(resources, type_).items()}

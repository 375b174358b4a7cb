"""Templates set every property that CloudFormation and IAM require."""

from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft7Validator, validators  # type: ignore[import-untyped]

from tests.properties.promise import Verdicts, rule
from tools.model.assembly import Assembly
from tools.model.resolver import is_intrinsic
from tools.model.values import Json, as_list
from tools.provider_schemas import UnknownResourceTypeError, resource_schema

PAIR = {"Key", "Name", "Value"}
"""Keys of an item of a list of pairs."""
STATEMENT = ({"Effect"}, {"Action", "NotAction"})
"""Keys of a statement, of each of which one has to be there."""

OF_RESOURCES = {"AWS::KMS::Key", "AWS::S3::BucketPolicy", "AWS::SNS::TopicPolicy"}
"""Types with policies that name principals and resources."""
OF_RESOURCES_TOO = ({"Principal", "NotPrincipal"}, {"Resource", "NotResource"})
ELEMENTS = {"Action", "Effect", "NotAction"}
"""Elements that distinguish a policy statement from one of a web ACL, even if one is missing."""
VERSION = "2012-10-17"
"""Current version. Otherwise IAM uses the policy language of 2008, in which `${aws:username}` is
plain text."""
KEYWORDS = ("$ref", "items", "properties", "required")
Required = validators.create(
    meta_schema={}, validators={name: Draft7Validator.VALIDATORS[name] for name in KEYWORDS}
)
"""Validator of required properties only: cfn-lint validates the rest."""


@rule
def test_resources_have_required_properties(platform: Assembly) -> Verdicts:
    for resource in platform.resources:
        try:
            schema = resource_schema(platform.pseudo(resource.stack)["AWS::Region"], resource.type)
        except UnknownResourceTypeError:
            continue
        errors = [
            error
            for error in Required(schema.document).iter_errors(resource.properties)
            if not is_intrinsic(error.instance)
        ]
        yield (
            resource,
            not errors,
            (
                f"{', '.join(f'{error.json_path}: {error.message}' for error in errors)} by "
                "CloudFormation."
            ),
        )


@rule
def test_statements_have_required_elements(platform: Assembly) -> Verdicts:
    for resource in platform.resources:
        for document in documents(resource.properties):
            yield (
                resource,
                document.get("Version") == VERSION,
                f"Set Version {VERSION} in its policy.",
            )
            for number, statement in enumerate(document["Statement"]):
                complete = all(keys & statement.keys() for keys in STATEMENT)
                # Trust policies and policies of resources contain principals, all others resources.
                complete = complete and bool(
                    {"Principal", "NotPrincipal", "Resource", "NotResource"} & statement.keys()
                )
                if resource.type in OF_RESOURCES:
                    complete = complete and all(
                        keys & statement.keys() for keys in OF_RESOURCES_TOO
                    )
                complete = (
                    complete
                    and statement.get("Principal", "*") not in ({}, [])
                    and [] not in as_list(statement.get("Principal"))
                )
                yield resource, complete, f"Complete statement {number}: IAM refuses it."


def documents(value: Any) -> Iterator[Json]:
    """Policy documents at any depth."""
    if isinstance(value, dict):
        statements = value.get("Statement")
        if (
            isinstance(statements, list)
            and statements
            and isinstance(statements[0], dict)
            and ELEMENTS & statements[0].keys()
        ):
            yield value
        for item in value.values():
            yield from documents(item)
    elif isinstance(value, list):
        for item in value:
            yield from documents(item)


@rule
def test_pairs_have_both_halves(platform: Assembly) -> Verdicts:
    """Tags, attributes and variables; some schemas do not require both."""
    for resource in platform.resources:
        for pairs in pairs_of(resource.properties):
            torn = [pair for pair in pairs if len(pair) != 2 or pair.get("Value") in (None, "")]
            yield resource, not torn, f"Give {torn} a key and a value."


NAMED = {
    "AWS::EC2::EIP",
    "AWS::EC2::InternetGateway",
    "AWS::EC2::NatGateway",
    "AWS::EC2::RouteTable",
    "AWS::EC2::SecurityGroup",
    "AWS::EC2::Subnet",
    "AWS::EC2::VPC",
}
"""Types that have no name but their tag."""


@rule
def test_network_resources_have_names(platform: Assembly) -> Verdicts:
    for resource in platform.some(*NAMED):
        yield (
            resource,
            bool(resource.tags.get("Name")),
            "Add the tag Name: consoles and flow logs show an id otherwise.",
        )


def pairs_of(value: Any) -> Iterator[list[Json]]:
    """Yield lists of key-value and name-value pairs at any depth."""
    if isinstance(value, list):
        if value and all(
            isinstance(item, Mapping) and item.keys() and item.keys() <= PAIR for item in value
        ):
            yield value
        for item in value:
            yield from pairs_of(item)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from pairs_of(item)

"""Templates set every property that CloudFormation and IAM require."""

from collections.abc import Iterator, Mapping
from typing import Any

from spotmusic_constructs.edge_region import EDGE_REGION
from tests.model.assembly import Assembly
from tests.model.values import Json, as_list
from tests.properties.promise import Verdicts, rule
from tests.properties.test_left_to_aws import documents
from tools.local_aws.provider_schemas import ResourceSchema, UnknownResourceTypeError, resource_schema

REGIONS = {"edge": EDGE_REGION}
HOME = "sa-east-1"
PAIR = {"Key", "Name", "Value"}
"""Keys of an item of a list of pairs."""
STATEMENT = ({"Effect"}, {"Action", "NotAction"})
"""Keys of a statement, of each of which one has to be there."""

OF_RESOURCES = {"AWS::KMS::Key", "AWS::S3::BucketPolicy", "AWS::SNS::TopicPolicy"}
"""Types with policies that name principals and resources."""
OF_RESOURCES_TOO = ({"Principal", "NotPrincipal"}, {"Resource", "NotResource"})


def missing(schema: ResourceSchema, properties: Json) -> list[str]:
    """Paths of required properties that the template lacks, by the schema of the resource type."""
    return list(_missing(schema.document, schema.document, properties, ""))


def _missing(document: Json, node: Json, value: Any, place: str) -> Iterator[str]:
    while "$ref" in node:
        found: Any = document
        for name in node["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        node = found
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from _missing(document, node.get("items", {}), item, f"{place}.{number}")
    elif isinstance(value, Mapping) and not is_intrinsic(value):
        yield from (f"{place}.{name}".strip(".") for name in node.get("required", ()) if name not in value)
        for name, item in value.items():
            yield from _missing(document, node.get("properties", {}).get(name, {}), item, f"{place}.{name}")


def is_intrinsic(value: Mapping[str, Any]) -> bool:
    return len(value) == 1 and next(iter(value)).startswith(("Ref", "Fn::"))


@rule
def test_resources_have_required_properties(platform: Assembly) -> Verdicts:
    for resource in platform.resources:
        try:
            schema = resource_schema(REGIONS.get(resource.stack, HOME), resource.type)
        except UnknownResourceTypeError:
            continue
        lacking = missing(schema, resource.properties)
        yield resource, not lacking, f"Add {', '.join(lacking)}: CloudFormation requires it."


@rule
def test_statements_have_required_elements(platform: Assembly) -> Verdicts:
    for resource in platform.resources:
        for document in documents(resource.properties):
            for number, statement in enumerate(document["Statement"]):
                complete = all(keys & statement.keys() for keys in STATEMENT)
                # A trust policy and the policy of a resource name principals, every other names resources.
                complete = complete and bool({"Principal", "NotPrincipal", "Resource", "NotResource"} & statement.keys())
                if resource.type in OF_RESOURCES:
                    complete = complete and all(keys & statement.keys() for keys in OF_RESOURCES_TOO)
                complete = complete and statement.get("Principal", "*") not in ({}, []) and [] not in as_list(statement.get("Principal"))
                yield resource, complete, f"Complete statement {number}: IAM refuses it."


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
        yield resource, bool(resource.tags.get("Name")), "Add the tag Name: consoles and flow logs show an id otherwise."


def pairs_of(value: Any) -> Iterator[list[Json]]:
    """Lists of key-value and name-value pairs at any depth."""
    if isinstance(value, list):
        if value and all(isinstance(item, Mapping) and item.keys() and item.keys() <= PAIR for item in value):
            yield value
        for item in value:
            yield from pairs_of(item)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from pairs_of(item)

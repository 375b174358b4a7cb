"""Resources that an update would replace.

They are removed, have another type, or have a changed create-only property.
"""

import json
import re
from collections.abc import Iterator
from functools import partial
from itertools import groupby
from typing import Any

from spotmusic_constructs.edge_region import EDGE_REGION
from tools.model.templates import RELEASE, Templates, without_hashes
from tools.model.values import ACCOUNT, at, children, rebuilt
from tools.provider_schemas import (
    PropertyPath,
    ResourceSchema,
    UnknownResourceTypeError,
    resource_schema,
)

HOME_REGION = "sa-east-1"
IMMUTABLE: dict[str, tuple[PropertyPath, ...]] = {
    "AWS::KMS::Key": (("KeySpec",), ("KeyUsage",), ("Origin",), ("MultiRegion",)),
    "AWS::RDS::DBInstance": (
        ("Engine",),
        ("SourceDBInstanceIdentifier",),
        ("DBSnapshotIdentifier",),
    ),
    # A changed rule of generation creates another password, and clients keep the old one.
    "AWS::SecretsManager::Secret": (("GenerateSecretString",), ("SecretString",)),
    "AWS::ElastiCache::ReplicationGroup": (
        ("NumNodeGroups",),
        ("NodeGroupConfiguration",),
        ("TransitEncryptionEnabled",),
    ),
    # Another name, namespace or chart installs a second release and uninstalls the first one with
    # its objects.
    RELEASE: (("Release",), ("Namespace",), ("Chart",)),
}
"""Properties, not create-only in the schemas, that AWS refuses to change or replaces.

Source: AWS CloudFormation user guide, update behaviour of each property, 2026-11.
"""


def replaced(before: Templates, now: Templates, stack: str, id_: str) -> list[str]:
    """Return the reasons why an update would replace or delete a resource, or an empty list."""
    return list(_reasons(before, now, stack, id_, above=frozenset()))


def _reasons(
    before: Templates, now: Templates, stack: str, id_: str, *, above: frozenset[tuple[str, str]]
) -> Iterator[str]:
    old, new = _resource(before, stack, id_), _resource(now, stack, id_)
    if old is None or (stack, id_) in above:
        return
    if new is None:
        yield f"{stack}/{id_} is gone"
        return
    if old["Type"] != new["Type"]:
        yield f"{stack}/{id_} was {old['Type']} and is {new['Type']}"
        return
    for path in create_only(old["Type"], stack):
        name = ".".join(path)
        values = [at(resource.get("Properties", {}), name) for resource in (old, new)]
        where = f"{stack}/{id_}: {name}"
        was, is_ = (_in_the_account(without_hashes(value)) for value in values)
        if _followed(before, was) != _followed(now, is_):
            yield f"{where} was {_short(was)} and is {_short(is_)}"
        for other in named(now, stack, is_):
            for reason in _reasons(before, now, *other, above=above | {(stack, id_)}):
                yield f"{where} references a replaced resource: {reason}"


def _resource(templates: Templates, stack: str, id_: str) -> dict[str, Any] | None:
    found: dict[str, Any] | None = templates.get(stack, {}).get("Resources", {}).get(id_)
    return found


def create_only(type_: str, stack: str) -> list[PropertyPath]:
    """Return the paths of properties with changes that AWS refuses or makes by replacement."""
    if not type_.startswith("AWS::") or type_ == "AWS::CloudFormation::CustomResource":
        # CloudFormation refuses another function for any custom resource.
        return [("ServiceToken",), *IMMUTABLE.get(type_, ())]
    schema = schema_of(type_, stack)
    return [*(schema.create_only if schema else ()), *IMMUTABLE.get(type_, ())]


def schema_of(type_: str, stack: str) -> ResourceSchema | None:
    """Return the schema of a type in a stack's region; None for types without a schema."""
    try:
        return resource_schema(EDGE_REGION if stack == "edge" else HOME_REGION, type_)
    except UnknownResourceTypeError:
        return None


def _in_the_account(value: Any) -> Any:
    """Replace the account by the example's account.

    The result is the same whether the environment or the deployment sets the account.
    """
    match value:
        case {"Ref": "AWS::AccountId"}:
            return ACCOUNT
        case {"Fn::Join": ["", list(parts)]}:
            return {"Fn::Join": ["", _merged([_in_the_account(part) for part in parts])]}
        case _:
            return rebuilt(value, _in_the_account)


def _followed(templates: Templates, value: Any) -> Any:
    """Replace references by the outputs of other stacks.

    Weak and strong references to an output become equal.
    """
    match value:
        case {"Fn::ImportValue": _} | {"Fn::GetStackOutput": _}:
            return [*_outputs_named(templates, value)] or value
        case _:
            return rebuilt(value, partial(_followed, templates))


def _merged(parts: list[Any]) -> list[Any]:
    """Return the parts of a text, with consecutive plain parts joined."""
    grouped = groupby(parts, key=lambda part: isinstance(part, str))
    return [item for plain, group in grouped for item in (["".join(group)] if plain else group)]


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 200 else f"{text[:199]}…"


def named(templates: Templates, stack: str, value: Any) -> Iterator[tuple[str, str]]:
    """Return resources that a value references in its own stack or by an output of another."""
    match value:
        case {"Ref": str(id_)} | {"Fn::GetAtt": [str(id_), *_]}:
            yield stack, id_
        case {"Fn::ImportValue": _} | {"Fn::GetStackOutput": _}:
            for producer, output in _outputs_named(templates, value):
                yield from named(templates, producer, output)
        case {"Fn::Sub": [str(text), *_]} | {"Fn::Sub": str(text)}:
            yield from ((stack, id_) for id_ in re.findall(r"\$\{(\w+)", text))
        case _:
            for _, below in children(value):
                yield from named(templates, stack, below)


def _outputs_named(templates: Templates, reference: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Return stack and value of a referenced output."""
    match reference:
        case {"Fn::ImportValue": name}:
            for stack, template in templates.items():
                for output in template.get("Outputs", {}).values():
                    if output.get("Export", {}).get("Name") == name:
                        yield stack, output["Value"]
        case {"Fn::GetStackOutput": {"StackName": producer, "OutputName": id_}}:
            for stack, template in templates.items():
                if producer.endswith(f"-{stack}") and id_ in template.get("Outputs", {}):
                    yield stack, template["Outputs"][id_]["Value"]

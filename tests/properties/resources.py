"""What a property is read from: the resources of an environment, what they refer to, and who may do what."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from spotmusic_cdk.settings import Settings
from tests.conftest import Template

ACCOUNT = "111122223333"
"""Account that stands for whichever an environment is deployed to."""
EDGE_REGION = "us-east-1"

Json = dict[str, Any]

_HASH = re.compile(r"[0-9A-F]{8}$")
_REFERENCE = re.compile(r"\$\{([^/}]+)/([A-Za-z0-9]+)(\.[A-Za-z0-9.]+)?\}")
"""A reference in the text of a value."""
_PLACE = re.compile(r"\$\{([^}!]+)\}")


@dataclass(frozen=True, eq=False)
class Resource:
    """One resource of a template. `resource["Properties.Path.To.It"]` is None where the template says nothing.

    Args:
        platform: where it belongs.
        stack: id of its stack, such as `data`.
        id: logical id.
        body: what the template says.
    """

    platform: "Platform"
    stack: str
    id: str
    body: Json

    def __str__(self) -> str:
        return f"{self.name} ({self.type})"

    def __getitem__(self, path: str) -> Any:
        """Follows a path of property names; a number is an index of a list."""
        return at(self.properties, path)

    @property
    def type(self) -> str:
        return str(self.body["Type"])

    @property
    def name(self) -> str:
        """Stack and logical id without the hash that CDK ends it with, as deviations and messages call it."""
        return f"{self.stack}/{_HASH.sub('', self.id)}"

    @property
    def properties(self) -> Json:
        properties: Json = self.body.get("Properties", {})
        return properties

    @property
    def tags(self) -> dict[str, str]:
        tags = self.properties.get("Tags", {})
        return dict(tags) if isinstance(tags, Mapping) else {tag["Key"]: tag["Value"] for tag in tags}

    @property
    def outlives_its_stack(self) -> bool:
        return {self.body.get("DeletionPolicy"), self.body.get("UpdateReplacePolicy")} <= {"Retain", "RetainExceptOnCreate", "Snapshot"}

    def target(self, path: str) -> "Resource | None":
        """The resource that a property refers to, in whichever stack; none when it is a literal or made of several parts."""
        return self.platform.target(self.stack, self[path])

    def targets(self, path: str) -> "list[Resource]":
        """The resources that a property refers to, one by one. A literal among them is an error: nobody could tell what it is."""
        values = self[path] or []
        found = [self.platform.target(self.stack, value) for value in (values if isinstance(values, list) else [values])]
        if None in found:
            raise AssertionError(f"{self}: {path} names something by a literal, {values}")
        return [target for target in found if target]

    def mentions(self, path: str) -> "set[Resource]":
        """Every resource that a property refers to, alone or as a part of something."""
        found = (self.platform.target(self.stack, value) for value in intrinsics(self[path]))
        return {target for target in found if target}

    def text(self, path: str) -> str:
        """A property as text, with `${stack/LogicalId.Attribute}` for what is only known at deployment."""
        return self.platform.text(self.stack, self[path])

    def uses(self, other: "Resource") -> bool:
        """Tells whether this resource refers to another, at whatever depth."""
        return any(self.platform.target(self.stack, value) is other for value in intrinsics(self.properties))


@dataclass(frozen=True, kw_only=True, eq=False)
class Platform:
    """An environment as it was synthesized.

    Args:
        name: environment, or the variant of one.
        settings: what the environment file says.
        templates: templates by stack id; a variant may leave out those that nobody asks it for.
        acknowledged: path of a construct, prefixed id of a finding, reason.
    """

    name: str
    settings: Settings
    templates: Mapping[str, Template]
    acknowledged: tuple[tuple[str, str, str], ...] = ()

    @cached_property
    def resources(self) -> tuple[Resource, ...]:
        return tuple(
            Resource(self, stack, id_, body) for stack, template in self.templates.items() for id_, body in template["Resources"].items()
        )

    @cached_property
    def _by_id(self) -> dict[tuple[str, str], Resource]:
        return {(resource.stack, resource.id): resource for resource in self.resources}

    @cached_property
    def _outputs(self) -> dict[tuple[str, str], tuple[str, Any]]:
        """Stack and value by name of a stack and of its output, and by the name of an export."""
        found: dict[tuple[str, str], tuple[str, Any]] = {}
        for stack, template in self.templates.items():
            for name, output in template.get("Outputs", {}).items():
                found[f"spotmusic-{self.settings.name}-{stack}", name] = stack, output["Value"]
                if "Export" in output:
                    found["", output["Export"]["Name"]] = stack, output["Value"]
        return found

    @cached_property
    def _parameters(self) -> dict[tuple[str, str], Resource]:
        """Parameters of Parameter Store by stack and name of the template parameter that reads them."""
        written = {resource["Name"]: resource for resource in self.all("AWS::SSM::Parameter")}
        return {
            (stack, name): written[parameter["Default"]]
            for stack, template in self.templates.items()
            for name, parameter in template.get("Parameters", {}).items()
            if parameter["Type"].startswith("AWS::SSM::Parameter::Value") and parameter.get("Default") in written
        }

    def all(self, *types: str, stack: str | None = None) -> list[Resource]:
        """Every resource of these types, which may be none."""
        return [resource for resource in self.resources if resource.type in types and stack in (None, resource.stack)]

    def some(self, *types: str, stack: str | None = None) -> list[Resource]:
        """Every resource of these types, of which there has to be one: a promise about nothing is none."""
        found = self.all(*types, stack=stack)
        if not found:
            raise AssertionError(f"{self.name}: no stack has {' or '.join(types)}, so that nothing keeps the promise")
        return found

    def only(self, type_: str, *, stack: str | None = None) -> Resource:
        """The one resource of a type."""
        (found,) = self.some(type_, stack=stack)
        return found

    def users_of(self, resource: Resource, *types: str) -> list[Resource]:
        """Resources of these types that refer to another."""
        return [user for user in self.all(*types) if user.uses(resource)]

    def resource(self, stack: str, id_: str) -> Resource:
        """The resource with this logical id."""
        return self._by_id[stack, id_]

    def target(self, stack: str, value: Any) -> Resource | None:
        """The resource that a value of a template refers to, through outputs and exports; none when it is something else."""
        place = self._place(stack, value)
        return self._by_id.get(place[:2]) if place else None

    def _place(self, stack: str, value: Any) -> tuple[str, str, str] | None:
        """Stack, logical id and attribute behind one intrinsic function."""
        if not isinstance(value, Mapping) or len(value) != 1:
            return None
        ((function, argument),) = value.items()
        match function:
            case "Ref":
                return stack, str(argument), ""
            case "Fn::GetAtt":
                id_, attribute = argument if isinstance(argument, list) else str(argument).split(".", maxsplit=1)
                return stack, id_, f".{attribute}"
            case "Fn::ImportValue" | "Fn::GetStackOutput":
                output = ("", argument) if function == "Fn::ImportValue" else (argument["StackName"], argument["OutputName"])
                return self._place(*self._outputs[output])
            case "Fn::Select" if found := _REFERENCE.fullmatch(self._selected(stack, *argument)):
                return found[1], found[2], found[3]
            case _:
                return None

    def text(self, stack: str, value: Any) -> str:
        """A value as text: pseudo parameters by example, references as `${stack/LogicalId.Attribute}`."""
        if not isinstance(value, Mapping):
            return json.dumps(value) if isinstance(value, list | bool) else str(value)
        if "Fn::Join" in value:
            separator, parts = value["Fn::Join"]
            return str(separator).join(self.text(stack, part) for part in parts)
        if "Fn::Sub" in value:
            return self._substituted(stack, value["Fn::Sub"])
        if "Fn::Select" in value:
            return self._selected(stack, *value["Fn::Select"])
        return self._referred(stack, value)

    def _referred(self, stack: str, value: Mapping[str, Any]) -> str:
        if value.keys() == {"Ref"} and (read := self._parameters.get((stack, value["Ref"]))):
            return self.text(read.stack, read["Value"])
        place = self._place(stack, value)
        if place is None:
            return json.dumps(value, sort_keys=True)
        return self._pseudo(place[0]).get(place[1], f"${{{place[0]}/{place[1]}{place[2]}}}")

    def _substituted(self, stack: str, argument: Any) -> str:
        template, given = argument if isinstance(argument, list) else (argument, {})

        def value(match: re.Match[str]) -> str:
            name = match[1]
            return self.text(stack, given.get(name, {"Fn::GetAtt": name} if "." in name else {"Ref": name}))

        return _PLACE.sub(value, template)

    def _selected(self, stack: str, index: int | str, parts: Any) -> str:
        """One part of several, or of a text; of a text that is only known at deployment, its number stands behind it."""
        number = int(index)
        if isinstance(parts, list):
            return self.text(stack, parts[number])
        if not isinstance(parts, Mapping) or "Fn::Split" not in parts:
            return json.dumps({"Fn::Select": [index, parts]}, sort_keys=True)
        separator, whole = parts["Fn::Split"]
        text = self.text(stack, whole)
        pieces = text.split(separator)
        return pieces[number] if number < len(pieces) else f"{text}[{number}]"

    def _pseudo(self, stack: str) -> dict[str, str]:
        return {
            "AWS::AccountId": ACCOUNT,
            "AWS::Partition": "aws",
            "AWS::Region": EDGE_REGION if stack == "edge" else self.settings.region,
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::StackName": f"spotmusic-{self.settings.name}-{stack}",
        }


def at(value: Any, path: str) -> Any:
    """Follows a path of names and indices; None where it ends early."""
    for step in path.split("."):
        if isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        elif isinstance(value, Mapping):
            value = value.get(step)
        else:
            return None
    return value


def intrinsics(value: Any) -> Iterator[Any]:
    """Yields every mapping at any depth that may be an intrinsic function."""
    if isinstance(value, Mapping):
        if "Fn::Sub" in value:
            text = value["Fn::Sub"]
            yield from (
                {"Fn::GetAtt" if "." in name else "Ref": name} for name in _PLACE.findall(text if isinstance(text, str) else text[0])
            )
        if len(value) == 1:
            yield value
        for item in value.values():
            yield from intrinsics(item)
    elif isinstance(value, list):
        for item in value:
            yield from intrinsics(item)


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yields every value that holds no other, with its path."""
    items: Iterable[tuple[Any, Any]] = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    found = False
    for key, item in items:
        found = True
        yield from leaves(item, f"{path}.{key}" if path else str(key))
    if not found:
        yield path, value


def texts_of(resource: Resource) -> Iterator[tuple[str, str]]:
    """Yields every text of a resource with its path, put together from its parts where the template joins them."""
    yield from _texts(resource, resource.properties, "")


def _texts(resource: Resource, value: Any, path: str) -> Iterator[tuple[str, str]]:
    joined = isinstance(value, Mapping) and len(value) == 1 and next(iter(value)).startswith(("Fn::", "Ref"))
    if isinstance(value, str) or joined:
        yield path, resource.platform.text(resource.stack, value)
    elif isinstance(value, Mapping | list):
        for key, item in value.items() if isinstance(value, Mapping) else enumerate(value):
            yield from _texts(resource, item, f"{path}.{key}" if path else str(key))


def as_list(value: Any) -> list[Any]:
    """What IAM lets be one or many, as many."""
    return value if isinstance(value, list) else [] if value is None else [value]

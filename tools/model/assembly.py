"""Resources of a synthesized environment, and the references between them."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from pathlib import Path
from typing import Any

from spotmusic_cdk.settings import Settings
from spotmusic_constructs.edge_region import EDGE_REGION
from tools.model.resolver import Place, Resolver, references_in
from tools.model.stacks import stacks_in
from tools.model.values import ACCOUNT, Json, at, children, leaves, without_suffix

_REFERENCE = re.compile(r"\$\{([^/}]+)/([A-Za-z0-9]+)(?:\.([A-Za-z0-9.]+))?\}")
"""Reference in a resolved text."""


@dataclass(frozen=True, eq=False)
class Resource:
    """Resource of a template. `resource["Path.To.Property"]` is None for absent properties.

    Args:
        platform: assembly of the resource.
        stack: id of the stack, such as `data`.
        id: logical id.
        body: resource in the template.
    """

    platform: "Assembly"
    stack: str
    id: str
    body: Json

    def __str__(self) -> str:
        return f"{self.name} ({self.type})"

    def __getitem__(self, path: str) -> Any:
        """Follow a path of property names; numbers are indices of lists."""
        return at(self.properties, path)

    @property
    def type(self) -> str:
        return str(self.body["Type"])

    @property
    def name(self) -> str:
        """Stack and logical id without CDK's hash, as in deviations and messages."""
        return f"{self.stack}/{without_suffix(self.id)}"

    @property
    def properties(self) -> Json:
        properties: Json = self.body.get("Properties", {})
        return properties

    @property
    def tags(self) -> dict[str, str]:
        tags = self.properties.get("Tags", {})
        return dict(tags) if isinstance(tags, dict) else {tag["Key"]: tag["Value"] for tag in tags}

    @property
    def outlives_its_stack(self) -> bool:
        policies = {self.body.get("DeletionPolicy"), self.body.get("UpdateReplacePolicy")}
        return policies <= {"Retain", "RetainExceptOnCreate", "Snapshot"}

    def target(self, path: str) -> "Resource | None":
        """Return the resource that a property refers to; None for a literal or several parts."""
        return self.platform.target(self.stack, self[path])

    def targets(self, path: str) -> "list[Resource]":
        """Return the resources that a property refers to.

        Raises:
            AssertionError: if one of the values is a literal.
        """
        values = self[path] or []
        found = [
            self.platform.target(self.stack, value)
            for value in (values if isinstance(values, list) else [values])
        ]
        if None in found:
            raise AssertionError(f"{self}: {path} has literals, {values}. Use references.")
        return [target for target in found if target]

    def mentions(self, path: str) -> "set[Resource]":
        """Return the resources that a property refers to, at any depth."""
        return self._targets_in(self[path])

    def text(self, path: str) -> str:
        """Return a property as text, with references as `${stack/LogicalId.Attribute}`."""
        return self.platform.text(self.stack, self[path])

    def uses(self, other: "Resource") -> bool:
        """Return whether this resource refers to another one, at any depth."""
        return other in self._mentioned

    @cached_property
    def _mentioned(self) -> "set[Resource]":
        return self._targets_in(self.properties)

    def _targets_in(self, value: Any) -> "set[Resource]":
        found = (self.platform.target(self.stack, part) for part in intrinsics(value))
        return {target for target in found if target}


@dataclass(frozen=True, kw_only=True, eq=False)
class Assembly(Resolver):
    """Synthesized environment.

    Args:
        name: name of the environment, or of a variant.
        settings: settings of the environment. They get the account of the example, as templates
            have it.
        templates: templates by stack id; a variant may have fewer.
        acknowledged: path of the construct, prefixed id of the finding, and reason.
    """

    name: str
    settings: Settings
    templates: Mapping[str, Json]
    acknowledged: tuple[tuple[str, str, str], ...] = ()

    def __post_init__(self) -> None:
        """Replace the account, as `tools.model.templates.read` does."""
        account = self.settings.account
        if account not in (None, ACCOUNT):
            text = self.settings.model_dump_json(exclude_unset=True).replace(account, ACCOUNT)
            object.__setattr__(self, "settings", Settings.model_validate_json(text))

    @cached_property
    def resources(self) -> tuple[Resource, ...]:
        return tuple(
            Resource(self, stack, id_, body)
            for stack, template in self.templates.items()
            for id_, body in template["Resources"].items()
        )

    @cached_property
    def _by_id(self) -> dict[tuple[str, str], Resource]:
        return {(resource.stack, resource.id): resource for resource in self.resources}

    @cached_property
    def _by_type(self) -> defaultdict[str, list[Resource]]:
        found = defaultdict(list)
        for resource in self.resources:
            found[resource.type].append(resource)
        return found

    def all(self, *types: str, stack: str | None = None) -> list[Resource]:
        """Return the resources of these types."""
        found = (
            self._by_type[types[0]]
            if len(types) == 1
            else [resource for resource in self.resources if resource.type in types]
        )
        return [resource for resource in found if stack in (None, resource.stack)]

    def some(self, *types: str, stack: str | None = None) -> list[Resource]:
        """Return the resources of these types, at least one.

        Raises:
            AssertionError: if no resource has one of the types.
        """
        found = self.all(*types, stack=stack)
        if not found:
            raise AssertionError(
                f"{self.name}: no stack has {' or '.join(types)}, so that nothing keeps the promise"
            )
        return found

    def only(self, type_: str) -> Resource:
        """Return the only resource of a type."""
        (found,) = self.some(type_)
        return found

    def users_of(self, resource: Resource, *types: str) -> list[Resource]:
        """Return resources of these types that refer to a resource."""
        return [user for user in self.all(*types) if user.uses(resource)]

    def resource(self, stack: str, id_: str) -> Resource:
        """Return the resource with this logical id."""
        return self._by_id[stack, id_]

    def target(self, stack: str, value: Any) -> Resource | None:
        """Return the resource that a value refers to, through outputs and exports, or None."""
        place = self.place(stack, value)
        return self._by_id.get(place[:2]) if place else None

    def place(self, stack: str, value: Any) -> Place | None:
        """Attribute behind an intrinsic function, also as part of a text."""
        if isinstance(value, dict) and value.keys() == {"Fn::Select"}:
            found = _REFERENCE.fullmatch(self.text(stack, value))
            return Place(*found.groups(default="")) if found else None
        return super().place(stack, value)

    def named(self, place: Place) -> str:
        """Attribute as `${stack/LogicalId.Attribute}`."""
        return f"${{{place.stack}/{'.'.join(filter(None, place[1:]))}}}"

    def pseudo(self, stack: str) -> Mapping[str, str]:
        """Return example values for the region of the stack."""
        return {
            **super().pseudo(stack),
            "AWS::Region": EDGE_REGION if stack == "edge" else self.settings.region,
        }

    @property
    def stack_prefix(self) -> str:
        """Name of the project and the environment."""
        return self.settings.stack_name("")

    def turned_on(self, keys: Iterable[str]) -> set[str]:
        """Return the keys of the environment file that are set or have a given value.

        For example `edge.allowed_countries` or `data.cache.engine=valkey`.
        """
        return {key for key in keys if self._has(*key.partition("="))}

    def _has(self, key: str, separator: str, value: str) -> bool:
        found = attrgetter(key)(self.settings)
        return found == value if separator else bool(found)


def intrinsics(value: Any) -> Iterator[Any]:
    """Yield mappings at any depth that may be intrinsic functions."""
    if isinstance(value, dict):
        if "Fn::Sub" in value:
            text = value["Fn::Sub"]
            names = references_in(text if isinstance(text, str) else text[0])
            yield from ({"Fn::GetAtt" if "." in name else "Ref": name} for name in names)
        if len(value) == 1:
            yield value
    for _, item in children(value):
        yield from intrinsics(item)


def texts_of(resource: Resource) -> Iterator[tuple[str, str]]:
    """Yield the texts of a resource with their paths, and with intrinsic functions resolved."""
    resolved = resource.platform.value(resource.stack, resource.properties)
    return ((path, leaf) for path, leaf in leaves(resolved) if isinstance(leaf, str))


def stacks_before(assembly: Path) -> dict[str, set[str]]:
    """Return the stacks that are deployed before each stack of a cloud assembly."""
    return reached({name: stack.dependencies for name, stack in stacks_in(assembly).items()})


def reached(direct: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """Return the names that are reachable from each name in any number of steps.

    Args:
        direct: names reachable in one step; names without any may be absent.
    """

    def all_of(name: str) -> set[str]:
        named = direct.get(name, set())
        return named.union(*(all_of(other) for other in named))

    return {name: all_of(name) for name in direct}

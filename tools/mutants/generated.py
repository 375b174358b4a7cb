"""Generated faults: each property of each resource is changed in all applicable ways.

| way | change |
|---|---|
| drop | a property or an item of a list is removed |
| flip | a switch or a word such as `ENABLED` is inverted |
| halve | a number is halved |
| swap | a reference is replaced by another resource of the same type |
| widen | a right, an address range or a principal is opened to all |
| remove | the resource is removed |
| rename | the resource has another logical id; CloudFormation replaces it |
| unprotect | the resource is deleted or replaced without retaining its data |
"""

import copy
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

from tools.model.values import children
from tools.mutants.assembly import Assembly, Files, Mutant, Place
from tools.mutants.edits import Json

REFERENCES = ("Ref", "Fn::GetAtt", "Fn::ImportValue")
POLICIES = ("DeletionPolicy", "UpdateReplacePolicy")
OPPOSITES = {
    "true": "false",
    "false": "true",
    "ENABLED": "DISABLED",
    "DISABLED": "ENABLED",
    "Enabled": "Disabled",
    "enhanced": "disabled",
    "IMMUTABLE": "MUTABLE",
    "internal": "internet-facing",
    "https-only": "http-only",
    "required": "preferred",
}
WIDER = {"Action": "*", "Resource": "*", "Principal": "*", "CidrIp": "0.0.0.0/0"}
KINDS = Path(__file__).with_name("kinds.yaml")
REVIEWED = Path(__file__).with_name("reviewed.yaml")

Steps = tuple[str | int, ...]


@dataclass(frozen=True)
class Change:
    """Change that breaks one resource.

    Args:
        place: place of the resource.
        way: `drop`, `flip` and so on.
        path: keys and indices below the resource; empty for the whole resource.
        to: new value, unless it is removed.
    """

    place: Place
    way: str
    path: Steps = ()
    to: Any = None

    @property
    def pattern(self) -> str:
        """Path below `Properties` with `*` for indices, up to the first intrinsic function."""
        steps = ["*" if isinstance(step, int) else step for step in self.path]
        cut = next((n for n, step in enumerate(steps) if step.startswith("Fn::")), len(steps))
        return ".".join(steps[:cut]).removeprefix("Properties.")

    def mutant(self) -> Mutant:
        """Return the mutant with the change."""
        path = ".".join(map(str, self.path)).removeprefix("Properties.")
        place = f"{self.place.stack}/{self.place.id} in {self.place.assembly.settings.name}"
        to = "" if self.to is None else f" to {json.dumps(self.to)[:120]}"
        return Mutant(
            fault=f"{self.way} {self.pattern} of {self.place.type}",
            of=self.place.type,
            name=f"{self.way} {path} of {place}{to}",
            assembly=self.place.assembly,
            files=self.files,
        )

    def files(self) -> Files:
        """Return the template with the change."""
        id_ = self.place.id
        if self.way == "remove":
            return self.place.with_resources({**_waiting_no_more(self.place), id_: None})
        if self.way == "rename":
            ((file, text),) = self.place.with_resources({}).items()
            return {file: text.replace(f'"{id_}"', f'"Renamed{id_}"')}
        body = copy.deepcopy(self.place.body)
        *parents, last = self.path
        holder: Any = body
        for step in parents:
            holder = holder[step]
        if self.way == "drop":
            del holder[last]
        else:
            holder[last] = self.to
        return self.place.with_resources({id_: body})


def kinds(changes: Iterable[Change]) -> Iterator[list[Change]]:
    """Yield the changes of each kind of `kinds.yaml`.

    Raises:
        LookupError: if a kind matches no change.
    """
    found: dict[tuple[str, str, str], list[Change]] = defaultdict(list)
    for change in changes:
        found[change.way, change.place.type, change.pattern].append(change)
    table: dict[str, dict[str, list[str] | None]] = yaml.safe_load(KINDS.read_text())
    for key, ways in table.items():
        of, _, at = key.partition(" ")
        for way, patterns in ways.items():
            for pattern in patterns or [""]:
                fitting = [
                    one for one in found[way, of, pattern] if fnmatchcase(one.place.name, at or "*")
                ]
                if not fitting:
                    raise LookupError(f"{key}: {way} {pattern} matches no change")
                yield fitting


def changes_of(assembly: Assembly) -> Iterator[Change]:
    """Yield all changes of all resources."""
    references = _References(assembly)
    for place in assembly.places():
        yield Change(place, "remove")
        for policy in POLICIES:
            if place.body.get(policy, "Delete") != "Delete":
                yield Change(place, "unprotect", (policy,), "Delete")
        properties = place.body.get("Properties", {})
        if (
            place.body.get("DeletionPolicy", "Delete") != "Delete"
            or properties.get("DeletionProtection") is True
        ):
            yield Change(place, "rename")
        for holder, path in _properties(properties, ("Properties",)):
            yield from _of_property(place, holder, path, references)


def reviewed() -> list[Json]:
    """Return the changes that tests need not catch: type, path, ways and reason."""
    entries: list[Json] = yaml.safe_load(REVIEWED.read_text())
    return entries


def excuses(entry: Json, change: Change) -> bool:
    """Return whether a reviewed entry matches a change."""
    return (
        change.way in entry["ways"]
        and fnmatchcase(change.place.type, entry["of"])
        and fnmatchcase(change.pattern, entry["path"])
    )


def _properties(value: Any, path: Steps) -> Iterator[tuple[Any, Steps]]:
    """Yield the container and the path of each property, at any depth."""
    for step, item in children(value):
        yield value, (*path, step)
        if _function(item) not in REFERENCES:
            yield from _properties(item, (*path, step))


def _of_property(
    place: Place, holder: Any, path: Steps, references: "_References"
) -> Iterator[Change]:
    step = path[-1]
    item = holder[step]
    if other := references.other(place.stack, item, path):
        yield Change(place, "swap", path, other)
    if any(str(part).startswith("Fn::") for part in path):
        return
    yield Change(place, "drop", path)
    if isinstance(item, bool):
        yield Change(place, "flip", path, not item)
    elif isinstance(item, str) and item in OPPOSITES:
        yield Change(place, "flip", path, OPPOSITES[item])
    elif number := _number(item):
        half = number // 2 if isinstance(number, int) else number / 2
        yield Change(place, "halve", path, str(half) if isinstance(item, str) else half)
    if (
        step in WIDER
        and item != WIDER[step]
        and (step == "CidrIp" or holder.get("Effect") == "Allow")
    ):
        yield Change(place, "widen", path, WIDER[str(step)])


class _References:
    """Interchangeable references of a stack."""

    def __init__(self, assembly: Assembly) -> None:
        self._templates = assembly.templates
        outputs = (
            (output, stack)
            for stack, template in self._templates.items()
            for output in template.get("Outputs", {}).values()
        )
        self._exports = {
            output["Export"]["Name"]: (stack, output["Value"])
            for output, stack in outputs
            if "Export" in output
        }
        self._alike: dict[tuple[str, ...], list[Json]] = defaultdict(list)
        for stack, template in self._templates.items():
            for reference in _references(template["Resources"]):
                alike = self._alike[self._kind(stack, reference)]
                if reference not in alike:
                    alike.append(reference)

    def other(self, stack: str, reference: Any, path: Steps) -> Json | None:
        """Return another reference to the same type and attribute, deterministically."""
        if _function(reference) not in REFERENCES:
            return None
        others = [
            other for other in self._alike[self._kind(stack, reference)] if other != reference
        ]
        return others[len(str(path)) % len(others)] if others else None

    def _kind(self, stack: str, reference: Json) -> tuple[str, ...]:
        ((function, argument),) = reference.items()
        if function == "Fn::ImportValue":
            owner, value = self._exports[argument]
            return (stack, function, *self._kind(owner, value)[1:])
        id_, attribute = argument if isinstance(argument, list) else (argument, "")
        target = self._templates[stack]["Resources"].get(id_, {})
        return stack, function, str(target.get("Type")), str(attribute)


def _waiting_no_more(place: Place) -> dict[str, Json | None]:
    """Return dependents of a resource without that dependency."""
    found: dict[str, Json | None] = {}
    for id_, body in place.assembly.templates[place.stack]["Resources"].items():
        if place.id in body.get("DependsOn", []):
            found[id_] = {**body, "DependsOn": [on for on in body["DependsOn"] if on != place.id]}
    return found


def _references(value: Any) -> Iterator[Json]:
    if _function(value) in REFERENCES:
        yield value
    for _, item in children(value):
        yield from _references(item)


def _function(value: Any) -> str:
    return str(next(iter(value))) if isinstance(value, dict) and len(value) == 1 else ""


def _number(value: Any) -> int | float:
    """Return a number from a number or its text; 0 for other values."""
    text = str(value)
    if isinstance(value, bool | dict | list) or not text.replace(".", "", 1).isdigit():
        return 0
    return int(text) if text.isdigit() else float(text)

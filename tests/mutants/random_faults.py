"""Faults drawn at random over all properties: one is dropped, a switch turned, a number halved, or a reference swapped."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tests.conftest import settings_of
from tests.model.assembly import Assembly, Resource
from tests.model.values import Json
from tests.mutants.assemblies import Assemblies
from tests.mutants.fault import Fault, Mutant
from tests.mutants.harmless import HARMLESS, Harmless
from tests.mutants.seed import Place, name_of

ENVIRONMENTS = ("dev", "prod")
REFERENCES = ("Ref", "Fn::GetAtt", "Fn::ImportValue")

Steps = tuple[str | int, ...]


@dataclass(frozen=True)
class Drawn:
    """One property that may be broken.

    Args:
        resource: resource that has it.
        path: keys and indices below `Properties`.
        kind: `drop`, `flip`, `halve` or `swap`.
        to: what is written in its place; nothing where it is dropped.
    """

    resource: Resource
    path: Steps
    kind: str
    to: Any = None

    @property
    def pattern(self) -> str:
        """Path with `*` in place of indices, and nothing below the intrinsic function that a reference is a part of."""
        steps = ["*" if isinstance(step, int) else step for step in self.path]
        cut = next((number for number, step in enumerate(steps) if step.startswith("Fn::")), len(steps))
        return ".".join(steps[:cut])

    def mutant(self) -> Mutant:
        """The fault as `make mutants` judges it."""
        place = f"{self.resource.stack}/{self.resource.id}"
        name = f"{self.kind} {'.'.join(map(str, self.path))} of {place} in {self.resource.platform.name}"
        fault = Fault(
            name if self.to is None else f"{name}, to {json.dumps(self.to)[:120]}",
            name_of(self.resource.stack, self.resource.id),
            self._change,
            "It is not what was meant.",
            of=self.resource.type,
            environment=self.resource.platform.name,
        )
        return Mutant(fault=fault, place=name_of(self.resource.stack, self.resource.id))

    def _change(self, place: Place) -> None:
        place = Place(place.seed, place.stack, self.resource.id)
        *parents, last = self.path
        holder: Any = place.body["Properties"]
        for step in parents:
            holder = holder[step]
        if self.kind == "drop":
            del holder[last]
        else:
            holder[last] = self.to


class Population:
    """Every fault that can be drawn from one environment.

    Args:
        platform: the environment.
    """

    def __init__(self, platform: Assembly) -> None:
        self._platform = platform

    def faults(self) -> Iterator[Drawn]:
        """Yields each property once for each way in which it can be broken."""
        for resource in self._platform.resources:
            yield from self._below(resource, resource.properties, ())

    def _below(self, resource: Resource, value: Any, path: Steps) -> Iterator[Drawn]:
        steps = enumerate(value) if isinstance(value, list) else value.items() if isinstance(value, Mapping) else ()
        inside = any(str(step).startswith("Fn::") for step in path)
        for step, item in steps:
            at = (*path, step)
            if _function(item) in REFERENCES:
                yield from self._swapped(resource, item, at)
            if not inside and not str(step).startswith("Fn::"):
                yield Drawn(resource, at, "drop")
                if isinstance(item, bool) or item in ("true", "false"):
                    yield Drawn(resource, at, "flip", _flipped(item))
                elif (half := _halved(item)) is not None:
                    yield Drawn(resource, at, "halve", half)
            if _function(item) not in REFERENCES:
                yield from self._below(resource, item, at)

    def _swapped(self, resource: Resource, reference: Json, path: Steps) -> Iterator[Drawn]:
        target = self._platform.target(resource.stack, reference)
        if target is None:
            return
        others = [other for other in self._of_its_kind[resource.stack, *_kind(reference, target)] if other != reference]
        if others:
            # The neighbour in the order of the template: drawing it again gives the same.
            yield Drawn(resource, path, "swap", others[len(str(path)) % len(others)])

    @cached_property
    def _of_its_kind(self) -> Mapping[tuple[str, ...], list[Json]]:
        """References that a stack can make, by stack, function, type and attribute."""
        found: dict[tuple[str, ...], list[Json]] = _Lists()
        for stack, template in self._platform.templates.items():
            for value in _references(template):
                target = self._platform.target(stack, value)
                if target and value not in found[stack, *_kind(value, target)]:
                    found[stack, *_kind(value, target)].append(value)
        return found


class _Lists(dict[tuple[str, ...], list[Json]]):
    def __missing__(self, key: tuple[str, ...]) -> list[Json]:
        self[key] = []
        return self[key]


def population(assemblies: Assemblies) -> list[Drawn]:
    """Every fault that can be drawn."""
    found: list[Drawn] = []
    for environment in ENVIRONMENTS:
        platform = Assembly(name=environment, settings=settings_of(environment), templates=assemblies.seed(environment).templates)
        found += Population(platform).faults()
    return found


def reviewed(fault: Drawn) -> Harmless | None:
    """The entry of `HARMLESS` that a fault is in; none when it has to be caught."""
    return next((entry for entry in HARMLESS if entry.excuses(fault.resource.type, fault.pattern, fault.kind)), None)


def unused(faults: Sequence[Drawn]) -> list[str]:
    """Entries of `HARMLESS` that no property needs any more."""
    classes = {(fault.resource.type, fault.pattern, fault.kind) for fault in faults}
    return [str(entry) for entry in HARMLESS if not any(entry.excuses(*of) for of in classes)]


def _kind(reference: Json, target: Resource) -> tuple[str, ...]:
    """What two references have in common of which one can stand in place of the other."""
    function, argument = next(iter(reference.items()))
    attribute = argument[1] if isinstance(argument, list) else ""
    return function, target.type, attribute


def _function(value: Any) -> str:
    return str(next(iter(value))) if isinstance(value, Mapping) and len(value) == 1 else ""


def _references(value: Any) -> Iterator[Json]:
    if _function(value) in REFERENCES:
        yield dict(value)
    for item in value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ():
        yield from _references(item)


def _flipped(value: bool | str) -> bool | str:
    return not value if isinstance(value, bool) else {"true": "false", "false": "true"}[value]


def _halved(value: Any) -> int | float | str | None:
    """Half of a number, or of a text that is one; none of what is no number, or would stay the same."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    text = str(value)
    if not text.replace(".", "", 1).isdigit():
        return None
    half: int | float = int(text) // 2 if text.isdigit() else float(text) / 2
    if half == float(text):
        return None
    return str(half) if isinstance(value, str) else half

"""What a fault does to a resource. A step of a path is a key, the index of an item, the item that has some values, or `EACH`."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tests.model.values import Json
from tests.mutants.fault import Change
from tests.mutants.seed import Place

EACH = "*"
"""Step to every item of a list, or every value of a mapping."""

RANDOM = "".join(("Zq8v", "N3xK", "7rT2", "wP5m"))
"""What looks like a password. It is in parts, so that nobody takes this file for one that holds a secret."""

Step = str | int | Mapping[str, Any]

_TOKEN = re.compile(r"⟦(\d+)⟧")


def put(*path: Step, to: Any) -> Change:
    """Says something else in a property."""

    def change(place: Place) -> None:
        _each(place.body.setdefault("Properties", {}), path, lambda holder, last: holder.__setitem__(last, to))

    return change


def drop(*path: Step) -> Change:
    """Takes a property, or an item of a list, away."""

    def change(place: Place) -> None:
        _each(place.body["Properties"], path, lambda holder, last: holder.__delitem__(last), present=True)

    return change


def add(*path: Step, item: Any) -> Change:
    """Adds an item to a list."""

    def change(place: Place) -> None:
        for items in list(_reached(place.body["Properties"], path)):
            items.append(item)

    return change


def keep(*path: Step, first: int) -> Change:
    """Leaves the first items of a list only."""

    def change(place: Place) -> None:
        for items in list(_reached(place.body["Properties"], path)):
            del items[first:]

    return change


def attribute(key: str, *, to: str, of: str = "LoadBalancerAttributes") -> Change:
    """Says something else in an attribute of a load balancer or a target group."""
    return put(of, {"Key": key}, "Value", to=to)


def policies(**removal: str) -> Change:
    """Says something else of what becomes of the resource, such as `DeletionPolicy`."""

    def change(place: Place) -> None:
        place.body.update(removal)

    return change


def reads(old: str, new: str) -> Change:
    """Replaces a text wherever it stands in the resource, written as JSON."""

    def change(place: Place) -> None:
        text = json.dumps(place.body)
        if old not in text:
            raise LookupError(f"{place.name} does not say {old}")
        place.resources[place.id] = json.loads(text.replace(old, new))

    return change


def gone(place: Place) -> None:
    """Removes the resource, and what waits for it waits no more."""
    del place.resources[place.id]
    for id_, resource in place.resources.items():
        if place.id in resource.get("DependsOn", []):
            left = [other for other in resource["DependsOn"] if other != place.id]
            place.resources[id_] = {**resource, "DependsOn": left}


def first(place: Place) -> None:
    """Lets the resource wait for nothing."""
    place.body.pop("DependsOn")


def renamed(place: Place) -> None:
    """Gives the resource another logical id, everywhere: CloudFormation makes a new one and deletes the old."""
    new = f"Renamed{place.id}"
    for stack, template in place.seed.templates.items():
        if stack == place.stack:
            template["Resources"] = json.loads(json.dumps(template["Resources"]).replace(f'"{place.id}"', f'"{new}"'))
            template["Outputs"] = json.loads(json.dumps(template.get("Outputs", {})).replace(f'"{place.id}"', f'"{new}"'))


def twin(id_: str, *changes: Change) -> Change:
    """Adds a copy of the resource, and changes that."""

    def change(place: Place) -> None:
        place.resources[id_] = place.body
        for one in changes:
            one(Place(place.seed, place.stack, id_))

    return change


def refer(*path: Step, to: str) -> Change:
    """Lets a property refer to another resource of the stack, by its name without hash."""

    def change(place: Place) -> None:
        (target,) = (other.id for other in place.seed.places(to) if other.name == to)
        put(*path, to={"Ref": target})(place)

    return change


def both(*changes: Change) -> Change:
    """Does several things."""

    def change(place: Place) -> None:
        for one in changes:
            one(place)

    return change


def value(*path: Step, to: Any) -> Change:
    """Says something else in the values of a Helm release."""
    return _values(lambda values: _each(values, path, lambda holder, last: holder.__setitem__(last, to)))


def no_value(*path: Step) -> Change:
    """Takes something away from the values of a Helm release."""
    return _values(lambda values: _each(values, path, lambda holder, last: holder.__delitem__(last), present=True))


def value_reads(old: str, new: str) -> Change:
    """Replaces a text in the values of a Helm release."""

    def replace(values: Json) -> None:
        text = json.dumps(values)
        if old not in text:
            raise LookupError(f"no value says {old}")
        values.update(json.loads(text.replace(old, new)))

    return _values(replace)


def chart(file: str, old: str, new: str) -> Change:
    """Replaces a text in one of our own charts, as it is deployed."""

    def change(place: Place) -> None:
        (hash_,) = re.findall(r"/([0-9a-f]{64})\.zip", json.dumps(place.body["Properties"]["ChartAssetURL"]))
        path = f"asset.{hash_}/{file}"
        text = place.seed.text(path)
        if old not in text:
            raise LookupError(f"{file} of {place.name} does not say {old!r}")
        place.seed.files[path] = text.replace(old, new)

    return change


def manifest(key: str, to: Any) -> Change:
    """Says something else of the stack that the resource is in, in the manifest of the assembly."""

    def change(place: Place) -> None:
        file = next(place.seed.original.glob("assembly-*/manifest.json")).relative_to(place.seed.original)
        content = json.loads(place.seed.text(str(file)))
        for artifact in content["artifacts"].values():
            if artifact["type"] == "aws:cloudformation:stack" and f"/{place.stack}" in artifact["displayName"]:
                artifact["properties"][key] = to
        place.seed.files[str(file)] = json.dumps(content)

    return change


def _values(edit: Callable[[Json], None]) -> Change:
    """Edits values that the template holds as a text, or joins from texts and references."""

    def change(place: Place) -> None:
        properties = place.body["Properties"]
        joined = properties["Values"]
        parts = [joined] if isinstance(joined, str) else joined["Fn::Join"][1]
        values = json.loads("".join(part if isinstance(part, str) else f"⟦{number}⟧" for number, part in enumerate(parts)))
        edit(values)
        texts = _TOKEN.split(json.dumps(values, ensure_ascii=False))
        properties["Values"] = {"Fn::Join": ["", [parts[int(text)] if index % 2 else text for index, text in enumerate(texts)]]}

    return change


def _each(value: Any, path: tuple[Step, ...], do: Callable[[Any, Any], None], *, present: bool = False) -> None:
    """Does something with every holder of the last step, and the key or the index of that step in it."""
    *parents, last = path
    for holder in list(_reached(value, tuple(parents))):
        for key in list(_keys(holder, last)):
            if present and isinstance(holder, Mapping) and key not in holder:
                raise LookupError(f"nothing is called {key}")
            do(holder, key)


def _reached(value: Any, path: tuple[Step, ...]) -> Iterator[Any]:
    if not path:
        yield value
        return
    for key in list(_keys(value, path[0])):
        yield from _reached(value[key], path[1:])


def _keys(holder: Any, step: Step) -> Iterator[Any]:
    """Keys or indices that a step leads to, of which there has to be one."""
    if step == EACH:
        yield from range(len(holder)) if isinstance(holder, list) else list(holder)
    elif isinstance(step, Mapping):
        fitting = [number for number, item in enumerate(holder) if step.items() <= item.items()]
        if not fitting:
            raise LookupError(f"no item has {step}")
        yield fitting[0]
    else:
        yield step

"""Faults of `faults.yaml`, which cannot be generated from templates."""

import copy
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from tools.mutants.assembly import Assembly, Files, Mutant, Place
from tools.mutants.edits import Json, edit, edit_values, replace

TABLE = Path(__file__).with_name("faults.yaml")
ATTRIBUTES = ("DeletionPolicy", "UpdateReplacePolicy", "DependsOn")
"""Keys of a resource; all other paths are properties."""

PASSWORD = "".join(("Zq8v", "N3xK", "7rT2", "wP5m"))
"""Value of `<password>` in the table, because scanners report literals as secrets."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """Fault, seeded in each matching resource.

    Args:
        of: type of the resources.
        at: pattern of their names: stack and logical id without the hash.
        by: prefix of the test that must catch the fault; empty for any test.
        environment: environment with the fault.
        settings: value by path of the environment's file, instead of a change of the template.
        set: value by path of the resource; None removes it.
        copy: applies the changes to a copy, which is added.
        text: replacement by text of the resource as JSON.
        values: value by path of the values of a Helm release.
        values_text: replacement by text of these values as JSON.
        chart: replacement by text, by file of our own chart.
        manifest: value by key of the stack's entry in the manifest.
    """

    of: str
    at: str = "*"
    by: str = ""
    environment: str = "prod"
    settings: Mapping[str, Any] = field(default_factory=dict)
    set: Mapping[str, Any] = field(default_factory=dict)
    copy: bool = False
    text: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    values_text: Mapping[str, str] = field(default_factory=dict)
    chart: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    manifest: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Type, place and change."""
        changes = (self.settings, self.set, self.text, self.values, self.values_text, self.manifest)
        texts = [f"{key} → {json.dumps(to)}" for of in changes for key, to in of.items()]
        texts += [f"{old} → {new}" for of in self.chart.values() for old, new in of.items()]
        return f"{self.of.removeprefix('AWS::')} {self.at}: {', '.join(texts)}".strip()

    def mutants(self, assembly: Assembly) -> Iterator[Mutant]:
        """Yield the fault once for each place of an assembly."""
        if self.settings:
            yield self._mutant(assembly, assembly.settings.name, dict)
            return
        for place in assembly.places(self.of, self.at):
            with suppress(LookupError):  # paths or texts do not exist
                self._body(place)
                yield self._mutant(assembly, place.name, partial(self.files, place))

    def files(self, place: Place) -> Files:
        """Return the files that differ for one place.

        Raises:
            LookupError: if the fault has no effect.
        """
        changed = {**self._chart_files(place), **self._manifest_files(place)}
        body = self._body(place)
        if body != place.body:
            changed |= place.with_resources({f"Copy{place.id}" if self.copy else place.id: body})
        if not changed:
            raise LookupError(f"{self.name}: {place.name} is unchanged")
        return changed

    def _body(self, place: Place) -> Json:
        body = copy.deepcopy(place.body)
        edit(body, {k: v for k, v in self.set.items() if k in ATTRIBUTES})
        edit(
            body.setdefault("Properties", {}),
            {k: v for k, v in self.set.items() if k not in ATTRIBUTES},
        )
        if self.values or self.values_text:
            properties = body["Properties"]
            properties["Values"] = edit_values(properties["Values"], self.values, self.values_text)
        changed: Json = json.loads(replace(json.dumps(body), self.text))
        return changed

    def _mutant(self, assembly: Assembly, place: str, files: Any) -> Mutant:
        name = f"{self.name} in {place}"
        return Mutant(
            fault=self.name, of=self.of, name=name, assembly=assembly, files=files, by=self.by
        )

    def _chart_files(self, place: Place) -> Files:
        changed = {}
        for file, texts in self.chart.items():
            url = json.dumps(place.body["Properties"]["ChartAssetURL"])
            (hash_,) = re.findall(r"/([0-9a-f]{64})\.zip", url)
            path = f"asset.{hash_}/{file}"
            changed[path] = replace(place.assembly.text(path), texts)
        return changed

    def _manifest_files(self, place: Place) -> Files:
        if not self.manifest:
            return {}
        file = f"assembly-{place.assembly.settings.name}/manifest.json"
        content: Json = json.loads(place.assembly.text(file))
        for artifact in content["artifacts"].values():
            if (
                artifact["type"] == "aws:cloudformation:stack"
                and f"/{place.stack}" in artifact["displayName"]
            ):
                artifact["properties"].update(self.manifest)
        return {file: json.dumps(content)}


def rows() -> list[Row]:
    """Read the table: rows by type and name of the resources, or under `settings`."""
    text = TABLE.read_text().replace("<password>", PASSWORD)
    table: dict[str, list[Json]] = yaml.load(text, yaml.CSafeLoader)
    found = []
    for key, listed in table.items():
        of, _, at = key.partition(" ")
        found += [Row(of=of, at=at or "*", **row) for row in listed]
    return found

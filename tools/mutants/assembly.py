"""Cloud assemblies with seeded faults."""

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from spotmusic_cdk.settings import Settings, parse
from tools.checkout import ROOT, synthesize
from tools.model.stacks import stacks_in
from tools.model.templates import Template
from tools.model.values import without_suffix
from tools.mutants.edits import Json, edit

Files = Mapping[str, str]
"""Text by path below the folder of an assembly."""


@dataclass(frozen=True, eq=False)
class Assembly:
    """Cloud assembly of one environment.

    Args:
        settings: synthesized settings.
        folder: folder of the assembly.
    """

    settings: Settings
    folder: Path

    @cached_property
    def templates(self) -> dict[str, Template]:
        """Template by stack."""
        return {stack: json.loads(self.text(file)) for stack, file in self.files.items()}

    @cached_property
    def files(self) -> dict[str, str]:
        """Template file by stack, below the folder."""
        stage = f"assembly-{self.settings.name}"
        return {
            id_: f"{stage}/{stack.template.name}"
            for id_, stack in stacks_in(self.folder / stage).items()
        }

    def text(self, file: str) -> str:
        """Return the text of a file below the folder."""
        return (self.folder / file).read_text()

    def places(self, of: str = "*", at: str = "*") -> "Iterator[Place]":
        """Yield the resources of a type with a matching name; both are patterns."""
        for stack, template in self.templates.items():
            for id_, resource in template["Resources"].items():
                place = Place(self, stack, id_)
                if fnmatchcase(resource["Type"], of) and fnmatchcase(place.name, at):
                    yield place

    def write(self, outdir: Path, files: Files) -> None:
        """Write the assembly with other texts in some files.

        All other files are hard links to the original, because Helm writes warnings about symbolic
        links before its errors.
        """
        shutil.copytree(self.folder, outdir, copy_function=os.link, dirs_exist_ok=True)
        for file, text in files.items():
            (outdir / file).unlink()
            (outdir / file).write_text(text)


@dataclass(frozen=True)
class Place:
    """Resource of an assembly.

    Args:
        assembly: assembly of the resource.
        stack: id of the stack.
        id: logical id of the resource.
    """

    assembly: Assembly
    stack: str
    id: str

    @property
    def name(self) -> str:
        """Stack and logical id without CDK's hash."""
        return f"{self.stack}/{without_suffix(self.id)}"

    @property
    def body(self) -> Json:
        """Definition in the template."""
        body: Json = self.assembly.templates[self.stack]["Resources"][self.id]
        return body

    @property
    def type(self) -> str:
        """Resource type, such as `AWS::S3::Bucket`."""
        return str(self.body["Type"])

    def with_resources(self, changed: Mapping[str, Json | None]) -> Files:
        """Return the template with other resources by logical id; None removes one."""
        template = self.assembly.templates[self.stack]
        resources = {**template["Resources"], **changed}
        left = {id_: body for id_, body in resources.items() if body is not None}
        text = json.dumps({**template, "Resources": left})
        return {self.assembly.files[self.stack]: text}


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """Environment with one fault.

    Args:
        fault: name in the report.
        of: type of the resource.
        name: fault and place.
        assembly: original.
        files: returns the texts that differ from the original.
        by: prefix of the test that must catch the fault; empty for any test.
    """

    fault: str
    of: str
    name: str
    assembly: Assembly
    files: Callable[[], Files]
    by: str = ""

    @property
    def environment(self) -> str:
        """Environment with the fault."""
        return self.assembly.settings.name


@dataclass
class Verdict:
    """Result of the tests for a mutant.

    Args:
        mutant: tested mutant.
        caught_by: names of the tests that failed.
        crashes: names of the tests that ended in an unrelated error.
    """

    mutant: Mutant
    caught_by: list[str]
    crashes: list[str]


def synthesized(folder: Path, settings: Settings) -> Assembly:
    """Synthesize an environment into a folder."""
    synthesize(settings, outdir=folder)
    return Assembly(settings, folder)


def changed_settings(environment: str, changes: Mapping[str, Any]) -> Settings:
    """Read the file of an environment with other values by path.

    Raises:
        SettingsError: if the file is invalid.
    """
    file = ROOT / "environments" / f"{environment}.yaml"
    document = yaml.load(file.read_text(), yaml.CSafeLoader)
    edit(document, changes)
    return parse(yaml.safe_dump(document), source=file)

"""An environment that may be broken in one place: what is touched is copied, and the original stays whole."""

import copy
import json
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from tests.conftest import Template
from tests.model.values import Json

_HASH = re.compile(r"[0-9A-F]{8}$")


@cache
def name_of(stack: str, id_: str) -> str:
    """Stack and logical id without the hash that CDK ends it with."""
    return f"{stack}/{_HASH.sub('', id_)}"


@dataclass(eq=False)
class Seed:
    """One environment, to be changed by hand and handed over to the tests.

    Args:
        original: folder of the cloud assembly, the one that the assembly of the stage lies in.
        templates: its templates by stack.
        files: text by path below that folder, of files other than templates that are changed.
    """

    original: Path
    templates: Mapping[str, Template]
    files: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._before = self.templates
        self.templates = {stack: {**template, "Resources": dict(template["Resources"])} for stack, template in self.templates.items()}

    def places(self, at: str, of: str = "*") -> "Iterator[Place]":
        """Yields the resources whose name, and whose type, fit patterns."""
        for stack, template in self.templates.items():
            for id_, resource in list(template["Resources"].items()):
                if fnmatchcase(resource["Type"], of) and fnmatchcase(name_of(stack, id_), at):
                    yield Place(self, stack, id_)

    def changed(self) -> list[str]:
        """Stacks whose templates are not what they were."""
        return [stack for stack, template in self.templates.items() if template != self._before[stack]]

    def text(self, file: str) -> str:
        """A file of the assembly, as it is by now."""
        return self.files.get(file) or (self.original / file).read_text()

    def written_to(self, folder: Path) -> None:
        """Writes the broken assembly; what is not broken is a link to the original."""
        stage = next(self.original.glob("assembly-*"))
        broken = {name: json.dumps(self.templates[stack]) for stack, name in _files(stage).items() if stack in self.changed()}
        files = {**self.files, **{f"{stage.name}/{name}": text for name, text in broken.items()}}
        opened = {str(Path(file).parents[depth]) for file in files for depth in range(len(Path(file).parts))}
        _link(self.original, folder, opened)
        for file, text in files.items():
            (folder / file).unlink(missing_ok=True)
            (folder / file).write_text(text)


def _link(source: Path, target: Path, opened: set[str], below: Path = Path()) -> None:
    """Links what is in a folder, but makes those folders anew in which something is going to differ."""
    target.mkdir(exist_ok=True)
    for item in source.iterdir():
        if str(below / item.name) in opened:
            _link(item, target / item.name, opened, below / item.name)
        else:
            (target / item.name).symlink_to(item)


def _files(stage: Path) -> dict[str, str]:
    """Name of its template by stack."""
    artifacts = json.loads((stage / "manifest.json").read_text())["artifacts"].values()
    stacks = [artifact for artifact in artifacts if artifact["type"] == "aws:cloudformation:stack"]
    return {stack["displayName"].split("/")[1].split(" ")[0]: stack["properties"]["templateFile"] for stack in stacks}


def templates_of(assembly: Path) -> dict[str, Template]:
    """Reads the templates of an assembly by stack."""
    stage = next(assembly.glob("assembly-*"))
    return {stack: json.loads((stage / name).read_text()) for stack, name in _files(stage).items()}


def linked(assembly: Path, target: Path) -> None:
    """Puts an assembly in which nothing is changed in the place of an empty folder."""
    target.rmdir()
    target.symlink_to(assembly)


def discard(folder: Path) -> None:
    """Removes an assembly that was handed over."""
    if folder.is_symlink():
        folder.unlink()
    else:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class Place:
    """One resource that may be changed.

    Args:
        seed: environment that it belongs to.
        stack: id of its stack.
        id: its logical id.
    """

    seed: Seed
    stack: str
    id: str

    @property
    def name(self) -> str:
        return name_of(self.stack, self.id)

    @property
    def resources(self) -> Json:
        resources: Json = self.seed.templates[self.stack]["Resources"]
        return resources

    @property
    def body(self) -> Json:
        """The resource, which the caller may change."""
        body: Json = copy.deepcopy(self.resources[self.id])
        self.resources[self.id] = body
        return body

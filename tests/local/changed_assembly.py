"""Copies of the synthesized assembly with changes, like a developer's next synthesis."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tools.local_aws.assembly import SynthesizedStack

Resources = dict[str, dict[str, Any]]


def changed_assembly(
    assembly: Path, stack: SynthesizedStack, change: Callable[[Resources], None], *, into: Path
) -> Path:
    """Copy an assembly and change the resources of one stack's template.

    The CLI uploads a template with the hash of its content and skips existing ones, so this changes
    the hash as well.

    Args:
        assembly: the synthesized assembly.
        stack: the stack to change.
        change: changes the resources in place.
        into: folder of the copy. It must not exist.
    """
    shutil.copytree(assembly, into, symlinks=True)
    folder = into / stack.template.parent.name
    document = json.loads((folder / stack.template.name).read_text())
    change(document["Resources"])
    text = json.dumps(document)
    (folder / stack.template.name).write_text(text)
    _rehash(folder, stack.template.name, hashlib.sha256(text.encode()).hexdigest())
    return into


def with_templates(assembly: Path, templates: dict[str, dict[str, Any]], *, into: Path) -> Path:
    """Copy an assembly with other templates, such as those of an earlier release, and with the
    dependencies of their references.

    Args:
        assembly: the synthesized assembly.
        templates: templates by the stack's id without its stage, such as `network`.
        into: folder of the copy. It must not exist.
    """
    shutil.copytree(assembly, into, symlinks=True)
    for folder in into.glob("assembly-*"):
        manifest = json.loads((folder / "manifest.json").read_text())
        made = {
            key: artifact
            for key, artifact in manifest["artifacts"].items()
            if artifact["type"] == "aws:cloudformation:stack"
        }
        names = {key: stack["properties"]["stackName"] for key, stack in made.items()}
        texts = {
            key: json.dumps(templates[stack["displayName"].split("/")[1].split(" ")[0]])
            for key, stack in made.items()
        }
        for key, stack in made.items():
            producers = {
                other
                for other, name in names.items()
                if other != key and f'"StackName": "{name}"' in texts[key]
            }
            stack["dependencies"] = sorted({*stack.get("dependencies", []), *producers})
        (folder / "manifest.json").write_text(json.dumps(manifest))
        for key, stack in made.items():
            name, text = stack["properties"]["templateFile"], texts[key]
            (folder / name).write_text(text)
            _rehash(folder, name, hashlib.sha256(text.encode()).hexdigest())
    return into


def _rehash(folder: Path, template: str, new: str) -> None:
    for manifest in folder.glob("*.assets.json"):
        files = json.loads(manifest.read_text())["files"]
        for old in [key for key, asset in files.items() if asset["source"]["path"] == template]:
            for file in (manifest, folder / "manifest.json"):
                file.write_text(file.read_text().replace(old, new))

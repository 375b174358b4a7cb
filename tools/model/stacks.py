"""Stacks of a cloud assembly, read from its manifest."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spotmusic_cdk.command_line import CommandError


class SourceError(CommandError):
    """Unavailable templates. The message has the reason and the remedy."""


@dataclass(frozen=True, kw_only=True)
class Stack:
    """Stack of a cloud assembly.

    Args:
        name: name in CloudFormation, such as `spotmusic-prod-data`.
        account: target account.
        region: target region.
        template: file of the template.
        dependencies: ids of stacks that are deployed first.
        protected: whether termination protection is enabled.
    """

    name: str
    account: str
    region: str
    template: Path
    dependencies: set[str]
    protected: bool

    @property
    def place(self) -> tuple[str, str, str]:
        """Attributes that no update can change: account, region and name."""
        return self.account, self.region, self.name


def stacks_in(assembly: Path) -> dict[str, Stack]:
    """Return the stacks of a cloud assembly by id.

    Args:
        assembly: folder with the manifest of one environment.
    """
    manifest = json.loads((assembly / "manifest.json").read_text())["artifacts"]
    artifacts = {key: a for key, a in manifest.items() if a["type"] == "aws:cloudformation:stack"}
    ids = {
        key: artifact["displayName"].split("/")[1].split(" ")[0]
        for key, artifact in artifacts.items()
    }
    return {ids[key]: _stack(assembly, artifact, ids) for key, artifact in artifacts.items()}


def platform_in(folder: Path) -> Path:
    """Return the folder with the manifest of one environment: the given one or its subfolder.

    Raises:
        SourceError: if the folder has no environment, or more than one.
    """
    found = [folder, *sorted(folder.glob("assembly-*"))]
    manifests = [path for path in found if (path / "manifest.json").exists() and stacks_in(path)]
    if len(manifests) != 1:
        raise SourceError(
            f"{folder}: {len(manifests)} environments found. "
            "Use the folder of one, such as cdk.out/prod."
        )
    return manifests[0]


def _stack(assembly: Path, artifact: dict[str, Any], ids: dict[str, str]) -> Stack:
    account, _, region = artifact["environment"].removeprefix("aws://").partition("/")
    properties = artifact["properties"]
    return Stack(
        name=properties.get("stackName", artifact["displayName"].replace("/", "-")),
        account=account,
        region=region,
        template=assembly / properties["templateFile"],
        dependencies={ids[key] for key in artifact.get("dependencies", []) if key in ids},
        protected=properties.get("terminationProtection") is True,
    )

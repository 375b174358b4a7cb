"""Cloud assembly: its stacks, their accounts and regions, and their resources."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spotmusic_constructs.edge_region import EDGE_REGION
from tools.model.stacks import Stack, stacks_in


@dataclass(frozen=True, kw_only=True)
class SynthesizedStack(Stack):
    """Stack of the assembly, with its resources.

    Args:
        id: name of the stack in the CDK CLI, such as `dev/network`.
        resources: resources of the template by logical id.
    """

    id: str
    resources: dict[str, dict[str, Any]]


def stacks(assembly: Path, *, environment: str) -> list[SynthesizedStack]:
    """Return the stacks of one stage in the order of the manifest.

    Args:
        assembly: folder of the cloud assembly.
        environment: name of the stage, such as `dev`.

    Raises:
        FileNotFoundError: if the assembly has no such stage.
    """
    return [
        SynthesizedStack(
            **vars(stack),
            id=f"{environment}/{id_}",
            resources=json.loads(stack.template.read_text()).get("Resources", {}),
        )
        for id_, stack in stacks_in(assembly / f"assembly-{environment}").items()
    ]


def environment_of(assembly: Path) -> str | None:
    """Return the name of an assembly's stage, such as `dev`; None if there is no assembly."""
    folders = sorted(assembly.glob("assembly-*"))
    return folders[0].name.removeprefix("assembly-") if folders else None


def home_region(assembly: Path) -> str:
    """Return the region of stacks that are not at the edge; without any, the edge region."""
    environment = environment_of(assembly)
    found = stacks_in(assembly / f"assembly-{environment}").values() if environment else ()
    return next((stack.region for stack in found if stack.region != EDGE_REGION), EDGE_REGION)


def regions(found: list[SynthesizedStack]) -> list[str]:
    """Return the distinct regions of stacks, in order."""
    return list(dict.fromkeys(stack.region for stack in found))

"""Which stacks are deployed before which, as the cloud assembly says."""

import json
from collections.abc import Mapping
from pathlib import Path


def stacks_before(assembly: Path) -> dict[str, set[str]]:
    """Everything that is deployed before each stack of an assembly, however far."""
    artifacts = json.loads((assembly / "manifest.json").read_text())["artifacts"]
    stacks = {id_: artifact for id_, artifact in artifacts.items() if artifact["type"] == "aws:cloudformation:stack"}
    names = {id_: artifact["displayName"].split("/")[1].split(" ")[0] for id_, artifact in stacks.items()}
    return reached(
        {names[id_]: {names[other] for other in stack.get("dependencies", []) if other in names} for id_, stack in stacks.items()}
    )


def reached(direct: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """What each name leads to, by as many steps as it takes.

    Args:
        direct: what each leads to by one step. A name that leads nowhere may be left out.
    """

    def all_of(name: str) -> set[str]:
        named = direct.get(name, set())
        return named.union(*(all_of(other) for other in named))

    return {name: all_of(name) for name in direct}

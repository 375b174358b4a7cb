"""Private names of the pinned emulator that this project replaces or calls."""

import ast
import inspect
from collections.abc import Iterator
from types import ModuleType

import pytest

from tools.local_aws import corrections, emulator, patches, rights, stub


def used(ours: ModuleType) -> Iterator[tuple[ModuleType, str]]:
    """Attributes of the emulator's modules in the source of a module."""
    for node in ast.walk(ast.parse(inspect.getsource(ours))):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            theirs = vars(ours).get(node.value.id)
            if isinstance(theirs, ModuleType) and theirs.__name__.startswith("ministack."):
                yield theirs, node.attr


NAMES = {
    f"{theirs.__name__}.{name}": (theirs, name)
    for ours in (corrections, emulator, patches, rights, stub)
    for theirs, name in used(ours)
}


@pytest.mark.parametrize("name", sorted(NAMES))
def test_emulator_has_the_private_name(name: str) -> None:
    assert hasattr(*NAMES[name])

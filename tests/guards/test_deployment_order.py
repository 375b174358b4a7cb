"""Dependencies between stacks, compared with the diagram in the document, and access to images."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tools.checkout import ROOT
from tools.model.assembly import reached, stacks_before

ENVIRONMENTS = ["dev", "staging", "prod"]


def test_diagram_matches_stack_dependencies(synthesized: Callable[[str], Path]) -> None:
    arrows = re.findall(
        r"^    ([\w-]+) --> ([\w-]+)$",
        (ROOT / "docs" / "deployment.md").read_text(),
        flags=re.MULTILINE,
    )
    drawn: dict[str, set[str]] = {}
    for earlier, later in arrows:
        drawn.setdefault(later, set()).add(earlier)
    assert reached(drawn) == {
        stack: earlier for stack, earlier in stacks_before(synthesized("prod")).items() if earlier
    }


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("stack", ["eks-platform", "ecs-services"])
def test_pull_rules_precede_image_users(
    synthesized: Callable[[str], Path], environment: str, stack: str
) -> None:
    assert "registry" in stacks_before(synthesized(environment))[stack]

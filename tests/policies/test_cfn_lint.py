"""cfn-lint finds nothing in production's templates. `make cfn-lint` asks it about every environment, which costs as much again for each."""

from collections.abc import Callable
from pathlib import Path

from tests.conftest import STACKS
from tests.opinions import cfn_lint


def test_every_template_is_clean_in_its_region(synthesized: Callable[[str], Path]) -> None:
    judgement, problems = cfn_lint.judged("prod", synthesized("prod"))
    assert judgement.judged == len(STACKS)
    assert problems == []


def test_cfn_lint_still_bites() -> None:
    assert cfn_lint.bites()

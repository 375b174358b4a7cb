"""cfn-lint reports nothing in production's templates. `make cfn-lint` checks every environment."""

from collections.abc import Callable
from pathlib import Path

from tools.opinions import cfn_lint
from tools.opinions.opinion import Exceptions, Reviewed

REVIEWED: Exceptions = {
    **cfn_lint.REVIEWED,
    # Of templates with the paths that only the CLI writes into them cfn-lint does not say so.
    "W3010": (Reviewed(places=("*",), reason="Zones come from the environment file, so that nothing is looked up."),),
}


def test_every_template_is_clean_in_its_region(synthesized: Callable[[str], Path]) -> None:
    assert cfn_lint.judged("prod", synthesized("prod"), REVIEWED) == []


def test_cfn_lint_still_bites() -> None:
    assert cfn_lint.bites()

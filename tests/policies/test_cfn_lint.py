"""cfn-lint reports nothing in production's templates. `make cfn-lint` checks every environment."""

from collections.abc import Callable
from pathlib import Path

from tools.opinions import cfn_lint
from tools.opinions.opinion import Exceptions, Reviewed

REVIEWED: Exceptions = {
    **cfn_lint.REVIEWED,
    # The CLI adds paths to templates; cfn-lint does not report this rule for those.
    "W3010": (Reviewed(places=("*",), reason="Zones are set in the environment file, so that synthesis looks nothing up."),),
}


def test_every_template_is_clean_in_its_region(synthesized: Callable[[str], Path]) -> None:
    assert cfn_lint.judged("prod", synthesized("prod"), REVIEWED) == []


def test_cfn_lint_reports_a_seeded_fault() -> None:
    assert cfn_lint.bites()

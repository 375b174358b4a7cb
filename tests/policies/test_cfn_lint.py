"""Findings of cfn-lint in production's templates. `make cfn-lint` checks every environment."""

from collections.abc import Callable
from pathlib import Path

from tools.opinions import cfn_lint


def test_cfn_lint_accepts_templates_by_region(synthesized: Callable[[str], Path]) -> None:
    assert cfn_lint.judged("prod", synthesized("prod")) == []


def test_cfn_lint_reports_a_seeded_fault() -> None:
    assert cfn_lint.finds_canary()

"""Verdicts of cfn-lint, kept by template, region and configuration."""

import json
from pathlib import Path
from typing import Any

import pytest

from tools import lint_verdicts
from tools.lint_verdicts import Match, verdicts

TOPIC: dict[str, Any] = {"Type": "AWS::SNS::Topic"}
FOUND = [Match("E1", ("Resources", 0), "bad")]


class Linter:
    """Checkout with a linter that reports the same match in every template, and counts them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.linted = 0

    def lint(self, files: list[Path], *_others: object) -> dict[str, list[Any]]:
        self.linted += len(files)
        return {str(file): [["E1", ["Resources", 0], "bad"]] for file in files}

    def judge(self, resource: dict[str, Any], *, region: str = "sa-east-1") -> int:
        """Return the number of templates that were linted."""
        before = self.linted
        template = self.folder / "some.template.json"
        template.write_text(json.dumps({"Resources": {"Topic": resource}}))
        assert verdicts(
            [template], region=region, checkout=self.folder, store=self.folder / "store"
        ) == {template: FOUND}
        return self.linted - before


@pytest.fixture
def linter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Linter:
    linter = Linter(tmp_path)
    monkeypatch.setattr(lint_verdicts, "_lint", linter.lint)
    assert linter.judge(TOPIC) == 1
    return linter


def test_known_template_is_not_linted_again(linter: Linter) -> None:
    assert linter.judge(TOPIC) == 0
    assert linter.judge({**TOPIC, "Metadata": {"aws:cdk:path": "dev/data/Topic"}}) == 0


def test_changed_template_is_linted(linter: Linter) -> None:
    found = linter.judge({**TOPIC, "Metadata": {"cfn-lint": {"config": {"ignore_checks": ["E1"]}}}})
    assert found == 1


def test_template_is_linted_by_region(linter: Linter) -> None:
    assert linter.judge(TOPIC, region="us-east-1") == 1


def test_changed_configuration_is_linted(linter: Linter) -> None:
    (linter.folder / ".cfnlintrc").write_text("ignore_checks: [E1]")
    assert linter.judge(TOPIC) == 1


def test_template_is_linted_by_version(linter: Linter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lint_verdicts, "version", lambda _name: "0")
    assert linter.judge(TOPIC) == 1

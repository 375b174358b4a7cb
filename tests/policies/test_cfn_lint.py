"""cfn-lint, with the schemas of each stack's own region, finds nothing in any template."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cfnlint.api import ManualArgs, lint_by_config

from tests.conftest import STACKS

Assembly = Callable[[str], Path]

IGNORED = [
    "W3005",  # CDK repeats in DependsOn what a reference says already
    "W3010",  # zones come from the environment file, so that nothing is looked up
]


def findings(templates: list[Path], region: str) -> Iterator[str]:
    """Reads rules and schemas once for all templates of a region, which costs as much as a template."""
    for match in lint_by_config(ManualArgs(templates=[str(path) for path in templates], regions=[region], ignore_checks=IGNORED)):
        yield f"{Path(match.filename or '').name} {match.rule.id} {'/'.join(map(str, match.path or []))}: {match.message}"


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_every_template_is_clean_in_its_region(synthesized: Assembly, environment: str) -> None:
    assembly = synthesized(environment)
    templates: dict[str, list[Path]] = defaultdict(list)
    for artifact in json.loads((assembly / "manifest.json").read_text())["artifacts"].values():
        if artifact["type"] == "aws:cloudformation:stack":
            templates[artifact["environment"].rpartition("/")[2]].append(assembly / artifact["properties"]["templateFile"])
    assert sum(map(len, templates.values())) == len(STACKS)
    assert [line for region, paths in templates.items() for line in findings(paths, region)] == []


def test_cfn_lint_still_bites(tmp_path: Path) -> None:
    template = tmp_path / "bad.template.json"
    template.write_text(
        json.dumps(
            {
                "Resources": {
                    "Database": {"Type": "AWS::RDS::DBInstance", "Properties": {"Engine": "mysql", "DBInstanceClass": "db.r5b.large"}}
                }
            }
        )
    )
    assert list(findings([template], "sa-east-1"))

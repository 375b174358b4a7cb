"""cfn-lint, with the schemas of each stack's own region, finds nothing in any template."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from cfnlint.api import ManualArgs, lint_file

Assembly = Callable[[str], Path]

IGNORED = [
    "W3005",  # CDK repeats in DependsOn what a reference says already
    "W3010",  # zones come from the environment file, so that nothing is looked up
]


def findings(template: Path, region: str) -> list[str]:
    matches = lint_file(template, ManualArgs(regions=[region], ignore_checks=IGNORED))
    return [f"{match.rule.id} {'/'.join(map(str, match.path or []))}: {match.message}" for match in matches]


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_every_template_is_clean_in_its_region(synthesized: Assembly, environment: str) -> None:
    assembly = synthesized(environment)
    artifacts = json.loads((assembly / "manifest.json").read_text())["artifacts"].values()
    stacks = [a for a in artifacts if a["type"] == "aws:cloudformation:stack"]
    found = {
        stack["displayName"]: findings(assembly / stack["properties"]["templateFile"], stack["environment"].rpartition("/")[2])
        for stack in stacks
    }
    assert {stack: lines for stack, lines in found.items() if lines} == {}


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
    assert findings(template, "sa-east-1")

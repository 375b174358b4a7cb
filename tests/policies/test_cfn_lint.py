"""cfn-lint, with the schemas of each stack's own region, finds nothing in any template."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
from cfnlint.api import ManualArgs, lint_by_config

from tests.conftest import STACKS
from tests.opinions.opinion import Exceptions, Finding, Reviewed, judge, leave, leave_canary

Assembly = Callable[[str], Path]

TOOL = "cfn-lint"
REVIEWED: Exceptions = {
    "W3005": (Reviewed(places=("*",), reason="CDK repeats in DependsOn what a reference says already."),),
    "W3010": (Reviewed(places=("*",), reason="Zones come from the environment file, so that nothing is looked up."),),
}


def findings(environment: str, templates: list[Path], region: str) -> Iterator[Finding]:
    """Reads rules and schemas once for all templates of a region, which costs as much as a template."""
    for match in lint_by_config(ManualArgs(templates=[str(path) for path in templates], regions=[region])):
        place = f"{Path(match.filename or '').name} {'/'.join(map(str, match.path or []))}"
        yield Finding(environment, match.rule.id, place, match.message)


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_every_template_is_clean_in_its_region(synthesized: Assembly, environment: str) -> None:
    assembly = synthesized(environment)
    templates: dict[str, list[Path]] = defaultdict(list)
    for artifact in json.loads((assembly / "manifest.json").read_text())["artifacts"].values():
        if artifact["type"] == "aws:cloudformation:stack":
            templates[artifact["environment"].rpartition("/")[2]].append(assembly / artifact["properties"]["templateFile"])
    found = [finding for region, paths in templates.items() for finding in findings(environment, paths, region)]
    judgement, problems = judge(environment, sum(map(len, templates.values())), found, REVIEWED)
    leave(TOOL, version(TOOL), environment, judgement)
    assert judgement.judged == len(STACKS)
    assert problems == []


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
    caught = "E3025" in {finding.rule for finding in findings("canary", [template], "sa-east-1")}
    leave_canary(TOOL, version(TOOL), caught=caught)
    assert caught

"""cfn-lint for every synthesized template, with the schemas of each stack's region: `make
cfn-lint`.
"""

import json
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cfnlint.api import ManualArgs, lint_by_config

from tools.assembly import stacks_in
from tools.opinions.opinion import ENVIRONMENTS, SYNTHESIZED, Exceptions, Finding, Reviewed, assembly_of, conclude, problems

REVIEWED: Exceptions = {
    "W3005": (Reviewed(places=("*",), reason="CDK repeats in DependsOn what a reference says already."),),
    "W6001": (
        Reviewed(
            places=("*ecsservices*.template.json Outputs/Connections*",),
            reason="The import keeps CloudFormation from closing a connection while tasks use it (docs/adr/0001).",
        ),
        Reviewed(
            places=("*observability*.template.json Outputs/RunTunnel*",),
            reason="It is the input of one command, which needs cluster, subnets and group of other stacks in one place (docs/access.md).",
        ),
    ),
}
CANARY: dict[str, Any] = {
    "Resources": {"Database": {"Type": "AWS::RDS::DBInstance", "Properties": {"Engine": "mysql", "DBInstanceClass": "db.r5b.large"}}}
}
CANARY_RULE = "E3025"
"""Instance class that MySQL does not offer in São Paulo."""


def findings(environment: str, templates: list[Path], region: str) -> Iterator[Finding]:
    """Loads rules and schemas once per region, which costs as much as a template."""
    for match in lint_by_config(ManualArgs(templates=[str(path) for path in templates], regions=[region])):
        place = f"{Path(match.filename or '').name} {'/'.join(map(str, match.path or []))}"
        yield Finding(environment, match.rule.id, place, match.message)


def judged(environment: str, assembly: Path, reviewed: Exceptions = REVIEWED) -> list[str]:
    """Returns what is unreviewed in an environment."""
    templates: dict[str, list[Path]] = defaultdict(list)
    for stack in stacks_in(assembly).values():
        templates[stack.region].append(stack.template)
    found = (finding for region, paths in templates.items() for finding in findings(environment, paths, region))
    return problems(environment, found, reviewed)


def bites() -> bool:
    """Returns True if cfn-lint reports the defect of a canary template."""
    with tempfile.TemporaryDirectory() as folder:
        template = Path(folder, "bad.template.json")
        template.write_text(json.dumps(CANARY))
        return CANARY_RULE in {finding.rule for finding in findings("canary", [template], "sa-east-1")}


def main(folder: Path = SYNTHESIZED) -> int:
    """Checks every environment in the folder and a canary; returns the findings."""
    wrong = [problem for environment in ENVIRONMENTS for problem in judged(environment, assembly_of(environment, folder))]
    return conclude(f"cfn-lint {version('cfn-lint')}", wrong, caught=bites())


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))

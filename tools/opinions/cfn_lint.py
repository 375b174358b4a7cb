"""cfn-lint of all synthesized templates with the schemas of their regions: `make cfn-lint`."""

import json
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any

from spotmusic_cdk.command_line import run_command
from tools.lint_verdicts import STORE, verdicts
from tools.model.stacks import stacks_in
from tools.opinions.opinion import (
    ENVIRONMENTS,
    SYNTHESIZED,
    Exceptions,
    Finding,
    Reviewed,
    assembly_of,
    conclude,
    problems,
)

REVIEWED: Exceptions = {
    "W3005": (Reviewed(places=("*",), reason="CDK repeats references in DependsOn."),),
    "W6001": (
        Reviewed(
            places=("*ecsservices*.template.json Outputs/Connections*",),
            reason="The import prevents CloudFormation from closing a connection in use "
            "(docs/adr/0001).",
        ),
        Reviewed(
            places=("*observability*.template.json Outputs/RunTunnel*",),
            reason="It is the input of one command, which needs cluster, subnets and security "
            "group of other stacks in one place (docs/access.md).",
        ),
    ),
}
CANARY: dict[str, Any] = {
    "Resources": {
        "Database": {
            "Type": "AWS::RDS::DBInstance",
            "Properties": {"Engine": "mysql", "DBInstanceClass": "db.r5b.large"},
        }
    }
}
CANARY_RULE = "E3025"
"""Instance class that is not available for MySQL in São Paulo."""


def findings(
    environment: str, templates: list[Path], region: str, store: Path = STORE
) -> Iterator[Finding]:
    for template, matches in verdicts(templates, region=region, store=store).items():
        for match in matches:
            yield Finding(
                environment,
                match.rule,
                f"{template.name} {'/'.join(map(str, match.path))}",
                match.message,
            )


def judged(environment: str, assembly: Path, reviewed: Exceptions = REVIEWED) -> list[str]:
    """Return the unreviewed findings in an environment."""
    found = (
        finding
        for region, paths in by_region([assembly]).items()
        for finding in findings(environment, paths, region)
    )
    return problems(environment, found, reviewed)


def by_region(assemblies: Iterable[Path]) -> dict[str, list[Path]]:
    """Return the templates of assemblies by the region of their stack."""
    templates: dict[str, list[Path]] = defaultdict(list)
    for stack in (stack for assembly in assemblies for stack in stacks_in(assembly).values()):
        templates[stack.region].append(stack.template)
    return templates


def finds_canary() -> bool:
    """Return whether cfn-lint reports the defect of a canary template, without stored verdicts."""
    with tempfile.TemporaryDirectory() as folder:
        template = Path(folder, "bad.template.json")
        template.write_text(json.dumps(CANARY))
        found = findings("canary", [template], "sa-east-1", Path(folder))
        return any(finding.rule == CANARY_RULE for finding in found)


def main(folder: Path = SYNTHESIZED) -> int:
    """Check all environments in the folder and a canary; return 1 for findings."""
    # All templates of a region at once, because loading rules and schemas takes as long as linting.
    regions = by_region(assembly_of(environment, folder) for environment in ENVIRONMENTS)
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda region: verdicts(regions[region], region=region), regions))
    wrong = [
        problem
        for environment in ENVIRONMENTS
        for problem in judged(environment, assembly_of(environment, folder))
    ]
    return conclude(f"cfn-lint {version('cfn-lint')}", wrong, caught=finds_canary())


if __name__ == "__main__":
    run_command(main)

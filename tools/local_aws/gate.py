"""Validation before a deployment: cfn-lint with the rules and provider schemas of each stack's
region.
"""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tools.local_aws.assembly import SynthesizedStack, regions

_SHOWN = 20


class RejectedTemplateError(Exception):
    """CloudFormation would reject a template. The message lists locations and reasons."""


def require_acceptable(stacks: list[SynthesizedStack], *, checkout: Path) -> int:
    """Lints every template.

    Args:
        stacks: stacks to deploy.
        checkout: folder that may hold a `.cfnlintrc` with accepted findings.

    Returns:
        The number of templates.

    Raises:
        RejectedTemplateError: if cfn-lint finds an error. Policy tests check warnings.
    """
    by_region = {region: [stack for stack in stacks if stack.region == region] for region in regions(stacks)}
    with ThreadPoolExecutor() as pool:
        found = [
            finding for findings in pool.map(lambda region: _lint(region, by_region[region], checkout), by_region) for finding in findings
        ]
    if found:
        more = f"\n  … and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        raise RejectedTemplateError(
            "CloudFormation would reject these templates. Correct each finding:\n" + "\n".join(found[:_SHOWN]) + more
        )
    return len(stacks)


def interrupt() -> None:
    """Stop running linters: a signal to the command does not reach them, and the command would wait
    for their threads.
    """
    for linter in _running:
        linter.kill()


_running: "list[subprocess.Popen[str]]" = []


def _lint(region: str, stacks: list[SynthesizedStack], checkout: Path) -> list[str]:
    ids = {str(stack.template): stack.id for stack in stacks}
    command = [str(Path(sys.executable).with_name("cfn-lint")), "--format", "json", "--ignore-checks", "W", "--regions", region, "--", *ids]
    linter = subprocess.Popen(command, cwd=checkout, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # noqa: S603 - our own
    _running.append(linter)
    stdout, stderr = linter.communicate()
    if not stdout.strip().startswith("["):
        raise RejectedTemplateError(f"cfn-lint failed to run: {stderr.strip()[-500:]}")
    return [_line(match, ids) for match in json.loads(stdout) if match["Level"] == "Error"]


def _line(match: dict[str, Any], ids: dict[str, str]) -> str:
    place = ".".join(str(step) for step in match["Location"].get("Path") or []).removeprefix("Resources.")
    return f"  {ids.get(match['Filename'], match['Filename'])}: {place}: {match['Message']} [{match['Rule']['Id']}]"

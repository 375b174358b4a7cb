"""Validation in parallel to a deployment: cfn-lint with the rules of each stack's region."""

import subprocess
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path

from tools.lint_verdicts import LintError, Match, verdicts
from tools.local_aws import LocalAwsError
from tools.local_aws.assembly import SynthesizedStack, regions

_SHOWN = 20


class RejectedTemplateError(LocalAwsError):
    """Template that CloudFormation would reject. The message lists locations and reasons."""


def require_acceptable(
    stacks: list[SynthesizedStack],
    *,
    checkout: Path,
    running: "list[subprocess.Popen[str]] | None" = None,
) -> int:
    """Lint every template.

    Args:
        stacks: stacks to deploy.
        checkout: folder that may contain a `.cfnlintrc` with accepted findings.
        running: receives the linters' processes, so that the caller can stop them.

    Returns:
        The number of templates.

    Raises:
        RejectedTemplateError: if cfn-lint finds an error. Policy tests check warnings.
    """
    by_region = {
        region: [stack for stack in stacks if stack.region == region] for region in regions(stacks)
    }
    with ThreadPoolExecutor() as pool:
        judged = pool.map(
            lambda region: _lint(region, by_region[region], checkout, running), by_region
        )
        found = [finding for findings in judged for finding in findings]
    if found:
        more = f"\n  … and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        raise RejectedTemplateError(
            "CloudFormation would reject these templates. Correct each finding:\n"
            + "\n".join(found[:_SHOWN])
            + more
        )
    return len(stacks)


@contextmanager
def judging(stacks: list[SynthesizedStack], *, checkout: Path) -> Iterator["Future[int]"]:
    """Lint templates in parallel to the block, and yield the verdict of `require_acceptable`.

    If the block fails, running linters are stopped. A signal to the command does not reach them,
    and the command would wait for them.
    """
    running: list[subprocess.Popen[str]] = []
    with ThreadPoolExecutor(max_workers=1) as pool:
        verdict = pool.submit(require_acceptable, stacks, checkout=checkout, running=running)
        try:
            yield verdict
        except BaseException:
            while not verdict.done():  # a linter may start after the failure
                for linter in running:
                    linter.kill()
                wait([verdict], timeout=0.1)
            raise


def _lint(
    region: str,
    stacks: list[SynthesizedStack],
    checkout: Path,
    running: "list[subprocess.Popen[str]] | None",
) -> list[str]:
    ids = {stack.template: stack.id for stack in stacks}
    try:
        found = verdicts(ids, region=region, checkout=checkout, running=running)
    except LintError as error:
        raise RejectedTemplateError(str(error)) from error
    return [
        _line(ids[template], match)
        for template, matches in found.items()
        for match in matches
        if match.rule.startswith("E")
    ]


def _line(stack: str, match: Match) -> str:
    place = ".".join(str(step) for step in match.path).removeprefix("Resources.")
    return f"  {stack}: {place}: {match.message} [{match.rule}]"

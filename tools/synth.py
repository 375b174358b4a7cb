"""Synthesis of environments into cdk.out with CDK's validator and the policy packs: `make synth`.

All environments share one process, because CDK and its validator load once per process. Each has
its own application and the context that `cdk synth` passes.
"""

import json
import shutil
import sys
from pathlib import Path

from spotmusic_cdk.command_line import run_command
from stacks.app import main as synthesize
from stacks.platform import Platform
from tools.quiet_settings import settings_of

ENVIRONMENTS = Path(__file__).parents[1] / "environments"
PACKS = {"AwsSolutions", "NIST.800.53.R5"}
OF_THE_CLI = {
    "aws:cdk:enable-path-metadata": True,
    "aws:cdk:enable-asset-metadata": True,
    "aws:cdk:version-reporting": True,
    "aws:cdk:bundling-stacks": ["**"],
}


def judge(
    environment: str,
    outdir: Path,
    *,
    folder: Path = ENVIRONMENTS,
    platform: type[Platform] = Platform,
) -> int:
    """Synthesize an environment with the validator and all policy packs.

    Args:
        environment: name of its file.
        outdir: folder of its cloud assembly; an older one is deleted.
        folder: folder of its file.
        platform: the platform, or a subclass of it.

    Returns:
        0; 1 if a pack has findings or did not run, 2 if a construct rejects a value.

    Raises:
        SettingsError: if the environment does not exist or its file is invalid. No folder is
            deleted.
    """
    settings_of(environment, folder)
    shutil.rmtree(outdir, ignore_errors=True)
    try:
        context = {**OF_THE_CLI, "env": environment, "validation": True}
        if status := synthesize(folder, platform=platform, outdir=outdir, context=context):
            return status
    except RuntimeError as error:
        if "ValidationFailed" not in str(error):
            raise
        print(f"{environment}: {error}", file=sys.stderr)  # CDK has printed the findings
        return 1
    report = outdir / "validation-report.json"
    reports = json.loads(report.read_text())["pluginReports"] if report.exists() else ()
    if missing := PACKS - {report["pluginName"] for report in reports}:
        print(f"{environment}: not validated by {', '.join(sorted(missing))}", file=sys.stderr)
        return 1
    templates = [*outdir.rglob("*.template.json")]
    print(f"{outdir}: {len(templates)} templates, validated in validation-report.json", flush=True)
    return 0


def main(*environments: str) -> int:
    """Validate environments until one fails, and return its status."""
    return next(filter(None, (judge(name, Path("cdk.out", name)) for name in environments)), 0)


if __name__ == "__main__":
    run_command(lambda: main(*sys.argv[1:]))

"""Synthesizes environments into cdk.out, judged by CDK's validator and the policy packs: `make synth`.

One process for all, because CDK and its validator load once a process. Each environment has an
application of its own, and the context that `cdk synth` gives it.
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
    """Synthesizes an environment with every judge.

    Args:
        environment: name of its file.
        outdir: folder of its cloud assembly; an older one is deleted.
        folder: folder of its file.
        platform: the platform, or a subclass of it.

    Returns:
        0; 1 if a judge has findings or was not asked, 2 if a construct refuses a value.

    Raises:
        SettingsError: if there is no such environment, or its file is wrong. Nothing was deleted.
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
        print(f"{environment}: not judged by {', '.join(sorted(missing))}", file=sys.stderr)
        return 1
    print(
        f"{outdir}: {len([*outdir.rglob('*.template.json')])} templates, judged in validation-report.json",
        flush=True,
    )
    return 0


def main(*environments: str) -> int:
    """Judges environments until one fails, and returns its status."""
    return next(filter(None, (judge(name, Path("cdk.out", name)) for name in environments)), 0)


if __name__ == "__main__":
    run_command(lambda: main(*sys.argv[1:]))

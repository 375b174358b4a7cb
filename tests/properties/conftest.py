"""Environments under test, read once per session from the synthesized assemblies."""

import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import aws_cdk as cdk
import pytest

from spotmusic_cdk.settings import Settings
from stacks.data import DataStack
from stacks.network import NetworkStack
from stacks.secrets import SecretsStack
from tests.conftest import new_app
from tests.properties.deviations import DEVIATIONS
from tools.checkout import ROOT, settings_of
from tools.model.assembly import Assembly
from tools.model.cluster import RenderedCluster
from tools.model.templates import Template, templates_in

ENVIRONMENTS = ["dev", "staging", "prod"]
"""Environments under test; with `--assembly`, the environment of the assembly."""
VALKEY = "prod-valkey"
"""Production with the other cache engine."""


def pytest_configure(config: pytest.Config) -> None:
    """Select the environment of the given assembly, with the deviations of `--like`."""
    folder: Path | None = config.getoption("--assembly")
    if folder is None:
        return
    ENVIRONMENTS[:] = [environment_in(folder)]
    like = config.getoption("--like") or ENVIRONMENTS[0]
    for of in DEVIATIONS.values():
        if like in of:
            of[ENVIRONMENTS[0]] = replace(of[like], needed=False)


def environment_in(folder: Path) -> str:
    """Name of the environment in a cloud assembly.

    Raises:
        pytest.UsageError: if the assembly cannot be checked, with the correction.
    """
    manifest = folder / "manifest.json"
    artifacts = json.loads(manifest.read_text())["artifacts"].values() if manifest.exists() else ()
    names = [
        of["properties"]["displayName"] for of in artifacts if of["type"] == "cdk:cloud-assembly"
    ]
    if not names:
        raise pytest.UsageError(
            f"--assembly: {folder} holds no environment. "
            "Name the folder that `cdk synth` wrote, such as cdk.out/dev."
        )
    if not (ROOT / "environments" / f"{names[0]}.yaml").exists():
        raise pytest.UsageError(
            f"--assembly: there is no environments/{names[0]}.yaml. "
            "Run the tests in the checkout that synthesized it."
        )
    report = folder / "validation-report.json"
    if not report.exists() or "NIST.800.53.R5" not in report.read_text():
        raise pytest.UsageError(
            f"--assembly: {folder} has no report of the policy packs. "
            "Repeat `cdk synth` without CDK_VALIDATION."
        )
    return str(names[0])


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep only tests of the given assembly."""
    if config.getoption("--assembly") is None:
        return
    kept = [item for item in items if _asked_of(item) in ENVIRONMENTS]
    config.hook.pytest_deselected(
        items=[item for item in items if _asked_of(item) not in ENVIRONMENTS]
    )
    items[:] = kept


def _asked_of(item: pytest.Item) -> object:
    callspec = getattr(item, "callspec", None)
    return callspec.params.get("platform") if callspec else None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrize tests by environment, unless a test names one or has its own platform."""
    given = any(
        "platform" in str(mark.args[0]) for mark in metafunc.definition.iter_markers("parametrize")
    )
    own = hasattr(metafunc.module, "platform")
    if "platform" in metafunc.fixturenames and not given and not own:
        metafunc.parametrize("platform", ENVIRONMENTS, indirect=True)


@pytest.fixture(scope="session")
def platforms(
    templates: Callable[[str], dict[str, Template]], synthesized: Callable[[str], Path]
) -> Callable[[str], Assembly]:
    """Environment by name, or production with the other cache engine."""

    @cache
    def platform(name: str) -> Assembly:
        if name == VALKEY:
            settings = with_valkey(settings_of("prod"))
            return Assembly(name=name, settings=settings, templates=data_templates(settings))
        report = synthesized(name).parent / "validation-report.json"
        return Assembly(
            name=name,
            settings=settings_of(name),
            templates=templates(name),
            acknowledged=acknowledged_in(report),
        )

    return platform


@pytest.fixture
def platform(request: pytest.FixtureRequest, platforms: Callable[[str], Assembly]) -> Assembly:
    """Environment under test."""
    return platforms(request.param)


@pytest.fixture
def cluster(platform: Assembly, deployed: Callable[[str], RenderedCluster]) -> RenderedCluster:
    """Manifests of own charts, and pods that third-party charts render from the
    project's values.
    """
    return deployed(platform.name)


def acknowledged_in(report: Path) -> tuple[tuple[str, str, str], ...]:
    """Path, finding and reason of each used acknowledgement in the policy report."""
    found = json.loads(report.read_text())["pluginReports"]
    return tuple(
        (place["constructPath"], suppressed["acknowledgedId"], suppressed["reason"])
        for plugin in found
        for suppressed in plugin.get("suppressedViolations", [])
        for place in suppressed["violatingConstructs"]
    )


def with_valkey(settings: Settings) -> Settings:
    """Return the environment with the other engine."""
    cache = settings.data.cache.model_copy(update={"engine": "valkey"})
    return settings.model_copy(update={"data": settings.data.model_copy(update={"cache": cache})})


def data_templates(settings: Settings) -> dict[str, Template]:
    """Synthesize the data stack and its dependencies."""
    stage = cdk.Stage(new_app(), settings.name)
    network, secrets = (
        NetworkStack(stage, settings=settings),
        SecretsStack(stage, settings=settings),
    )
    DataStack(stage, settings=settings, network=network, secrets=secrets)
    return templates_in(Path(stage.synth().directory))

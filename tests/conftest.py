"""Synthesized environments, one synthesis per environment and session. Tests read them as dicts."""

import os

# Deprecated CDK APIs raise errors.
os.environ["JSII_DEPRECATED"] = "fail"
# Helm, kubectl and promtool are short-lived: by default garbage collection takes a fifth of their
# time.
os.environ.setdefault("GOGC", "400")

import gc
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock

# CDK, Node and Helm leave folders in TMPDIR, so TMPDIR ends with this run. pytest keeps the folders
# of its last runs in the usual place.
_TEMPORARY = tempfile.TemporaryDirectory(prefix="spotmusic-tests-", ignore_cleanup_errors=True)
os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", tempfile.gettempdir())
os.environ["TMPDIR"] = tempfile.tempdir = _TEMPORARY.name

from tools import (
    checkout,
)  # before CDK, which starts Node.js with these variables

# isort: split
import aws_cdk as cdk

from spotmusic_cdk import versions
from spotmusic_cdk.settings import Settings, load
from tests.heartbeat import pytest_configure as pytest_configure  # noqa: PLC0414 (a hook of pytest)
from tools.checkout import ROOT, feature_flags
from tools.model.templates import Template, templates_in
from tools.model.values import ACCOUNT

if TYPE_CHECKING:
    from tools.model.cluster import RenderedCluster

TODAY = versions.RELEASED
STACKS = (
    "network",
    "registry",
    "secrets",
    "data",
    "eks-platform",
    "ecs-services",
    "edge",
    "observability",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options for tests of promises on a given assembly (docs/properties.md)."""
    group = parser.getgroup("spotmusic")
    group.addoption(
        "--assembly",
        type=Path,
        metavar="DIR",
        help="ask tests/properties of this cloud assembly (cdk.out)",
    )
    group.addoption(
        "--like",
        metavar="ENV",
        help="with --assembly: take the declared deviations of this environment (default: its own)",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give a worker of pytest-xdist whole files, or all tests with the same expensive or single
    resource: the embedded AWS of tests, engines, rendered charts. Tests marked `early` run first.
    """
    items.sort(key=lambda item: item.get_closest_marker("early") is None)
    for item in items:
        file = item.path.relative_to(ROOT)
        shared = next(
            (
                folder.name
                for folder in file.parents
                if folder.name in {"charts", "engines", "local"}
            ),
            file.as_posix(),
        )
        item.add_marker(
            pytest.mark.xdist_group("local" if item.get_closest_marker("local") else shared)
        )


def pytest_unconfigure() -> None:
    """Skip the final garbage collection of the interpreter, which takes a second or more."""
    gc.freeze()


@cache
def sample_of(environment: str) -> Settings:
    """Return the settings of an environment in tests/environments, the fixture of unit tests. Users
    do not edit them.
    """
    return load(environment, folder=ROOT / "tests" / "environments", today=TODAY)


@pytest.fixture(scope="session")
def assemblies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the assemblies of all workers of pytest-xdist. A mutant has separate assemblies."""
    worker = "PYTEST_XDIST_WORKER" in os.environ
    return (
        tmp_path_factory.getbasetemp().parent if worker else tmp_path_factory.mktemp("assemblies")
    )


@pytest.fixture(scope="session")
def synthesized(request: pytest.FixtureRequest, assemblies: Path) -> Callable[[str], Path]:
    """Cloud assembly of an environment, synthesized once for all workers, with the policy packs."""
    given: Path | None = request.config.getoption("--assembly")
    if given is not None:
        return lambda environment: given / f"assembly-{environment}"
    return cache(
        lambda environment: synthesize_once(
            checkout.settings_of(environment), outdir=assemblies / environment
        )
    )


@pytest.fixture(scope="session")
def with_every_option(assemblies: Path) -> Path:
    """Cloud assembly of production with every option, synthesized once for all workers, with the
    policy packs.
    """
    from tools.documents.grants import EVERY, every_option  # imports this file

    return synthesize_once(every_option(), outdir=assemblies / EVERY)


@pytest.fixture(scope="session")
def disposable(assemblies: Path) -> Path:
    """Cloud assembly of the cheapest environment, synthesized once for all workers, with the policy
    packs.
    """
    from tests.disposable import disposable_settings  # imports this file

    return synthesize_once(disposable_settings(), outdir=assemblies / "disposable", assets=False)


def synthesize_once(
    settings: Settings, *, outdir: Path, policies: bool = True, assets: bool = True
) -> Path:
    """Write an environment's cloud assembly unless another worker has, and return its folder."""
    whole = Path(f"{outdir}.whole")
    with FileLock(f"{outdir}.lock"):
        if not whole.exists():
            checkout.synthesize(settings, outdir=outdir, policies=policies, assets=assets)
            whole.touch()
    return outdir / f"assembly-{settings.name}"


@pytest.fixture(scope="session")
def templates(synthesized: Callable[[str], Path]) -> Callable[[str], dict[str, Template]]:
    """Templates of an environment by stack id."""
    return cache(lambda environment: templates_in(synthesized(environment)))


@pytest.fixture(scope="session")
def deployed(
    templates: Callable[[str], dict[str, Template]], synthesized: Callable[[str], Path]
) -> Callable[[str], "RenderedCluster"]:
    """Helm releases and manifests of an environment, with own charts rendered once per session."""
    from tools.model.cluster import read  # expensive import

    @cache
    def give(environment: str) -> "RenderedCluster":
        return read(environment, templates(environment), synthesized(environment))

    return give


@pytest.fixture(scope="session")
def rendered(deployed: Callable[[str], "RenderedCluster"]) -> Callable[[str], "RenderedCluster"]:
    """Environment with every chart rendered. Without third-party charts the test is skipped."""
    from tests.charts import upstream

    @cache
    def give(environment: str) -> "RenderedCluster":
        return upstream.complete(deployed(environment))

    return give


@pytest.fixture
def stack() -> cdk.Stack:
    """Empty stack with the feature flags of the application, for tests of a construct."""
    return new_stack()


def new_stack(*, account: str = ACCOUNT, region: str = "sa-east-1") -> cdk.Stack:
    """Return an empty stack with the application's feature flags."""
    env = cdk.Environment(account=account, region=region)
    return cdk.Stack(new_app(), "test", env=env)


def new_app(**context: object) -> cdk.App:
    """Return an application with the feature flags of cdk.json, and without tree.json."""
    return cdk.App(context=feature_flags() | context, tree_metadata=False)

"""Removal of a service on the embedded AWS by the real CLI: refused at once, and done in two deployments.

One deployment serves all tests of this file, in the order they stand.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from spotmusic_cdk.local import cloudformation, process
from spotmusic_cdk.local.assembly import regions, stacks
from spotmusic_cdk.local.cli import CdkCli, CliError
from spotmusic_cdk.local.workspace import Workspace
from spotmusic_cdk.platform import Platform
from spotmusic_cdk.settings import Settings
from tests.conftest import feature_flags, settings_of
from tests.local.state import own_state

pytestmark = pytest.mark.local

REGION = "sa-east-1"
SERVICE = "playback"


class Removal:
    """An environment with its services, and assemblies of it with one of them retired or deleted."""

    def __init__(self, workspace: Workspace, endpoint: str, assemblies: dict[str, Path]) -> None:
        self.assemblies, self.endpoint = assemblies, endpoint
        self._cli = CdkCli(workspace=workspace, endpoint=endpoint, region=REGION)

    def bootstrap(self) -> None:
        self._cli.bootstrap(regions(stacks(self.assemblies["running"], environment="dev")))

    def deploy(self, state: str, *selection: str) -> None:
        """Deploys as docs/deployment.md says: all stacks, or the one that is named and nothing before it."""
        options = [] if selection == ("dev/*",) else ["--exclusively"]
        self._cli.run("deploy", *selection, *options, "--require-approval", "never", assembly=self.assemblies[state])

    def ids(self, stack: str) -> dict[str, str]:
        """Physical id of each resource of a stack that belongs to the service."""
        (found,) = [one for one in stacks(self.assemblies["running"], environment="dev") if one.id == f"dev/{stack}"]
        return {r.logical_id: r.identifier for r in cloudformation.resources(self.endpoint, found) if SERVICE in r.logical_id.lower()}


def settings_in(state: str) -> Settings:
    dev = settings_of("dev")
    services = dict(dev.services)
    if state == "retired":
        services[SERVICE] = services[SERVICE].model_copy(update={"retired": True})
    if state == "deleted":
        del services[SERVICE]
    return dev.model_copy(update={"services": services})


@pytest.fixture(scope="module")
def removal(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Removal]:
    """dev, deployed in a state folder of its own."""
    assemblies = {state: tmp_path_factory.mktemp(state) for state in ("running", "retired", "deleted")}
    for state, outdir in assemblies.items():
        app = cdk.App(outdir=str(outdir), context=feature_flags())
        Platform(app, settings=settings_in(state))
        app.synth()
    with own_state("removed-service", request) as workspace:
        emulator = process.start(workspace, region=REGION)
        shutil.copytree(assemblies["running"], workspace.assembly, symlinks=True)
        removal = Removal(workspace, emulator.endpoint, assemblies)
        removal.bootstrap()
        removal.deploy("running", "dev/*")
        yield removal


def everything(removal: Removal) -> dict[str, Any]:
    return {stack: removal.ids(stack) for stack in ("network", "secrets", "registry", "data", "ecs-services")}


def test_deleted_entry_is_refused_and_loses_nothing(removal: Removal) -> None:
    before = everything(removal)
    with pytest.raises(CliError, match="cannot be deleted as it is in use by spotmusic-dev-ecs-services"):
        removal.deploy("deleted", "dev/*")
    assert everything(removal) == before
    assert all(before.values())


def test_retirement_before_observability_is_refused(removal: Removal) -> None:
    before = everything(removal)
    with pytest.raises(CliError, match="cannot be deleted as it is in use by spotmusic-dev-observability"):
        removal.deploy("retired", "dev/*")
    assert everything(removal) == before


def test_retired_service_stops_and_keeps_its_rights(removal: Removal) -> None:
    before = everything(removal)
    removal.deploy("retired", "dev/observability")
    removal.deploy("retired", "dev/*")
    after = everything(removal)
    assert not any("Service" in id_ for id_ in after["ecs-services"])
    assert {stack: ids for stack, ids in after.items() if ids != before[stack]}.keys() == {"ecs-services"}


def test_deleted_entry_takes_the_rest(removal: Removal) -> None:
    removal.deploy("deleted", "dev/eks-platform")
    removal.deploy("deleted", "dev/*")
    assert not any(everything(removal)[stack] for stack in ("network", "data"))

"""Removal of a service and of a talks_to word in the embedded AWS: refused in one step, done in two
deployments.

One deployment serves all tests of this file in order.
"""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from spotmusic_cdk.settings import Settings
from spotmusic_cdk.settings.services import RESOURCES
from stacks.platform import Platform
from tests.conftest import feature_flags, sample_of
from tests.local.state import own_state
from tools.local_aws import cloudformation, process
from tools.local_aws.assembly import regions, stacks
from tools.local_aws.cli import CdkCli, CliError
from tools.local_aws.workspace import Workspace

pytestmark = pytest.mark.local

REGION = "sa-east-1"
SERVICE, CALLER, WORD = "playback", "trends", "cache"
CONNECTION = f"{CALLER}.*{WORD}|{WORD}.*{CALLER}"
"""Logical ids of rules and users of the word, in lower case."""


class Removal:
    """Environment with its services, and its assemblies with a service and a word of another one
    retired or deleted.
    """

    def __init__(self, workspace: Workspace, endpoint: str, assemblies: dict[str, Path]) -> None:
        self.assemblies, self.endpoint = assemblies, endpoint
        self._cli = CdkCli(workspace=workspace, endpoint=endpoint, region=REGION)

    def bootstrap(self) -> None:
        self._cli.bootstrap(regions(stacks(self.assemblies["running"], environment="dev")))

    def deploy(self, state: str) -> None:
        """Deploys all stacks in CDK's order, as in docs/deployment.md."""
        self._cli.run("deploy", "dev/*", "--require-approval", "never", assembly=self.assemblies[state])

    def ids(self, stack: str) -> dict[str, str]:
        """Physical id of each resource of a stack that belongs to the service or to the word's
        connection.
        """
        (found,) = [one for one in stacks(self.assemblies["running"], environment="dev") if one.id == f"dev/{stack}"]
        ours = {r.logical_id: r.identifier for r in cloudformation.resources(self.endpoint, found)}
        return {id_: physical for id_, physical in ours.items() if SERVICE in id_.lower() or re.search(CONNECTION, id_.lower())}


def settings_in(state: str) -> Settings:
    """dev with a service that uses every word and is called by another: running, retired, or
    deleted with a word of the caller.
    """
    document = sample_of("dev").model_dump(exclude_unset=True)
    services: dict[str, Any] = document["services"]
    service, caller = services[SERVICE], services[CALLER]
    service["talks_to"] = (*({"catalogue": "read"} if word == "catalogue" else word for word in RESOURCES), "web-api")
    others = tuple(word for word in caller["talks_to"] if word != WORD)
    caller["talks_to"] = {"running": (*others, WORD, SERVICE), "without word": (*others, SERVICE)}.get(state, others)
    if state in ("running", "without word"):
        document.setdefault("kubernetes", {}).setdefault("rabbitmq", {})["queues"] = {"lyrics": {"consumers": (SERVICE,)}}
    if state == "retired":
        service["retired"] = True
        caller["retired_talks_to"] = (WORD, SERVICE)
    if state == "deleted":
        del services[SERVICE]
    return Settings.model_validate(document)


@pytest.fixture(scope="module")
def removal(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Removal]:
    """dev in its own state folder."""
    assemblies = {state: tmp_path_factory.mktemp(state.split()[0]) for state in ("running", "retired", "deleted", "without word")}
    for state, outdir in assemblies.items():
        app = cdk.App(outdir=str(outdir), context=feature_flags())
        Platform(app, settings=settings_in(state))
        app.synth()
    with own_state("removed-service", request) as workspace:
        emulator = process.start(workspace, region=REGION)
        shutil.copytree(assemblies["running"], workspace.assembly, symlinks=True)
        removal = Removal(workspace, emulator.endpoint, assemblies)
        removal.bootstrap()
        removal.deploy("running")
        yield removal


def everything(removal: Removal) -> dict[str, Any]:
    return {stack: removal.ids(stack) for stack in ("network", "secrets", "registry", "data", "ecs-services", "observability")}


def test_deleted_entry_is_refused_and_loses_nothing(removal: Removal) -> None:
    before = everything(removal)
    with pytest.raises(CliError, match="cannot be deleted as it is in use by spotmusic-dev-ecs-services"):
        removal.deploy("deleted")
    assert everything(removal) == before
    assert all(before.values())


def test_deleted_word_is_refused_and_loses_nothing(removal: Removal) -> None:
    before = everything(removal)
    with pytest.raises(CliError, match=f"{CALLER}-talks-to-{WORD} cannot be deleted as it is in use by spotmusic-dev-ecs-services"):
        removal.deploy("without word")
    assert everything(removal) == before


def test_retired_service_stops_and_keeps_its_rights(removal: Removal) -> None:
    before = everything(removal)
    removal.deploy("retired")
    after = everything(removal)
    assert not any("Service" in id_ for id_ in after["ecs-services"])
    assert not any(SERVICE in id_.lower() for id_ in after["observability"])
    assert {stack for stack, ids in after.items() if ids != before[stack]} == {"ecs-services", "observability"}


def test_deleted_entry_takes_the_rest(removal: Removal) -> None:
    removal.deploy("deleted")
    after = everything(removal)
    assert not any(after[stack] for stack in ("network", "secrets", "registry", "data"))

"""Update from the last release to the checkout in the embedded AWS: stateful resources keep their
physical ids, also after a failed update.

One deployment serves all tests of this file in order.
"""

import io
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Template
from tests.local.changed_assembly import Resources, changed_assembly, with_templates
from tests.local.state import own_state
from tools.changes.resources import HOLDS_DATA
from tools.local_aws import cloudformation, process, session
from tools.local_aws.assembly import SynthesizedStack, regions, stacks
from tools.local_aws.cli import CdkCli, CliError
from tools.local_aws.workspace import RunningEmulator, Workspace
from tools.releases import previous, with_assets_of

pytestmark = pytest.mark.local

REGION = "sa-east-1"
Ids = dict[str, str]


class Updated:
    """The last release as first deployed, and the current state."""

    def __init__(self, workspace: Workspace, emulator: RunningEmulator, today: Path) -> None:
        self.workspace, self.emulator, self.today = workspace, emulator, today
        self.before: Ids = {}
        self.output = io.StringIO()

    def deploy(self, assembly: Path, selection: str = "dev/*") -> None:
        CdkCli(workspace=self.workspace, endpoint=self.emulator.endpoint, region=REGION).deploy(selection, concurrency=8, assembly=assembly)

    def stack(self, name: str) -> SynthesizedStack:
        return next(stack for stack in stacks(self.today, environment="dev") if stack.id == f"dev/{name}")

    def ids(self, assembly: Path) -> Ids:
        """Returns the physical id of every stateful resource by stack and logical id."""
        return {
            f"{stack.id}/{resource.logical_id}": resource.identifier
            for stack in stacks(assembly, environment="dev")
            for resource in cloudformation.resources(self.emulator.endpoint, stack)
            if resource.type in HOLDS_DATA
        }

    def client(self, service: str) -> Any:
        return session.client(service, self.emulator.endpoint, region=REGION)


@pytest.fixture(scope="module")
def updated(
    synthesized: Callable[[str], Path],
    templates: Callable[[str], dict[str, Template]],
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Iterator[Updated]:
    """The last release in its own state folder, updated to the checkout."""
    today = synthesized("dev").parent
    old = with_templates(today, with_assets_of(templates("dev"), previous("dev")), into=tmp_path_factory.mktemp("release") / "old")
    with own_state("last-release", request) as workspace:
        updated = Updated(workspace, process.start(workspace, region=REGION), today)
        shutil.copytree(today, workspace.assembly, symlinks=True)
        found = stacks(today, environment="dev")
        CdkCli(workspace=workspace, endpoint=updated.emulator.endpoint, region=REGION).bootstrap(regions(found))
        updated.deploy(old)
        updated.before = updated.ids(old)
        yield updated


def test_the_last_release_stands(updated: Updated) -> None:
    names = {f"dev/{stack}/{id_}" for stack, template in previous("dev").items() for id_ in of_data(template)}
    assert updated.before.keys() == names
    assert all(updated.before.values())


def of_data(template: Template) -> list[str]:
    return [id_ for id_, resource in template["Resources"].items() if resource["Type"] in HOLDS_DATA]


def test_update_keeps_stateful_resources(updated: Updated) -> None:
    updated.deploy(updated.today)
    now = updated.ids(updated.today)
    assert {name: (id_, now.get(name)) for name, id_ in updated.before.items() if now.get(name) != id_} == {}
    states = {cloudformation.status(updated.emulator.endpoint, stack) for stack in stacks(updated.today, environment="dev")}
    assert states in ({"UPDATE_COMPLETE"}, {"UPDATE_COMPLETE", "CREATE_COMPLETE"})


def test_failed_update_loses_nothing(updated: Updated, tmp_path: Path) -> None:
    stack, before = updated.stack("data"), updated.ids(updated.today)
    database = next(name for name, resource in stack.resources.items() if resource["Type"] == "AWS::RDS::DBInstance")
    was = contents(updated, stack)

    def break_it(resources: Resources) -> None:
        held = [name for name, resource in resources.items() if resource["Type"] in ("AWS::RDS::DBInstance", "AWS::S3::Bucket")]
        for name in held:
            if name == database:
                resources[name]["Properties"]["BackupRetentionPeriod"] = 9
            elif resources[name]["Type"] == "AWS::S3::Bucket":
                resources[name]["Properties"]["VersioningConfiguration"] = {"Status": "Suspended"}
        # After all stateful resources: CloudFormation resolves the attribute only then.
        resources["Bad"] = {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "no name", "FifoTopic": "perhaps"}, "DependsOn": held}

    with pytest.raises(CliError, match="Bad"):
        updated.deploy(changed_assembly(updated.today, stack, break_it, into=tmp_path / "failing"), stack.id)
    assert cloudformation.status(updated.emulator.endpoint, stack) == "UPDATE_ROLLBACK_COMPLETE"
    assert updated.ids(updated.today) == before
    assert contents(updated, stack) == was
    changed = {name for name, resource in stack.resources.items() if resource["Type"] == "AWS::S3::Bucket"} | {database}
    assert changed <= updated_before(updated, stack, "Bad"), "no resource changed, so none was rolled back"


def updated_before(updated: Updated, stack: SynthesizedStack, failed: str) -> set[str]:
    """Returns the resources that the last operation had updated before one failed."""
    pages = updated.client("cloudformation").get_paginator("describe_stack_events").paginate(StackName=stack.name)
    events = [(event["LogicalResourceId"], event["ResourceStatus"]) for page in pages for event in page["StackEvents"]]  # newest first
    failure = next(number for number, event in enumerate(events) if event[0] == failed and event[1].endswith("_FAILED"))
    began = next(number for number, event in enumerate(events) if number > failure and event == (stack.name, "UPDATE_IN_PROGRESS"))
    return {name for name, status in events[failure:began] if status == "UPDATE_COMPLETE"}


def contents(updated: Updated, stack: SynthesizedStack) -> dict[str, str]:
    """Returns the services' descriptions of a stack's databases and buckets."""
    rds, s3 = updated.client("rds"), updated.client("s3")
    held = {resource.logical_id: resource for resource in cloudformation.resources(updated.emulator.endpoint, stack)}
    told: dict[str, str] = {}
    for name, resource in held.items():
        if resource.type == "AWS::RDS::DBInstance":
            (instance,) = rds.describe_db_instances(DBInstanceIdentifier=resource.identifier)["DBInstances"]
            told[name] = json.dumps(
                {key: instance.get(key) for key in ("BackupRetentionPeriod", "DbiResourceId", "InstanceCreateTime")}, default=str
            )
        if resource.type == "AWS::S3::Bucket":
            told[name] = str(s3.get_bucket_versioning(Bucket=resource.identifier).get("Status"))
    return told


def test_imported_database_is_not_replaced(updated: Updated, tmp_path: Path) -> None:
    stack, before = updated.stack("data"), updated.ids(updated.today)
    database = next(name for name in stack.resources if name.startswith("CatalogueInstance"))

    def rename(resources: Resources) -> None:
        resources[database]["Properties"]["DBInstanceIdentifier"] = "renamed"

    with pytest.raises(CliError):
        updated.deploy(changed_assembly(updated.today, stack, rename, into=tmp_path / "renamed"), stack.id)
    refusals = [
        told for told in cloudformation.failures(updated.emulator.endpoint, stack) if "cannot be updated as it is in use by" in told
    ]
    assert any(database in told for told in refusals)
    now = updated.ids(updated.today)
    assert now[f"dev/data/{database}"] == before[f"dev/data/{database}"]


def test_create_only_property_replaces_vault(updated: Updated, tmp_path: Path) -> None:
    """Seeded fault: without it, unchanged physical ids would prove nothing. No stack imports the
    vault.
    """
    stack, before = updated.stack("data"), updated.ids(updated.today)
    vault = next(name for name, resource in stack.resources.items() if resource["Type"] == "AWS::Backup::BackupVault")

    def rename(resources: Resources) -> None:
        resources[vault]["Properties"]["BackupVaultName"] = "renamed"

    updated.deploy(changed_assembly(updated.today, stack, rename, into=tmp_path / "renamed"), stack.id)
    now = updated.ids(updated.today)
    assert [name for name, id_ in before.items() if now.get(name) != id_] == [f"dev/data/{vault}"]

"""Updates in the embedded AWS: from the last release to the checkout, and the removal of a service
and of a talks_to word. Stateful resources keep their physical ids, also after a failed update.

One deployment serves all tests of this file in order.
"""

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from spotmusic_cdk.settings import Settings
from spotmusic_cdk.settings.words import RESOURCES
from tests.conftest import sample_of
from tests.local.changed_assembly import Resources, with_templates
from tests.local.state import own_state
from tools.changes.resources import HOLDS_DATA
from tools.checkout import synthesize
from tools.local_aws import ACCOUNT, cloudformation, process, session
from tools.local_aws.assembly import SynthesizedStack, regions, stacks
from tools.local_aws.cli import CdkCli, CliError
from tools.local_aws.workspace import RunningEmulator, Workspace
from tools.model.templates import ASSET, HASH, Template, templates_in
from tools.releases import previous

pytestmark = pytest.mark.local

REGION = "sa-east-1"
SERVICE, CALLER, WORD = "playback", "trends", "cache"
CONNECTION = f"{CALLER}.*{WORD}|{WORD}.*{CALLER}"
"""Logical ids of rules and users of the word, in lower case."""
Ids = dict[str, str]


class Updated:
    """Last release as first deployed, and the current state."""

    def __init__(self, workspace: Workspace, emulator: RunningEmulator, today: Path) -> None:
        self.emulator, self.today, self.current = emulator, today, today
        self.before: Ids = {}
        self._cli = CdkCli(workspace=workspace, endpoint=emulator.endpoint, region=REGION)

    def deploy(self, assembly: Path) -> None:
        """Deploy all stacks in CDK's order, as in docs/deployment.md."""
        self._cli.run("deploy", "dev/*", "--require-approval", "never", assembly=assembly)
        self.current = assembly

    def change(self, stack: SynthesizedStack, change: Callable[[Resources], None]) -> str:
        """Update a stack of the current assembly to other resources, by a change set as the CLI
        does. Return its status.
        """
        template = json.loads(stack.template.read_text())
        change(template["Resources"])
        # A template of more than 51,200 bytes must be in a bucket.
        bucket, key = f"cdk-hnb659fds-assets-{ACCOUNT}-{REGION}", "changed.json"
        self.client("s3").put_object(Bucket=bucket, Key=key, Body=json.dumps(template))
        service, named = (
            self.client("cloudformation"),
            {"StackName": stack.name, "ChangeSetName": f"changed-{uuid4().hex}"},
        )
        url = f"{self.emulator.endpoint}/{bucket}/{key}"
        service.create_change_set(**named, TemplateURL=url, Capabilities=["CAPABILITY_NAMED_IAM"])
        service.get_waiter("change_set_create_complete").wait(**named, WaiterConfig={"Delay": 1})
        service.execute_change_set(**named)
        while (status := cloudformation.status(self.emulator.endpoint, stack)).endswith(
            "_IN_PROGRESS"
        ):
            time.sleep(0.1)
        return status

    def stack(self, name: str) -> SynthesizedStack:
        return next(
            stack for stack in stacks(self.current, environment="dev") if stack.id == f"dev/{name}"
        )

    def ids(self) -> Ids:
        """Return the physical id of every stateful resource by stack and logical id."""
        return {
            f"{stack.id}/{resource.logical_id}": resource.identifier
            for stack in stacks(self.current, environment="dev")
            for resource in cloudformation.resources(self.emulator.endpoint, stack)
            if resource.type in HOLDS_DATA
        }

    def client(self, service: str) -> Any:
        return session.client(service, self.emulator.endpoint, region=REGION)


def settings_in(state: str) -> Settings:
    """dev with a service that uses all words and is called by another: running, retired, or deleted
    with a word of the caller.
    """
    document = sample_of("dev").model_dump(exclude_unset=True)
    services: dict[str, Any] = document["services"]
    service, caller = services[SERVICE], services[CALLER]
    service["talks_to"] = (
        *({"catalogue": "read"} if word == "catalogue" else word for word in RESOURCES),
        "web-api",
    )
    others = tuple(word for word in caller["talks_to"] if word != WORD)
    caller["talks_to"] = {
        "running": (*others, WORD, SERVICE),
        "without word": (*others, SERVICE),
    }.get(state, others)
    if state in ("running", "without word"):
        document.setdefault("kubernetes", {}).setdefault("rabbitmq", {})["queues"] = {
            "lyrics": {"consumers": (SERVICE,)}
        }
    if state == "retired":
        service["retired"] = True
        caller["retired_talks_to"] = (WORD, SERVICE)
    if state == "deleted":
        del services[SERVICE]
    return Settings.model_validate(document)


@pytest.fixture(scope="module")
def assemblies(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Assemblies of the checkout by state of the service."""
    made = {
        state: tmp_path_factory.mktemp(state.split()[0])
        for state in ("running", "retired", "deleted", "without word")
    }
    for state, outdir in made.items():
        synthesize(settings_in(state), outdir=outdir, policies=False)
    return made


@pytest.fixture(scope="module")
def updated(
    assemblies: dict[str, Path],
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Iterator[Updated]:
    """Last release in a separate state folder, updated to the checkout."""
    today = assemblies["running"]
    released = _with_assets_of(templates_in(today / "assembly-dev"), previous("dev"))
    old = with_templates(today, released, into=tmp_path_factory.mktemp("release") / "old")
    with own_state("updates", request) as workspace:
        updated = Updated(workspace, process.start(workspace, region=REGION), today)
        found = stacks(today, environment="dev")
        cloudformation.bootstrap(
            updated.emulator.endpoint, regions(found), template=workspace.bootstrap_template
        )
        updated.deploy(old)
        updated.before = updated.ids()
        yield updated


def test_last_release_creates_stateful_resources(updated: Updated) -> None:
    names = {
        f"dev/{stack}/{id_}"
        for stack, template in previous("dev").items()
        for id_ in of_data(template)
    }
    assert updated.before.keys() == names
    assert all(updated.before.values())


def of_data(template: Template) -> list[str]:
    return [
        id_ for id_, resource in template["Resources"].items() if resource["Type"] in HOLDS_DATA
    ]


def test_update_keeps_stateful_resources(updated: Updated) -> None:
    updated.deploy(updated.today)
    now = updated.ids()
    assert {
        name: (id_, now.get(name)) for name, id_ in updated.before.items() if now.get(name) != id_
    } == {}
    states = {
        cloudformation.status(updated.emulator.endpoint, stack)
        for stack in stacks(updated.today, environment="dev")
    }
    assert states in ({"UPDATE_COMPLETE"}, {"UPDATE_COMPLETE", "CREATE_COMPLETE"})


def test_failed_update_loses_nothing(updated: Updated) -> None:
    stack, before = updated.stack("data"), updated.ids()
    database = next(
        name
        for name, resource in stack.resources.items()
        if resource["Type"] == "AWS::RDS::DBInstance"
    )
    was = contents(updated, stack)

    def break_it(resources: Resources) -> None:
        held = [
            name
            for name, resource in resources.items()
            if resource["Type"] in ("AWS::RDS::DBInstance", "AWS::S3::Bucket")
        ]
        for name in held:
            if name == database:
                resources[name]["Properties"]["BackupRetentionPeriod"] = 9
            elif resources[name]["Type"] == "AWS::S3::Bucket":
                resources[name]["Properties"]["VersioningConfiguration"] = {"Status": "Suspended"}
        # After all stateful resources: CloudFormation resolves the attribute only then.
        resources["Bad"] = {
            "Type": "AWS::SNS::Topic",
            "Properties": {"TopicName": "no name", "FifoTopic": "perhaps"},
            "DependsOn": held,
        }

    assert updated.change(stack, break_it) == "UPDATE_ROLLBACK_COMPLETE"
    assert any(
        "Bad" in failure for failure in cloudformation.failures(updated.emulator.endpoint, stack)
    )
    assert updated.ids() == before
    assert contents(updated, stack) == was
    changed = {
        name for name, resource in stack.resources.items() if resource["Type"] == "AWS::S3::Bucket"
    } | {database}
    assert changed <= updated_before(updated, stack, "Bad"), (
        "no resource changed, so none was rolled back"
    )


def updated_before(updated: Updated, stack: SynthesizedStack, failed: str) -> set[str]:
    """Return the resources that the last operation had updated before one failed."""
    pages = (
        updated.client("cloudformation")
        .get_paginator("describe_stack_events")
        .paginate(StackName=stack.name)
    )
    events = [
        (event["LogicalResourceId"], event["ResourceStatus"])
        for page in pages
        for event in page["StackEvents"]
    ]  # newest first
    failure = next(
        number
        for number, event in enumerate(events)
        if event[0] == failed and event[1].endswith("_FAILED")
    )
    began = next(
        number
        for number, event in enumerate(events)
        if number > failure and event == (stack.name, "UPDATE_IN_PROGRESS")
    )
    return {name for name, status in events[failure:began] if status == "UPDATE_COMPLETE"}


def contents(updated: Updated, stack: SynthesizedStack) -> dict[str, str]:
    """Return the descriptions of a stack's databases and buckets from their services."""
    rds, s3 = updated.client("rds"), updated.client("s3")
    held = {
        resource.logical_id: resource
        for resource in cloudformation.resources(updated.emulator.endpoint, stack)
    }
    described: dict[str, str] = {}
    for name, resource in held.items():
        if resource.type == "AWS::RDS::DBInstance":
            (instance,) = rds.describe_db_instances(DBInstanceIdentifier=resource.identifier)[
                "DBInstances"
            ]
            described[name] = json.dumps(
                {
                    key: instance.get(key)
                    for key in ("BackupRetentionPeriod", "DbiResourceId", "InstanceCreateTime")
                },
                default=str,
            )
        if resource.type == "AWS::S3::Bucket":
            described[name] = str(
                s3.get_bucket_versioning(Bucket=resource.identifier).get("Status")
            )
    return described


def test_imported_database_is_not_replaced(updated: Updated) -> None:
    stack, before = updated.stack("data"), updated.ids()
    database = next(name for name in stack.resources if name.startswith("CatalogueInstance"))

    def rename(resources: Resources) -> None:
        resources[database]["Properties"]["DBInstanceIdentifier"] = "renamed"

    assert updated.change(stack, rename) == "UPDATE_ROLLBACK_COMPLETE"
    failures = cloudformation.failures(updated.emulator.endpoint, stack)
    assert any(
        database in failure and "cannot be updated as it is in use by" in failure
        for failure in failures
    )
    now = updated.ids()
    assert now[f"dev/data/{database}"] == before[f"dev/data/{database}"]


class Removal:
    """Environment with its services, and its assemblies with a service and a word of another one
    retired or deleted.
    """

    def __init__(self, updated: Updated, assemblies: dict[str, Path]) -> None:
        self._updated, self._assemblies = updated, assemblies

    def deploy(self, state: str) -> None:
        self._updated.deploy(self._assemblies[state])

    def everything(self) -> dict[str, Ids]:
        """Return the physical id of each resource of a stack that belongs to the service or the
        word's connection.
        """
        found = {
            stack.id.removeprefix("dev/"): stack
            for stack in stacks(self._assemblies["running"], environment="dev")
        }
        return {
            name: self._ids(found[name])
            for name in ("network", "secrets", "registry", "data", "ecs-services", "observability")
        }

    def _ids(self, stack: SynthesizedStack) -> Ids:
        ids = {
            resource.logical_id: resource.identifier
            for resource in cloudformation.resources(self._updated.emulator.endpoint, stack)
        }
        return {
            id_: physical
            for id_, physical in ids.items()
            if SERVICE in id_.lower() or re.search(CONNECTION, id_.lower())
        }


@pytest.fixture(scope="module")
def removal(updated: Updated, assemblies: dict[str, Path]) -> Removal:
    """Environment with the service and the word."""
    removal = Removal(updated, assemblies)
    if updated.current != assemblies["running"]:  # without the tests before
        removal.deploy("running")
    return removal


def test_deleted_entry_is_refused_and_loses_nothing(removal: Removal) -> None:
    before = removal.everything()
    with pytest.raises(
        CliError, match="cannot be deleted as it is in use by spotmusic-dev-ecs-services"
    ):
        removal.deploy("deleted")
    assert removal.everything() == before
    assert all(before.values())


def test_deleted_word_is_refused_and_loses_nothing(removal: Removal) -> None:
    before = removal.everything()
    with pytest.raises(
        CliError,
        match=(
            f"{CALLER}-talks-to-{WORD} cannot be deleted as it is in use by "
            "spotmusic-dev-ecs-services"
        ),
    ):
        removal.deploy("without word")
    assert removal.everything() == before


def test_retired_service_stops_and_keeps_its_rights(removal: Removal) -> None:
    before = removal.everything()
    removal.deploy("retired")
    after = removal.everything()
    assert not any("Service" in id_ for id_ in after["ecs-services"])
    assert not any(SERVICE in id_.lower() for id_ in after["observability"])
    assert {stack for stack, ids in after.items() if ids != before[stack]} == {
        "ecs-services",
        "observability",
    }


def test_deleted_entry_takes_the_rest(removal: Removal) -> None:
    removal.deploy("deleted")
    after = removal.everything()
    assert not any(after[stack] for stack in ("network", "secrets", "registry", "data"))


def test_create_only_property_replaces_vault(updated: Updated) -> None:
    """Seeded fault. Without it, unchanged physical ids would prove nothing. No stack imports the
    vault.
    """
    stack, before = updated.stack("data"), updated.ids()
    vault = next(
        name
        for name, resource in stack.resources.items()
        if resource["Type"] == "AWS::Backup::BackupVault"
    )

    def rename(resources: Resources) -> None:
        resources[vault]["Properties"]["BackupVaultName"] = "renamed"

    assert updated.change(stack, rename) == "UPDATE_COMPLETE"
    now = updated.ids()
    assert [name for name, id_ in before.items() if now.get(name) != id_] == [f"dev/data/{vault}"]


def _with_assets_of(now: dict[str, Template], before: dict[str, Template]) -> dict[str, Template]:
    """Templates of the last release, with assets that an emulator can deploy.

    An asset is that of the same resource today, or of another resource of its type.
    """
    by_type = _by_type(now)
    return {stack: _with_assets(before[stack], now[stack], by_type) for stack in before}


def _by_type(templates: dict[str, Template]) -> dict[str, str]:
    """Hash of an asset by type of resource."""
    found: dict[str, str] = {}
    for template in templates.values():
        for resource in template["Resources"].values():
            for asset in HASH.findall(json.dumps(resource)):
                found.setdefault(resource["Type"], asset)
    return found


def _with_assets(template: Template, now: Template, by_type: dict[str, str]) -> Template:
    resources = {}
    for id_, resource in template["Resources"].items():
        text = json.dumps(resource)
        today = iter(HASH.findall(json.dumps(now["Resources"].get(id_, {}))))
        while ASSET in text:
            text = text.replace(ASSET, next(today, by_type.get(resource["Type"], "0" * 64)), 1)
        resources[id_] = json.loads(text)
    return {**template, "Resources": resources}

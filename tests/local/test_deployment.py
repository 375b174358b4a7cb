"""Deployment with the CDK CLI: deploy, verify, diff, update, roll back, one stack only, destroy.

One deployment serves all tests of this file in order: each begins with the state of the previous
one.
"""

import io
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.local.changed_assembly import Resources, changed_assembly
from tests.local.state import ROOT, own_state
from tools.changes.source import NO_DIFFERENCE
from tools.checkout import settings_of
from tools.documents.contract_words import FORMS
from tools.local_aws import ACCOUNT, cloudformation, process, session
from tools.local_aws.assembly import SynthesizedStack, stacks
from tools.local_aws.cli import CdkCli, CliError
from tools.local_aws.deployment import LocalDeployment
from tools.local_aws.gate import RejectedTemplateError, require_acceptable
from tools.local_aws.progress import Steps
from tools.local_aws.task import environment_of_task
from tools.local_aws.workspace import RunningEmulator, Workspace
from tools.preflight.__main__ import CHECKS
from tools.preflight.finding import Context, State, run

pytestmark = pytest.mark.local

REGION = "sa-east-1"


class Deployed:
    """Deployment, and the output of its commands."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.output = io.StringIO()
        self.deployment = LocalDeployment(
            workspace=workspace, environment="dev", region=REGION, steps=Steps(output=self.output)
        )
        self.table = ""

    @property
    def emulator(self) -> RunningEmulator:
        emulator = process.running(self.workspace)
        assert emulator is not None
        return emulator

    @property
    def cli(self) -> CdkCli:
        return CdkCli(workspace=self.workspace, endpoint=self.emulator.endpoint, region=REGION)

    @property
    def stacks(self) -> list[SynthesizedStack]:
        return stacks(self.workspace.assembly, environment="dev")

    def stack(self, name: str) -> SynthesizedStack:
        return next(stack for stack in self.stacks if stack.id == f"dev/{name}")

    @contextmanager
    def synthesized(self) -> Iterator[None]:
        """Use the assembly of the first `up` as that of the unchanged checkout. p131 proves that
        two syntheses are identical.
        """

        def copy(_cli: CdkCli, *, into: Path, **_options: Any) -> None:
            shutil.rmtree(into, ignore_errors=True)
            shutil.copytree(self.workspace.assembly, into, symlinks=True)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(CdkCli, "synthesize", copy)
            yield

    def deploy_changed(
        self, stack: SynthesizedStack, change: Callable[[Resources], None], into: Path
    ) -> None:
        """Deploy one stack with other resources."""
        assembly = changed_assembly(self.workspace.assembly, stack, change, into=into)
        self.cli.run(
            "deploy", stack.id, "--exclusively", "--require-approval", "never", assembly=assembly
        )

    def client(self, service: str, region: str = REGION) -> Any:
        return session.client(service, self.emulator.endpoint, region=region)


@pytest.fixture(scope="module")
def deployed(request: pytest.FixtureRequest) -> Iterator[Deployed]:
    with own_state("test", request) as workspace:
        yield Deployed(workspace)


def test_interrupted_up_can_be_resumed(deployed: Deployed) -> None:
    code = (
        "import sys; from pathlib import Path; "
        "from tools.local_aws.deployment import LocalDeployment; "
        "from tools.local_aws.workspace import Workspace; "
        f"LocalDeployment(workspace=Workspace(Path({str(ROOT)!r}), name='.local/test'), "
        f"environment='dev', region={REGION!r}).up()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as command:
        assert command.stdout is not None
        printed = []
        for line in command.stdout:
            printed.append(line)
            if "IN_PROGRESS" in line or "CREATE_COMPLETE" in line:
                break
        else:
            pytest.fail(f"It ended with status {command.wait()}:\n{''.join(printed)}")
        os.killpg(command.pid, signal.SIGINT)  # like a terminal: the CLI receives it too
        command.stdout.read()
    assert command.returncode != 0
    assert process.running(deployed.workspace) is not None
    assert _processes(str(deployed.workspace.assembly)) == []


def test_failed_creation_leaves_retained_resources_only(deployed: Deployed, tmp_path: Path) -> None:
    """Same stack as the next test, which deploys it without the error."""
    stack = deployed.stack("data")
    policies = {
        name: resource.get("DeletionPolicy", "Delete") for name, resource in stack.resources.items()
    }

    def break_it(resources: Resources) -> None:
        # After all stateful resources: CloudFormation resolves the attribute only then.
        held = [name for name, policy in policies.items() if policy != "Delete"]
        resources["Bad"] = {
            "Type": "AWS::SNS::Topic",
            "Properties": {"TopicName": "no name", "FifoTopic": "perhaps"},
            "DependsOn": held,
        }

    with pytest.raises(CliError, match="Bad"):
        deployed.cli.deploy(
            stack.id,
            concurrency=8,
            assembly=changed_assembly(
                deployed.workspace.assembly, stack, break_it, into=tmp_path / "failing"
            ),
        )
    endpoint = deployed.emulator.endpoint
    assert cloudformation.status(endpoint, stack) == "ROLLBACK_COMPLETE"
    assert cloudformation.resources(endpoint, stack) == []
    assert {policy for policy in policies.values() if policy != "Delete"} == {
        "Retain",
        "RetainExceptOnCreate",
        "Snapshot",
    }
    kept = {entry["logical_id"]: entry for entry in process.kept(deployed.emulator)}
    assert set(kept) == {name for name, policy in policies.items() if policy == "Retain"}
    buckets = {bucket["Name"] for bucket in deployed.client("s3").list_buckets()["Buckets"]}
    assert {
        entry["identifier"] for entry in kept.values() if entry["type"] == "AWS::S3::Bucket"
    } <= buckets
    assert deployed.client("backup").list_backup_vaults()["BackupVaultList"] == []


def test_up_deploys_and_verifies_all_stacks(deployed: Deployed) -> None:
    with deployed.synthesized():
        deployed.table = deployed.deployment.up()
    resources = sum(len(stack.resources) for stack in deployed.stacks)
    assert re.search(rf"^all +{resources} ", deployed.table, re.MULTILINE)
    assert "Recorded without an engine:" in deployed.table
    assert "Custom::AWSCDK-EKS-HelmChart" in deployed.table
    assert {
        cloudformation.status(deployed.emulator.endpoint, stack) for stack in deployed.stacks
    } <= {"CREATE_COMPLETE", "UPDATE_COMPLETE"}


def test_preflight_reads_the_embedded_aws(deployed: Deployed) -> None:
    context = Context(
        settings=settings_of("dev"), clients=deployed.client, account=ACCOUNT, session_region=REGION
    )
    # The emulator has neither, and reads the descriptions of all AWS services before it reports
    # this.
    asked = {name: ask for name, ask in CHECKS.items() if name not in ("quotas", "GuardDuty")}
    states = {finding.check: finding.state for finding in run(asked, context)}
    read = [
        "account",
        "region",
        f"bootstrap {REGION}",
        "bootstrap us-east-1",
        f"weak references {REGION}",
        "stacks",
        "zone sa-east-1a",
        "log group",
        "cluster",
        "backup vault",
        "parameter",
        "blue/green weights",
        "registry scanning",
        "resource policies of CloudWatch Logs",
    ]
    assert {check: states[check] for check in read} == dict.fromkeys(read, State.OK)


def test_signing_key_is_usable(deployed: Deployed) -> None:
    """The function ran: the private key is in the secret, and in no template."""
    pairs = [
        (stack, name)
        for stack in deployed.stacks
        for name, resource in stack.resources.items()
        if resource["Type"] == "Custom::SigningKeyPair"
    ]
    assert pairs
    secrets = deployed.client("secretsmanager")
    values = [_value(secrets, secret["ARN"]) for secret in secrets.list_secrets()["SecretList"]]
    assert sum("PRIVATE KEY-----" in value for value in values) >= len(pairs)


@pytest.mark.skipif(
    not Path("/proc/net/tcp").exists(), reason="only Linux lists its sockets in a file"
)
def test_task_environment_is_the_contract(deployed: Deployed) -> None:
    variables = environment_of_task("playback", deployed.emulator.endpoint, region=REGION)
    assert {name for name in variables if name not in FORMS} == set()
    assert variables["AUDIO_SIGNING_KEY"].startswith("-----BEGIN")
    assert variables["CATALOGUE_AUTHORITY"].startswith("-----BEGIN CERTIFICATE")
    assert [
        name for name in variables if name.endswith("_PASSWORD") and not variables[name].isalnum()
    ] == []


def test_emulator_listens_on_loopback_only(deployed: Deployed) -> None:
    table = "".join(Path("/proc/net", file).read_text() for file in ("tcp", "tcp6"))
    assert re.findall(rf"(\w+):{deployed.emulator.port:04X} \w+:0000 0A", table) == ["0100007F"]


def test_foreign_key_is_denied(deployed: Deployed) -> None:
    foreign = boto3.Session(
        aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
        aws_secret_access_key="foreign",
        region_name=REGION,
    )
    with pytest.raises(ClientError, match=r"InvalidClientTokenId|403"):
        foreign.client("sts", endpoint_url=deployed.emulator.endpoint).get_caller_identity()


def test_diff_is_empty_after_deployment(deployed: Deployed) -> None:
    with deployed.synthesized():
        deployed.deployment.diff()
    text = deployed.workspace.differences.read_text()
    assert NO_DIFFERENCE in text, text


def test_repeated_deployment_changes_nothing(deployed: Deployed) -> None:
    before = deployed.emulator
    with deployed.synthesized():
        deployed.deployment.up()
    assert deployed.emulator == before
    log = deployed.workspace.cli_log("deploy").read_text()
    assert log.count("(no changes)") == len(deployed.stacks)


def test_update_reaches_service(deployed: Deployed, tmp_path: Path) -> None:
    stack, name = _a_topic(deployed)

    def rename(resources: Resources) -> None:
        resources[name]["Properties"]["DisplayName"] = "Renamed"

    deployed.deploy_changed(stack, rename, tmp_path / "update")
    assert cloudformation.status(deployed.emulator.endpoint, stack) == "UPDATE_COMPLETE"
    assert _display_name(deployed, stack, name) == "Renamed"


def test_failed_update_is_rolled_back(deployed: Deployed, tmp_path: Path) -> None:
    stack, name = _a_topic(deployed)

    def break_it(resources: Resources) -> None:
        resources[name]["Properties"]["DisplayName"] = "Lost"
        # CloudFormation detects this only at this resource, because the value is from another one.
        bad = {
            "TopicName": {"Fn::Join": ["", [{"Ref": name}, " is no name"]]},
            "FifoTopic": "perhaps",
        }
        resources["Bad"] = {"Type": "AWS::SNS::Topic", "Properties": bad}

    with pytest.raises(CliError, match="Bad"):
        deployed.deploy_changed(stack, break_it, tmp_path / "failing")
    assert cloudformation.status(deployed.emulator.endpoint, stack) == "UPDATE_ROLLBACK_COMPLETE"
    assert _display_name(deployed, stack, name) == "Renamed"
    assert any(
        "Bad" in failure for failure in cloudformation.failures(deployed.emulator.endpoint, stack)
    )


def test_gate_rejects_invalid_templates(deployed: Deployed, tmp_path: Path) -> None:
    stack = deployed.stack("network")

    def break_it(resources: Resources) -> None:
        vpc = next(
            resource for resource in resources.values() if resource["Type"] == "AWS::EC2::VPC"
        )
        vpc["Properties"] |= {"CidrBlock": "10.0.0.0/33", "Typo": True}

    assembly = changed_assembly(
        deployed.workspace.assembly, stack, break_it, into=tmp_path / "rejected"
    )
    broken = [
        candidate for candidate in stacks(assembly, environment="dev") if candidate.id == stack.id
    ]
    with pytest.raises(RejectedTemplateError, match=r"dev/network: .*Typo"):
        require_acceptable(broken, checkout=ROOT)


def test_stacks_of_a_pattern_are_deployed_alone(deployed: Deployed) -> None:
    alone = deployed.stack("observability")
    service = deployed.client("cloudformation")
    service.delete_stack(StackName=alone.name)
    service.get_waiter("stack_delete_complete").wait(
        StackName=alone.name, WaiterConfig={"Delay": 1}
    )
    assert cloudformation.status(deployed.emulator.endpoint, alone) == ""
    with deployed.synthesized():
        table = deployed.deployment.up(selection="dev/obs*")
    row = re.search(rf"^{alone.id} +{len(alone.resources)} +\d+ +(\d+) ", table, re.MULTILINE)
    assert row
    verified = f"verified: {len(alone.resources)} resources complete, {row[1]} of them recorded"
    assert verified in deployed.output.getvalue()
    assert "dev/network" not in table


def test_down_leaves_retained_resources_only(deployed: Deployed) -> None:
    emulator = deployed.emulator
    policies = [
        (stack, resource.get("DeletionPolicy", "Delete"))
        for stack in deployed.stacks
        for resource in stack.resources.values()
    ]
    kept = [stack for stack, policy in policies if policy != "Delete"]
    # Log groups of the previously destroyed stack, and of the stack that failed first.
    destroyed = [
        stack
        for stack, policy in policies
        if policy.startswith("Retain") and stack.id == "dev/observability"
    ]
    failed = [stack for stack, policy in policies if policy == "Retain" and stack.id == "dev/data"]
    assert _processes(str(deployed.workspace.temporary)), "no Lambda function ran"
    summary = deployed.deployment.down()
    assert "No other resource of the stacks is left." in summary
    assert summary.count("\n  ") == len(kept) + len(destroyed) + len(failed)
    assert process.running(deployed.workspace) is None
    assert not process.is_ours(emulator, deployed.workspace)
    assert _processes(str(deployed.workspace.folder)) == []
    assert not deployed.workspace.temporary.exists()


def test_down_may_be_repeated(deployed: Deployed) -> None:
    said = deployed.output.tell()
    assert deployed.deployment.down() == "Nothing ran."
    assert "stopped" not in deployed.output.getvalue()[said:]


def _a_topic(deployed: Deployed) -> tuple[SynthesizedStack, str]:
    return next(
        (stack, name)
        for stack in deployed.stacks
        if stack.id == "dev/observability"
        for name, resource in stack.resources.items()
        if resource["Type"] == "AWS::SNS::Topic"
    )


def _display_name(deployed: Deployed, stack: SynthesizedStack, name: str) -> str:
    topic = next(
        resource
        for resource in cloudformation.resources(deployed.emulator.endpoint, stack)
        if resource.logical_id == name
    )
    return str(
        deployed.client("sns", stack.region).get_topic_attributes(TopicArn=topic.identifier)[
            "Attributes"
        ]["DisplayName"]
    )


def _value(secrets: Any, arn: str) -> str:
    return str(secrets.get_secret_value(SecretId=arn).get("SecretString", ""))


def _processes(text: str) -> list[str]:
    """Command lines that contain a text."""
    return [found.command for found in process._processes() if text in found.command]

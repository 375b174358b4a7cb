"""Environments with a domain: existing hosted zone, and stacks with termination protection."""

from pathlib import Path
from typing import Any

import pytest
from ministack.services import route53

from tests.local.stacks import stack_of
from tools.local_aws import cloudformation, corrections, deployment, process
from tools.local_aws.assembly import environment_of
from tools.local_aws.deployment import LocalDeployment, OtherEnvironmentError
from tools.local_aws.public_zones import EXISTING, public_zones
from tools.local_aws.workspace import RunningEmulator, Workspace

ZONE = "Z0123456789EXAMPLE"


def record(zone: Any, name: str) -> dict[str, Any]:
    return {
        "Type": "AWS::Route53::RecordSet",
        "Properties": {"HostedZoneId": zone, "Name": name, "Type": "A"},
    }


def test_public_zones_come_from_literal_ids() -> None:
    certificate = {
        "Type": "AWS::CertificateManager::Certificate",
        "Properties": {
            "DomainValidationOptions": [{"DomainName": "*.music.example", "HostedZoneId": ZONE}]
        },
    }
    made = record({"Ref": "Zone"}, "inside.example.")
    found = public_zones([stack_of(A=record(ZONE, "www.music.example."), B=certificate, C=made)])
    assert found == {ZONE: "music.example"}


def test_emulator_gives_existing_zone_its_id(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(route53, "_create_hosted_zone", route53._create_hosted_zone)
    corrections._give_existing_zones_their_id()
    reference = f"<CallerReference>{EXISTING}{ZONE}</CallerReference>"
    body = f"<Request><Name>music.example</Name>{reference}</Request>"
    for _again in range(2):
        assert route53._create_hosted_zone(body.encode(), {})[0] == 201
    assert {zone["id"]: zone["name"] for zone in route53._zones.values()} == {
        ZONE: "music.example."
    }
    assert route53._get_hosted_zone(ZONE)[0] == 200
    route53.reset()


def deployed(checkout: Path, environment: str) -> Workspace:
    workspace = Workspace(checkout)
    (workspace.assembly / f"assembly-{environment}").mkdir(parents=True)
    (workspace.assembly / f"assembly-{environment}" / "manifest.json").write_text(
        '{"artifacts": {}}'
    )
    return workspace


def test_assembly_names_its_environment(tmp_path: Path) -> None:
    assert environment_of(tmp_path / "cdk.out") is None
    assert environment_of(deployed(tmp_path, "prod").assembly) == "prod"


@pytest.mark.parametrize("command", ["up", "down", "status", "diff"])
def test_commands_refuse_another_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    workspace = deployed(tmp_path, "dev")
    emulator = RunningEmulator(pid=1, port=1, started="")
    monkeypatch.setattr(process, "running", lambda _workspace: emulator)
    monkeypatch.setattr(
        process, "stop", lambda _workspace: pytest.fail("It has the stacks of dev.")
    )
    monkeypatch.setattr(deployment, "stacks", lambda _assembly, environment: [stack_of()])
    monkeypatch.setattr(cloudformation, "status", lambda _endpoint, _stack: "CREATE_COMPLETE")
    with pytest.raises(OtherEnvironmentError, match="dev is deployed"):
        getattr(
            LocalDeployment(workspace=workspace, environment="prod", region="sa-east-1"), command
        )()
    assert workspace.assembly.exists()
    text = LocalDeployment(workspace=workspace, environment="dev", region="sa-east-1").status()
    assert "CREATE_COMPLETE" in text
